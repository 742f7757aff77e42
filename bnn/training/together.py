"""What the processes of one training tell each other before and after it; each of them ends with the same metrics."""

import json
from dataclasses import dataclass
from pathlib import Path

from bnn.data import Dataset
from bnn.model.spec import NetworkSpec
from bnn.storage.records import entries, parse, parse_json
from bnn.storage.work import work_folder
from bnn.training.config import TrainConfig
from bnn.training.metrics import Metrics
from bnn.training.plan.make import planned
from bnn.training.plan_record import Plan
from bnn.training.resume import restore
from bnn.training.rounds import run_rounds
from bnn.training.trainer import Trainer
from bnn.training.worker import Worker


@dataclass(frozen=True)
class Beginning:
    """What the process that leads has found in the run folder, or settled."""

    metrics: Metrics | None  # of a run that is finished already
    plan: Plan | None
    resumes: bool  # a checkpoint follows


def tell_beginning(worker: Worker, metrics: Metrics | None, plan: Plan | None, checkpoint: Path | None) -> None:
    """Tell the processes that follow how the training begins."""
    if worker.processes > 1:
        worker.share(json.dumps(entries(Beginning(metrics, plan, checkpoint is not None))).encode())
        if checkpoint is not None:
            worker.share(checkpoint.read_bytes())


def tell_end(worker: Worker, metrics: Metrics) -> None:
    """Tell the processes that follow what came of the training."""
    if worker.processes > 1:
        worker.share(json.dumps(entries(metrics)).encode())


def follow(data: Dataset, spec: NetworkSpec, config: TrainConfig, worker: Worker, trainer: Trainer) -> Metrics:
    """Train with the process that leads, and return its metrics; this process needs no run folder."""
    beginning: Beginning = parse(Beginning, parse_json(worker.share(b"")), "")
    if beginning.metrics is not None:
        return beginning.metrics
    if beginning.plan is not None:
        trainer = Trainer(*planned(data, spec, config, beginning.plan), worker)
    if beginning.resumes:
        with work_folder() as folder:
            (folder / "checkpoint").write_bytes(worker.share(b""))
            restore(trainer, folder / "checkpoint")
    trainer.objective.begin()
    run_rounds(trainer)
    metrics: Metrics = parse(Metrics, parse_json(worker.share(b"")), "")
    return metrics
