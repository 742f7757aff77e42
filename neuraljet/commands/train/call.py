"""`neuraljet.train`: from pictures and options to what the training takes."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bnn.errors import UserError
from neuraljet.commands.train.options import LOGS, MOST_EPOCHS, MOST_SEED, MOST_STEPS, MOST_THREADS, TEACHERS

if TYPE_CHECKING:
    from bnn.camera import Camera
    from bnn.training.metrics import Metrics


def train(
    data: str | Path,
    out: str | Path,
    *,
    network: str | Path | None = None,
    layer: str | None = None,
    kernel: int | None = None,
    size: tuple[int, int] | None = None,
    color: str | None = None,
    epochs: int | None = None,
    seed: int = 0,
    resume: bool = False,
    progress: bool = False,
    steps: int | None = None,
    effort: str = "default",
    balance: bool = False,
    augment: str | None = None,
    folds: int | None = None,
    starts: int | None = None,
    teacher: str | Path = "none",
    init: str | Path | None = None,
    optimizer: str = "adam",
    learning_rate: float | None = None,
    adversarial: int = 0,
    sites: int | None = None,
    fps: float | None = None,
    ramb18: int | None = None,
    device: str = "cpu",
    threads: int | None = None,
    log: str | None = None,
    labels: str | Path | None = None,
    group_by: str | None = None,
    map: bool = False,
    window: int | None = None,
    camera: "Camera | None" = None,
) -> "Metrics":
    """Train on `data` (a folder of class folders, IDX files, or the name of a known set) into the folder `out`.

    What is None comes from the set's card in datasets/, else: a network chosen for the pictures, the classes and the
    budget, 3,600 steps of 64 pictures, the pictures' size and colour. `steps` or `epochs`, passes over the pictures,
    say how long it trains, and effort="high" three times as many steps; `balance` makes each class count the same,
    however many pictures it has.

    augment: "none", names with commas between, or "auto", which tries them on held-out pictures and is the default
    without a card. folds: from 2 on, cross-validate, and train on all pictures; the default is 5 for sets of fewer than
    500 training pictures, else 1. starts: begin from so many seeds and go on with the best.

    teacher: "float" or "hog", which learn on the spot, or the folder of a finished run; its scores are learned beside
    the labels. init: the folder of a finished run, whose first layers the network begins with.
    optimizer: adam, sgd, momentum, adagrad, rmsprop, adadelta, amsgrad, nadam, adamw or bop; learning_rate: at the
    first step, None for that of the optimizer. adversarial: grey levels of one noise on all pictures, which learns to
    mislead the network while it learns.

    labels: a CSV file with a row per picture, path and class, and perhaps group and split; folders mean nothing then.
    group_by: a column of it, or a regular expression that is searched in each path: pictures of one part, lot or day
    stay on one side of the test, of what is held out, and of the folds.

    map: train a network that runs over whole pictures, too (bnn.integer.maps): its convolutions do not pad, whatever
    the network's file says. window: cut windows of this side from the pictures, which are tiles (bnn.data.crops).
    camera: the pictures are whole frames of this camera (bnn.data.Camera), and the network sees its region of them,
    binned, as the circuit in front of the accelerator will; `size` and `color` follow from it.

    The budget is what the accelerator may take: `sites`, LUT sites (1,800); `ramb18`, block RAMs (4 at a pixel per
    clock, 16 at a rate); and the frames per second that it keeps, `fps` (None: a pixel per clock). `build` takes that
    rate from the run. With one of them the card's network does not count.

    device: cpu, cuda, mps, or auto for the first of cuda, mps and cpu that is there. threads: of torch; None leaves
    their number. log: "tensorboard" writes curves beside log.jsonl. Under torchrun the processes train together, and
    each returns the metrics.

    Returns the metrics, whose notes say what reading the pictures left out and decided; with `progress` they are
    printed before training begins. UserError for everything that is wrong with the input.
    """
    from bnn.data import load, source_of
    from bnn.data.check import checked
    from bnn.data.crops import cropped
    from bnn.model.options import require_whole
    from bnn.training.config import TrainConfig
    from bnn.training.plan.ask import augmentation, fold_count, length
    from bnn.training.schedule import Schedule
    from bnn.training.train import train as train_network
    from bnn.training.worker import device_of, joined, leads
    from neuraljet.network import for_maps, network_for

    require_whole("seed", seed, 0, MOST_SEED)
    for name, value, most in (
        ("epochs", epochs, MOST_EPOCHS),
        ("steps", steps, MOST_STEPS),
        ("threads", threads, MOST_THREADS),
    ):
        if value is not None:
            require_whole(name, value, 1, most)
    if log not in (None, *LOGS):
        raise UserError(f"log {log!r} is unknown; allowed: {', '.join(LOGS)}, or none (log.jsonl is always written)")
    device_of(device)  # before minutes are spent
    progress = progress and leads()
    if window is not None and camera is not None:
        raise UserError(f"--window {window} cuts pictures at places that no circuit knows; leave it or --camera out")
    pictures = checked(load(data, size=size, color=color, labels=labels, group_by=group_by, camera=camera))
    source = replace(source_of(data, pictures, labels, group_by), window=window, camera=camera)
    if window is not None:
        pictures = cropped(pictures, window)
    if progress:
        for note in pictures.notes:
            print(f"note: {note}", file=sys.stderr, flush=True)
    asked = length(steps, epochs, effort, pictures)
    spec, hardware = network_for(
        pictures, Path(out), resume, network=network, layer=layer, kernel=kernel, sites=sites, fps=fps,
        ramb18=ramb18, progress=progress,
    )  # fmt: skip
    if map:
        spec = for_maps(spec, pictures)
    config = TrainConfig(
        epochs=epochs,
        seed=seed,
        augment=augmentation(augment, pictures),
        steps=asked,
        balance=balance,
        starts=starts or 1,
        teacher=str(teacher) if str(teacher) in TEACHERS else lasting(teacher),
        init=None if init is None else lasting(init),
        optimizer=optimizer,
        learning_rate=learning_rate,
        adversarial=adversarial,
    )
    whole = Schedule.of(config, len(pictures.train_labels)).steps
    config = replace(config, folds=fold_count(folds, pictures, whole))
    with joined(device, threads) as worker:
        return train_network(
            pictures,
            spec,
            Path(out),
            config,
            source=source,
            resume=resume,
            progress=progress,
            worker=worker,
            tensorboard=log == "tensorboard",
            hardware=hardware,
        )


def lasting(path: str | Path) -> str:
    """Return the path of a file or folder from any folder."""
    return str(Path(path).resolve())
