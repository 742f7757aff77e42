"""neuraljet train: pictures in, run folder out."""

import argparse
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bnn.errors import UserError
from neuraljet.commands.numbers import positive

if TYPE_CHECKING:
    from bnn.training.metrics import Metrics

MOST_SEED, MOST_EPOCHS, MOST_STEPS = 2**31 - 1, 10**6, 10**9
TEACHERS = ("none", "float", "hog")  # what names no run: bnn.training.teachers, without loading torch
LAYERS = ("bottleneck", "separable", "jets", "constrained", "binary")  # bnn.model.forms.FORMS, without loading torch
NAME = "train"
HELP = "Train a binarized network on labelled pictures"
EXAMPLE = "neuraljet train pictures/ --out run --size 64x64"


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
    balance: bool = False,
    augment: str | None = None,
    folds: int | None = None,
    starts: int | None = None,
    teacher: str | Path = "none",
    init: str | Path | None = None,
    sites: int | None = None,
    fps: float | None = None,
    ramb18: int | None = None,
) -> "Metrics":
    """Train on `data` (a folder of class folders, IDX files, or the name of a known set) into the folder `out`.

    What is None comes from the set's card in datasets/, else: a network chosen for the pictures, the classes and the
    budget, 3,600 steps of 64 pictures, the pictures' size and colour. `steps` or `epochs`, passes over the pictures,
    say how long it trains; `balance` makes each class count the same, however many pictures it has.

    augment: "none", names with commas between, or "auto", which tries them on held-out pictures and is the default
    without a card. folds: from 2 on, cross-validate, and train on all pictures; the default is 5 for sets of fewer than
    500 training pictures, else 1. starts: begin from so many seeds and go on with the best.

    teacher: "float" or "hog", which learn on the spot, or the folder of a finished run; its scores are learned beside
    the labels. init: the folder of a finished run, whose first layers the network begins with.

    The budget is what the accelerator may take: `sites`, LUT sites (1,800); `ramb18`, block RAMs (4 at a pixel per
    clock, 16 at a rate); and the frames per second that it keeps, `fps` (None: a pixel per clock). `build` takes that
    rate from the run. With one of them the card's network does not count.

    Returns the metrics, whose notes say what reading the pictures left out and decided; with `progress` they are
    printed before training begins. UserError for everything that is wrong with the input.
    """
    from bnn.data import DataSource, lasting_name, load
    from bnn.training.config import TrainConfig
    from bnn.training.plan.ask import augmentation, fold_count
    from bnn.training.schedule import Schedule
    from bnn.training.train import train as train_network
    from neuraljet.network import network_for

    if type(seed) is not int or not 0 <= seed <= MOST_SEED:
        raise UserError(f"seed {seed!r} is not a whole number from 0 to {MOST_SEED}")
    if epochs is not None and (type(epochs) is not int or not 1 <= epochs <= MOST_EPOCHS):
        raise UserError(f"epochs {epochs!r} is not a whole number from 1 to {MOST_EPOCHS}")
    if steps is not None and (type(steps) is not int or not 1 <= steps <= MOST_STEPS):
        raise UserError(f"steps {steps!r} is not a whole number from 1 to {MOST_STEPS}")
    if steps is not None and epochs is not None:
        raise UserError(f"--steps {steps} and --epochs {epochs} both say how long to train; give one of them")
    pictures = load(data, size=size, color=color)
    if progress:
        for note in pictures.notes:
            print(f"note: {note}", file=sys.stderr, flush=True)
    card = pictures.card
    spec, hardware = network_for(
        pictures, Path(out) if resume else None, network=network, layer=layer, kernel=kernel, sites=sites, fps=fps,
        ramb18=ramb18, progress=progress,
    )  # fmt: skip
    config = TrainConfig(
        epochs=card.epochs if card and epochs is None and steps is None else epochs,
        seed=seed,
        augment=augmentation(augment, pictures),
        steps=steps,
        balance=balance,
        starts=starts or 1,
        teacher=str(teacher) if str(teacher) in TEACHERS else lasting(teacher),
        init=None if init is None else lasting(init),
    )
    length = Schedule.of(config, len(pictures.train_labels)).steps
    config = replace(config, folds=fold_count(folds, pictures, length))
    height, width, channels = pictures.train_images.shape[1:]
    source = DataSource(lasting_name(data), (height, width), "gray" if channels == 1 else "rgb", seed=0)
    return train_network(
        pictures, spec, Path(out), config, source=source, resume=resume, progress=progress, hardware=hardware
    )


def parse_size(text: str) -> tuple[int, int]:
    """Read HxW as (height, width)."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if not match:
        raise UserError(f"size '{text}' is not HEIGHTxWIDTH, such as 64x64")
    return int(match[1]), int(match[2])


def lasting(run: str | Path) -> str:
    """Return the path of a run's folder from any folder."""
    return str(Path(run).resolve())


def whole(text: str) -> int:
    """Read a whole number of at least 1."""
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add --trust, for the commands that run what is in an accelerator folder."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="run RTL and C++ that build would not write of the network; they can run any program",
    )


def seed_number(text: str) -> int:
    """Read a whole number that random generators take."""
    if not re.fullmatch(r"\d{1,10}", text) or int(text) > MOST_SEED:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {MOST_SEED}")
    return int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="folder of class folders or IDX files, or a set: biscuits, ...")
    parser.add_argument("--out", required=True, metavar="RUN", help="folder to make")
    parser.add_argument(
        "--network", metavar="small|medium|large|FILE", help="a named size or a TOML file, not a chosen one"
    )
    parser.add_argument("--layer", choices=LAYERS, help="form of the layers")
    parser.add_argument("--kernel", type=int, choices=(3, 5), help="kernel size of every layer")
    parser.add_argument("--size", metavar="HxW", help="scale the pictures to this size")
    parser.add_argument("--color", choices=("gray", "rgb"))
    parser.add_argument("--epochs", type=whole, metavar="N", help="passes over the pictures, instead of --steps")
    parser.add_argument("--seed", type=seed_number, default=0, metavar="N", help=f"from 0 to {MOST_SEED}")
    parser.add_argument("--resume", action="store_true", help="continue the training in RUN that was interrupted")
    parser.add_argument("--steps", type=whole, metavar="N", help="how long to train: steps of 64 pictures (3,600)")
    parser.add_argument("--balance", action="store_true", help="each class counts the same, however few its pictures")
    parser.add_argument("--augment", metavar="auto|none|NAMES", help="how pictures are varied: flip_x,shift,light,...")
    parser.add_argument("--folds", type=whole, metavar="N", help="cross-validate in N parts (5 below 500 pictures)")
    parser.add_argument("--starts", type=whole, metavar="N", help="begin from N seeds and go on with the best (1)")
    parser.add_argument(
        "--teacher", default="none", metavar="|".join((*TEACHERS, "RUN")), help="learn its scores beside the labels too"
    )
    parser.add_argument("--init", metavar="RUN", help="begin with the first layers of another run")
    add_budget(parser)


def add_budget(parser: argparse.ArgumentParser) -> None:
    """Add the options that a network is chosen by."""
    parser.add_argument("--sites", type=whole, metavar="N", help="LUT sites that the accelerator may take (1,800)")
    parser.add_argument("--fps", type=positive, metavar="N", help="frames per second to reach (a pixel per clock)")
    parser.add_argument(
        "--ramb18", type=int, metavar="N", help="block RAMs that it may take (4 at a pixel per clock, 16 at a rate)"
    )


def main(options: argparse.Namespace) -> "tuple[bool, Metrics]":
    try:
        metrics = train(
            options.data,
            options.out,
            network=options.network,
            layer=options.layer,
            kernel=options.kernel,
            size=parse_size(options.size) if options.size else None,
            color=options.color,
            epochs=options.epochs,
            seed=options.seed,
            resume=options.resume,
            progress=True,
            steps=options.steps,
            balance=options.balance,
            augment=options.augment,
            folds=options.folds,
            starts=options.starts,
            teacher=options.teacher,
            init=options.init,
            sites=options.sites,
            fps=options.fps,
            ramb18=options.ramb18,
        )
    except KeyboardInterrupt:
        if (Path(options.out) / "checkpoint.safetensors").exists():
            print(f"interrupted; the same command with --resume continues {options.out} after its last whole round")
        raise
    print(summary(metrics))
    print(f"run folder: {options.out}   next: neuraljet build {options.out} --out accelerator")
    return metrics.links.torch == 0 and metrics.links.qonnx == 0, metrics


def summary(metrics: "Metrics") -> str:
    """Return accuracy, confusion matrix, and what was compared, for people."""
    width = max(len(name) for name in metrics.classes)
    lines = [
        f"test accuracy {metrics.test_accuracy:.2%} on {metrics.test_frames} pictures, in {metrics.seconds:.0f} s",
        f"{'':{width}}  " + " ".join(f"{name[:9]:>9}" for name in metrics.classes) + "   precision  recall",
    ]
    for name, row in zip(metrics.classes, metrics.confusion, strict=True):
        scores = metrics.per_class[name]
        shown = ["    -" if score is None else f"{score:.3f}" for score in (scores.precision, scores.recall)]
        lines.append(f"{name:{width}}  " + " ".join(f"{n:9d}" for n in row) + f"       {shown[0]}   {shown[1]}")
    if metrics.plan and metrics.plan.estimate:
        lines.append(metrics.plan.estimate.line())
    lines += [f"note: {note}" for note in metrics.notes]
    links = metrics.links
    lines.append(
        f"frozen network on {links.frames} pictures: torch {links.torch} mismatches, "
        f"QONNX {links.qonnx} mismatches; against the float network {metrics.float_disagreements} other classes"
    )
    return "\n".join(lines)
