"""Training: a data set and a network description in, a run folder out (bnn.training.runs)."""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor
from tqdm import tqdm

from bnn.data import Dataset, DataSource
from bnn.drift.heldout import HeldOut, brightness_of
from bnn.integer.freeze import FrozenNetwork, freeze
from bnn.model.budget import Hardware
from bnn.model.network import Network
from bnn.model.spec import NetworkSpec
from bnn.qonnx.write import write_qonnx
from bnn.storage.files import lock, write_file
from bnn.storage.records import entries, sha256
from bnn.storage.work import work_folder
from bnn.training.check import check_links
from bnn.training.config import TrainConfig
from bnn.training.evaluation import predict, scores_of
from bnn.training.label_mistakes import Doubt, as_csv, doubts
from bnn.training.log import Log, RowFile, TensorBoard, require_tensorboard
from bnn.training.metrics import LinkCounts, Metrics, confusion_of, notes_of, scores_per_class
from bnn.training.plan.judge import calibrated_shares
from bnn.training.plan.make import make_plan, needs_plan, planned
from bnn.training.plan_record import Plan
from bnn.training.resume import restore
from bnn.training.rounds import run_rounds
from bnn.training.runs import (
    CHECKPOINT,
    CURVES,
    HELD_OUT,
    LOG,
    METRICS,
    MISTAKES,
    MODEL,
    WEIGHTS,
    PictureSet,
    Request,
    claim,
    finish,
    finished,
    keep_plan,
    kept_plan,
    put,
    require_free,
)  # fmt: skip
from bnn.training.sides import frames
from bnn.training.teachers import TEACHERS
from bnn.training.together import follow, tell_beginning, tell_end
from bnn.training.trainer import Trainer, copy_state
from bnn.training.worker import Worker


def train(
    data: Dataset,
    spec: NetworkSpec,
    out: Path,
    config: TrainConfig,
    *,
    source: DataSource | None = None,
    resume: bool = False,
    progress: bool = True,
    hardware: Hardware | None = None,
    worker: Worker | None = None,
    tensorboard: bool = False,
    begun: Network | None = None,
    check: Callable[[], object] = lambda: None,
) -> Metrics:
    """Train `spec` on `data` into the run folder `out` and return its metrics.

    `source` says how to load the data again (kept in the model for `verify`), `hardware` what the network was chosen
    for (kept in run.json). worker: this process, when it is not one that trains alone on the CPU (bnn.training.worker).
    begun: a network of the same layers whose weights it begins with, for a process that trains alone, with nothing to
    be settled before. check: called now and then; an error of its ends the training, which can be resumed.
    UserError when `out` holds something else, or holds a run and `resume` is not set, or is being trained by another
    process; ToolError when the training diverges, which leaves the last good checkpoint.
    """
    if tensorboard:
        require_tensorboard()
    worker, source = worker or Worker(), source or DataSource(data.name)
    trainer = Trainer(data, spec, config, worker)  # refuses a network that does not fit before there is a folder
    digest = _begin_as(begun, trainer) if begun is not None else None
    if not worker.leads:
        return follow(data, spec, config, worker, trainer)
    with lock(out):
        claim(out, Request(source, spec, config, PictureSet.of(data), hardware, digest), resume)
        if resume and (out / METRICS).exists():
            metrics = finished(out)
            tell_beginning(worker, metrics, None, None)
        else:
            started = time.monotonic()
            plan = _settle(data, spec, config, out, progress, worker, check) if needs_plan(config) else None
            if plan:
                trainer = Trainer(*planned(data, spec, config, plan), worker)
            reached = out / CHECKPOINT if (out / CHECKPOINT).exists() else None
            if reached:
                restore(trainer, reached)
            if trainer.round < trainer.schedule.rounds:
                require_free(out, (WEIGHTS, MODEL, HELD_OUT))
            tell_beginning(worker, None, plan, reached)
            if progress:
                _tell_of_beginning(trainer)
            trainer.objective.begin()
            with _logs(trainer, out, tensorboard) as logs:
                run_rounds(trainer, out / CHECKPOINT, logs, progress, check)
            metrics = _finish(trainer, out, source, started, config.seed, plan)
            tell_end(worker, metrics)
        (out / CHECKPOINT).unlink(missing_ok=True)
    return metrics


def _begin_as(begun: Network, trainer: Trainer) -> str:
    """Give the weights of a network to a training; return their digest."""
    assert trainer.worker.processes == 1 and not needs_plan(trainer.config)
    trainer.network.load_state_dict(begun.state_dict())
    return hashlib.sha256(save(_state(begun))).hexdigest()


def _state(network: Network) -> dict[str, Tensor]:
    return copy_state({name: value.contiguous() for name, value in network.state_dict().items()})


@contextmanager
def _logs(trainer: Trainer, out: Path, tensorboard: bool) -> Iterator[list[Log]]:
    """Yield what the rounds of the training are written to; it goes on behind those that are done."""
    logs: list[Log] = [RowFile(out / LOG, trainer.round)]
    if tensorboard:
        logs.append(TensorBoard(out / CURVES, trainer.schedule.first_step(trainer.round)))
    try:
        yield logs
    finally:
        for log in logs:
            log.close()


def _settle(
    data: Dataset, spec: NetworkSpec, config: TrainConfig, out: Path, progress: bool, worker: Worker,
    check: Callable[[], object],
) -> Plan:  # fmt: skip
    """Return the plan of the run, made now or kept from before; print it with `progress`."""
    plan = kept_plan(out)
    if plan is None:
        with tqdm(disable=not progress, mininterval=0.5, bar_format="trying: {n_fmt} steps {elapsed}") as bar:

            def tick(steps: int) -> None:
                bar.update(steps)
                check()

            plan, begun = make_plan(data, spec, config, tick, worker.alone(), lambda found: _keep(out, found))
        if begun:
            write_file(out / CHECKPOINT, begun)
        keep_plan(out, plan)
    if progress:
        for line in plan.lines():
            print(line, file=sys.stderr, flush=True)
    return plan


def _tell_of_beginning(trainer: Trainer) -> None:
    """Say what a training begins with, before it takes its time."""
    config = trainer.config
    if trainer.round == 0 and config.init and trainer.begun_with:
        print(trainer.begun_with.words(config.init), file=sys.stderr, flush=True)
    if trainer.round == 0 and config.teacher in TEACHERS:
        print(f"the teacher learns first ({config.teacher})", file=sys.stderr, flush=True)


def _keep(out: Path, found: list[Doubt]) -> None:
    """Write the labels that networks doubt into the run folder."""
    put(out / MISTAKES, as_csv(found))


def _doubted(trainer: Trainer, network: Network) -> list[Doubt]:
    """Return the held-out pictures that the trained network takes for another class."""
    sides, classes = trainer.sides, trainer.data.classes
    scores, labels = scores_of(network, sides.held_images.cpu()), sides.held_labels.cpu()
    shares = calibrated_shares(scores, labels, torch.ones(len(classes)))
    return doubts(sides.held_names, labels.numpy(), shares, classes, f"the {len(labels)} held-out pictures")


def _finish(trainer: Trainer, out: Path, source: DataSource, started: float, seed: int, plan: Plan | None) -> Metrics:
    """Write weights, frozen network and metrics of a trained network into its run folder."""
    judged, network, data = trainer.evaluate(), trainer.finish(), trainer.data
    images = frames(data.test_images)
    frozen = freeze(network, data.classes, {"neuraljet.data": json.dumps(entries(source))})
    put(out / WEIGHTS, save(_state(network)))
    with work_folder() as temporary:
        write_qonnx(frozen, temporary / MODEL)
        put(out / MODEL, (temporary / MODEL).read_bytes())
    links = check_links(frozen, FrozenNetwork(frozen), out / MODEL, images.numpy())
    predicted, floating = links.classes, predict(network, images).numpy()
    held_out = HeldOut.of(
        sha256(out / MODEL), data.classes, data.test_images[0].size, brightness_of(data.test_images), links.scores
    )
    put(out / HELD_OUT, held_out.to_json().encode())
    if trainer.sides.held_names and not (out / MISTAKES).exists():
        _keep(out, _doubted(trainer, network))
    confusion = confusion_of(data.test_labels, predicted, len(data.classes))
    steps, seen = trainer.schedule.steps, trainer.schedule.seen(trainer.schedule.steps)
    metrics = Metrics(
        test_accuracy=float((predicted == data.test_labels).mean()),
        test_frames=len(predicted),
        validation_accuracy=plan.estimate.accuracy if plan and plan.estimate else judged.accuracy,
        float_disagreements=int((predicted != floating).sum()),
        links=LinkCounts(links.frames, links.torch_mismatches, links.qonnx_mismatches),
        classes=data.classes,
        confusion=tuple(map(tuple, confusion.tolist())),
        per_class=scores_per_class(confusion, data.classes),
        epochs=seen / trainer.schedule.pictures,
        seed=seed,
        network=trainer.spec.name,
        notes=notes_of(data, predicted, plan),
        seconds=time.monotonic() - started,
        steps=steps,
        pictures=seen,
        machines=trainer.machines,
        plan=plan,
    )
    finish(out, metrics)
    return metrics
