"""Training: a data set and a network description in, a run folder out (bnn.training.runs)."""

import json
import math
import sys
import time
from pathlib import Path

from safetensors.torch import save
from tqdm import tqdm

from bnn.data import Dataset, DataSource
from bnn.integer.freeze import FrozenNetwork, freeze
from bnn.model.budget import Hardware
from bnn.model.spec import NetworkSpec
from bnn.qonnx.write import write_qonnx
from bnn.storage.files import lock, write_file
from bnn.storage.records import entries
from bnn.storage.work import work_folder
from bnn.training.check import check_links
from bnn.training.config import TrainConfig
from bnn.training.evaluation import predict
from bnn.training.memory import keep_freed_memory
from bnn.training.metrics import LinkCounts, Metrics, confusion_of, notes_of, scores_per_class
from bnn.training.plan.make import make_plan, needs_plan, planned
from bnn.training.plan_record import Plan
from bnn.training.resume import checkpoint, restore
from bnn.training.runs import (
    CHECKPOINT,
    METRICS,
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
from bnn.training.trainer import Trainer, copy_state

SHOWN_S = 0.5  # between two updates of the progress bar


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
) -> Metrics:
    """Train `spec` on `data` into the run folder `out` and return its metrics.

    `source` says how to load the data again (kept in the model for `verify`), `hardware` what the network was chosen
    for (kept in run.json). UserError when `out` holds something
    else, or holds a run and `resume` is not set, or is being trained by another process; ToolError when the training
    diverges, which leaves the last good checkpoint.
    """
    keep_freed_memory()
    source = source or DataSource(data.name)
    trainer = Trainer(data, spec, config)  # refuses a network that does not fit before there is a folder
    with lock(out):
        claim(out, Request(source, spec, config, PictureSet.of(data), hardware), resume)
        if resume and (out / METRICS).exists():
            metrics = finished(out)
        else:
            started = time.monotonic()
            plan = _settle(data, spec, config, out, progress) if needs_plan(config) else None
            if plan:
                trainer = Trainer(*planned(data, spec, config, plan))
            if (out / CHECKPOINT).exists():
                restore(trainer, out / CHECKPOINT)
            if trainer.round < trainer.schedule.rounds:
                require_free(out, (WEIGHTS, MODEL))
            if progress:
                _tell_of_beginning(trainer)
            trainer.objective.begin()
            _run_rounds(trainer, out / CHECKPOINT, progress)
            metrics = _finish(trainer, out, source, started, config.seed, plan)
        (out / CHECKPOINT).unlink(missing_ok=True)
    return metrics


def _settle(data: Dataset, spec: NetworkSpec, config: TrainConfig, out: Path, progress: bool) -> Plan:
    """Return the plan of the run, made now or kept from before; print it with `progress`."""
    plan = kept_plan(out)
    if plan is None:
        with tqdm(disable=not progress, mininterval=0.5, bar_format="trying: {n_fmt} steps {elapsed}") as bar:
            plan, begun = make_plan(data, spec, config, bar.update)
        if begun:
            write_file(out / CHECKPOINT, begun)
        keep_plan(out, plan)
    if progress:
        for line in plan.lines():
            print(line, file=sys.stderr, flush=True)
    return plan


def _tell_of_beginning(trainer: Trainer) -> None:
    """Say what a training begins with, before it takes its time."""
    config, blocks = trainer.config, len(trainer.network.blocks)
    if trainer.round == 0 and config.init:
        print(f"blocks 1 to {trainer.begun_with} of {blocks} begin as in {config.init}", file=sys.stderr, flush=True)
    if trainer.round == 0 and config.teacher in TEACHERS:
        print(f"the teacher learns first ({config.teacher})", file=sys.stderr, flush=True)


def _run_rounds(trainer: Trainer, path: Path, progress: bool) -> None:
    """Train the rounds that are left; after each of them the checkpoint `path` holds what was reached."""
    schedule, started, shown = trainer.schedule, time.monotonic(), 0.0
    begun = schedule.first_step(trainer.round)
    with tqdm(
        total=schedule.steps,
        initial=begun,
        disable=not progress,
        mininterval=SHOWN_S,
        bar_format="step {n_fmt}/{total_fmt} |{bar:24}| {elapsed}<{remaining}{postfix}",
    ) as bar:
        while trainer.round < schedule.rounds:
            for tally in trainer.run_round():
                bar.update()
                now = time.monotonic()
                if progress and now > shown + SHOWN_S:
                    rate, shown = (schedule.seen(bar.n) - schedule.seen(begun)) / (now - started), now
                    judged = trainer.best < math.inf and trainer.sides.held_out
                    held = f" held out {trainer.best_accuracy:.1%}" if judged else ""
                    bar.set_postfix_str(
                        f"{rate:,.0f} pictures/s loss {tally.loss:.3f} train {tally.accuracy:.1%}{held}", refresh=False
                    )
            if trainer.settled:
                trainer.evaluate()
            write_file(path, checkpoint(trainer))


def _finish(trainer: Trainer, out: Path, source: DataSource, started: float, seed: int, plan: Plan | None) -> Metrics:
    """Write weights, frozen network and metrics of a trained network into its run folder."""
    network, data = trainer.finish(), trainer.data
    images = frames(data.test_images)
    frozen = freeze(network, data.classes, {"neuraljet.data": json.dumps(entries(source))})
    put(out / WEIGHTS, save(copy_state({k: v.contiguous() for k, v in network.state_dict().items()})))
    with work_folder() as temporary:
        write_qonnx(frozen, temporary / MODEL)
        put(out / MODEL, (temporary / MODEL).read_bytes())
    links = check_links(frozen, FrozenNetwork(frozen), out / MODEL, images.numpy())
    predicted, floating = links.classes, predict(network, images).numpy()
    confusion = confusion_of(data.test_labels, predicted, len(data.classes))
    steps, seen = trainer.schedule.steps, trainer.schedule.seen(trainer.schedule.steps)
    metrics = Metrics(
        test_accuracy=float((predicted == data.test_labels).mean()),
        test_frames=len(predicted),
        validation_accuracy=plan.estimate.accuracy if plan and plan.estimate else trainer.best_accuracy,
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
        plan=plan,
    )
    finish(out, metrics)
    return metrics
