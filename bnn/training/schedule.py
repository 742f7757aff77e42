"""Which pictures each step of a training learns from, and when it pauses to be judged and kept.

What a step draws depends on the seed and the step's number alone, so a training that is interrupted and goes on sees
the same pictures, altered in the same way.
"""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import torch
from torch import Tensor

from bnn.training.config import TrainConfig

ROUNDS = 60  # of a training whose length is given in steps


class Draw(IntEnum):
    """What random numbers are drawn for; each has a stream of its own."""

    ORDER = 0
    AUGMENT = 1


@dataclass(frozen=True)
class Schedule:
    """`steps` batches of `pictures` training pictures, in `rounds` of about equally many steps.

    A pass goes through all pictures once, in a new order, in batches of `batch` at the most whose sizes differ by one
    at the most. Rounds and passes are independent: a round is several passes over a small set, a part of one over a
    large set, and one pass when the length is given in epochs.
    """

    pictures: int
    batch: int
    steps: int
    rounds: int
    seed: int

    @classmethod
    def of(cls, config: TrainConfig, pictures: int) -> "Schedule":
        """Return the schedule that `config` asks for on so many training pictures."""
        if config.epochs is not None:
            steps = config.epochs * math.ceil(pictures / config.batch)
            return cls(pictures, config.batch, steps, config.epochs, config.seed)
        steps = config.steps or 1
        return cls(pictures, config.batch, steps, min(ROUNDS, steps), config.seed)

    @property
    def steps_per_pass(self) -> int:
        return math.ceil(self.pictures / self.batch)

    def first_step(self, round: int) -> int:
        """Return the number of the first step of a round; that of round `rounds` is `steps`."""
        return round * self.steps // self.rounds

    def steps_of(self, round: int) -> range:
        """Return the numbers of a round's steps."""
        return range(self.first_step(round), self.first_step(round + 1))

    def order(self, number: int) -> tuple[Tensor, ...]:
        """Return the batches of pass `number`, each the indices of its pictures."""
        order = torch.randperm(self.pictures, generator=self.generator(Draw.ORDER, number))
        return order.tensor_split(self.steps_per_pass)

    def seen(self, step: int) -> int:
        """Return how many pictures were learnt from before `step`, with repetitions."""
        whole, rest = divmod(step, self.steps_per_pass)
        size, longer = divmod(self.pictures, self.steps_per_pass)
        return whole * self.pictures + rest * size + min(rest, longer)

    def generator(self, what: Draw, number: int, process: int = 0) -> torch.Generator:
        """Return the random numbers of a pass or step. process: of several that train together, each has its own."""
        state = np.random.SeedSequence([self.seed, what, number, process]).generate_state(1, np.uint64)
        return torch.Generator().manual_seed(int(state[0]))
