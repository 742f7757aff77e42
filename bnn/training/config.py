"""How to train."""

import math
from dataclasses import dataclass

from bnn.errors import UserError
from bnn.model.options import require_whole
from bnn.storage.records import optional
from bnn.training.rates import MOST_RATE, OPTIMIZER, RATES

AUTO = ("auto",)  # as `augment`: chosen before the training
MOST_NOISE = 128  # grey levels
STEPS = 3600  # of a training that is not told its length: as many for 50 pictures as for 50,000


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training; the defaults suit small sets and large ones.

    A training is so many `steps` of the optimizer, or so many `epochs`, passes over the training pictures.
    """

    epochs: int | None = None  # None: `steps` says how long
    seed: int = 0
    batch: int = 64
    learning_rate: float | None = None  # falling to zero along a cosine; None: that of the optimizer
    label_smoothing: float = 0.0
    augment: tuple[str, ...] = ()  # names of bnn.training.augment, or AUTO
    validation: float = 0.05  # of the training pictures, held out to judge the training unless the set has some
    steps: int | None = optional(None)  # None: `epochs` says how long, or STEPS where neither is given
    balance: bool = optional(False)  # weigh pictures so that each class counts the same
    folds: int = optional(1)  # from 2 on: judge choices by cross-validation, and train on all pictures
    starts: int = optional(1)  # short beginnings from so many seeds, of which the best goes on
    teacher: str = optional("none")  # whose scores are learned beside the labels: float, hog, or the folder of a run
    init: str | None = optional(None)  # the folder of a run, whose first layers the network begins with
    optimizer: str = optional(OPTIMIZER)  # a name of bnn.training.optimizers
    adversarial: int = optional(0)  # grey levels of the noise that is learned against; 0: none

    def __post_init__(self) -> None:
        if self.epochs is None and self.steps is None:
            object.__setattr__(self, "steps", STEPS)  # written down: a later default must not change this training
        if self.epochs is not None and self.steps is not None:
            raise UserError(f"a training of {self.epochs} epochs and of {self.steps} steps cannot be; give one of them")
        if self.optimizer not in RATES:
            raise UserError(f"optimizer {self.optimizer[:60]!r} is unknown; choose one of {', '.join(RATES)}")
        object.__setattr__(self, "learning_rate", self.rate)
        if not (math.isfinite(self.rate) and 0 <= self.rate <= MOST_RATE):
            raise UserError(f"learning_rate = {self.rate:g}; allowed: 0 to {MOST_RATE:g}")
        require_whole("adversarial", self.adversarial, 0, MOST_NOISE)
        for name, value in (("folds", self.folds), ("starts", self.starts)):
            if not 1 <= value <= 100:
                raise UserError(f"{name} = {value}; allowed: 1 to 100")

    @property
    def rate(self) -> float:
        """The learning rate that the training begins with."""
        return RATES[self.optimizer] if self.learning_rate is None else self.learning_rate
