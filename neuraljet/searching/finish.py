"""The end of a search: the best network is trained as `neuraljet train` does, on all training pictures."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bnn.data import Dataset
from bnn.errors import UserError
from bnn.model.budget import Budget, Expected, Hardware
from bnn.model.network import Network
from bnn.storage.files import lock
from bnn.storage.folders import refuse_foreign, stranger
from bnn.training.config import TrainConfig
from bnn.training.metrics import Metrics
from bnn.training.plan.ask import fold_count
from bnn.training.resume import restore
from bnn.training.rounds import run_rounds
from bnn.training.runs import ASKED, METRICS, RUN, finished, requested
from bnn.training.train import train
from bnn.training.worker import Worker, joined
from neuraljet.searching.folder import BEST, NEXT, WIDER, Beginning, Request
from neuraljet.searching.front import Candidate
from neuraljet.searching.shrinking import Shrinking, parts, shrunk, wide_trainer


def train_best(
    folder: Path, found: Candidate, request: Request, begun: Beginning, data: Dataset, progress: bool,
    check: Callable[[], object] = lambda: None,
) -> Metrics:  # fmt: skip
    """Return the metrics of the run best/ of this network; train it in next/ when best/ is not that run already.

    A training that was interrupted goes on. check: as in `train`. UserError when best/ or next/ is no run of ours.
    """
    config = replace(request.config, augment=begun.augment, folds=folds_of(request, data))
    how = found.start.shrinking
    if how is not None:  # what it learns from is not what cross-validation would begin with
        config = replace(config, folds=1)
    last = config if how is None else replace(config, steps=parts(config.steps or 0)[1])
    costs, budget = found.costs, request.budget
    hardware = Hardware(
        budget.fps, budget, Expected(costs.sites, costs.ramb18, costs.cycles_per_frame, costs.ramb18_sites)
    )
    target, working = folder / BEST, folder / NEXT
    if _is(target, found, last.steps):
        return finished(target)
    refuse_foreign(target, RUN)
    if working.exists() and not _is(working, found, last.steps, whole=False):
        _remove(working)
    with joined("cpu") as worker:
        smaller = None if how is None else _smaller(folder, found, how, config, budget, data, progress, worker, check)
        metrics = train(
            data, found.network, working, last, source=request.pictures.source, resume=True, progress=progress,
            hardware=hardware, worker=worker, begun=smaller, check=check,
        )  # fmt: skip
    with lock(target):
        _remove(target)
        os.rename(working, target)
    _sweep(folder)
    return metrics


def _smaller(
    folder: Path, found: Candidate, how: Shrinking, config: TrainConfig, budget: Budget, data: Dataset, progress: bool,
    worker: Worker, check: Callable[[], object],
) -> Network:  # fmt: skip
    """Train what the network begins as, on all training pictures, and make it as small as it became in its trial."""
    path = folder / WIDER.format(found.trial)
    trainer = wide_trainer(data, found.start.network, config, how, worker)
    if path.exists():
        restore(trainer, path)
    run_rounds(trainer, path, progress=progress, check=check)
    return shrunk(trainer, how, budget)[0]


def _sweep(folder: Path) -> None:
    for path in folder.glob(WIDER.format("*")):
        path.unlink()


def folds_of(request: Request, data: Dataset) -> int:
    """Return in how many parts the training of the best network cross-validates, as `neuraljet train` does."""
    return fold_count(None, data, request.config.steps or 0)


def _is(run: Path, found: Candidate, steps: int | None, whole: bool = True) -> bool:
    """Tell whether a folder is the run of this network; whole: its training has ended."""
    if not (run / (METRICS if whole else ASKED)).is_file():
        return False
    asked = requested(run, "move it away")
    return asked.network == found.network and asked.config.steps == steps


def _remove(run: Path) -> None:
    """Remove a run of ours. UserError when it holds anything else."""
    if run.exists():
        found = stranger(run, RUN)
        if found is not None:
            raise UserError(f"{run} would be replaced, and it holds files that are not ours: {found}; move them away")
        shutil.rmtree(run)
