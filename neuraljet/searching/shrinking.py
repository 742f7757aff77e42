"""Networks that begin too large for the budget: trained, made smaller, trained on (methods slim and prune).

How much of each block goes is found in the first, short training of a trial. Longer ones, and the training in full,
remove as much; which channels or jets these are, the weights of each training say.
"""

from dataclasses import dataclass, replace
from math import isfinite
from typing import cast

import torch
from torch import Tensor

from bnn.compress.ranked import TooLarge
from bnn.compress.smaller import Smaller, by_plan, candidates_of, planned
from bnn.compress.trial import Sparse
from bnn.data import Dataset
from bnn.model.budget import Budget
from bnn.model.family import operations
from bnn.model.network import Network
from bnn.model.spec import NetworkSpec
from bnn.storage.records import optional
from bnn.training.config import TrainConfig
from bnn.training.trainer import Trainer
from bnn.training.worker import Worker
from finn_build.choose import MARGIN, MOST_OPERATIONS, drawn
from finn_build.compression import sites_of

WIDE = 2, 3  # of the steps, before the network is made smaller; as in docs/compression.md
FEW = 4  # pictures that show which channels and jets there are
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Shrinking:
    """How a network that is too large becomes smaller."""

    method: str  # slim or prune, of bnn.compress.smaller
    share: float  # of the sites of the budget, less its margin
    penalty: float = 0.0  # l1, on the scales of batch norm until then; above 0 these scales rank channels
    removed: tuple[int, ...] | None = optional(None)  # of each block; None: the ranking says

    def how(self, seed: int = 0) -> Smaller:
        """Return the settings of `bnn.compress.smaller`."""
        return Smaller(self.method, "scale" if self.penalty else "saliency", seed=seed)

    def sites(self, budget: Budget) -> float:
        """Return the LUT sites that are aimed at."""
        return self.share * budget.sites / (1 + MARGIN)


class Refused(Exception):
    """A network cannot be made small enough; by what shares it is too large."""

    def __init__(self, excess: dict[str, float]) -> None:
        super().__init__(str(excess))
        self.excess = excess


def parts(steps: int) -> tuple[int, int]:
    """Return the steps before and after a network is made smaller.

    >>> parts(3600), parts(1)
    ((2400, 1200), (1, 1))
    """
    before = max(1, steps * WIDE[0] // WIDE[1])
    return before, max(1, steps - before)


def refuse_hopeless(network: NetworkSpec, shape: Shape, classes: int, how: Shrinking, budget: Budget) -> None:
    """Raise Refused when a network is too large by estimate without all that may go, or takes too long to train."""
    work = operations(shape, classes, network) / MOST_OPERATIONS - 1
    if work > 0:
        raise Refused({"operations": work})
    images = torch.randint(0, 256, (FEW, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    found = candidates_of(drawn(network, shape, classes), images, how.how())
    times = sites_of(budget)(found.without([len(group) for group in found.groups])) / how.sites(budget)
    if times > 1:
        raise Refused(_excess(times))


def wide_trainer(data: Dataset, network: NetworkSpec, config: TrainConfig, how: Shrinking, worker: Worker) -> Trainer:
    """Return the training before a network is made smaller. config: of the whole."""
    trainer = Trainer(data, network, replace(config, steps=parts(config.steps or 0)[0]), worker)
    if how.penalty:
        trainer.objective = Sparse(trainer.objective, trainer.network, how.penalty)
    return trainer


def shrunk(trainer: Trainer, how: Shrinking, budget: Budget) -> tuple[Network, tuple[int, ...]]:
    """Return the smaller network of a training that has ended, and how much of each block is gone.

    Refused when it cannot be made small enough.
    """
    images, settings = trainer.sides.images, how.how(trainer.config.seed)
    try:
        if how.removed is None:
            found, gone = planned(trainer.network, images, how.sites(budget), sites_of(budget), settings)
        else:
            found, gone = by_plan(trainer.network, images, how.removed, settings), how.removed
    except TooLarge as error:
        raise Refused(_excess(error.times)) from None
    if how.method == "prune":  # the channels, which its name would tell, are as they were
        found.spec = replace(found.spec, name=f"{trainer.spec.name}, without {sum(gone):,} jets")
    return found, gone


def second_trainer(data: Dataset, small: Network, config: TrainConfig, worker: Worker) -> Trainer:
    """Return the training that goes on from a network that was made smaller. config: of the whole."""
    trainer = Trainer(data, small.spec, replace(config, steps=parts(config.steps or 0)[1]), worker)
    trainer.network.load_state_dict(cast(dict[str, Tensor], small.state_dict()))
    return trainer


def _excess(times: float) -> dict[str, float]:
    return {"sites": times - 1} if isfinite(times) else {"rate": 1.0}
