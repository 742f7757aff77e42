"""How to train."""

from dataclasses import dataclass

from bnn.errors import UserError
from bnn.storage.records import optional

AUTO = ("auto",)  # as `augment`: chosen before the training
STEPS = 3600  # of a training that is not told its length: as many for 50 pictures as for 50,000


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training; the defaults suit small sets and large ones.

    A training is so many `steps` of the optimizer, or so many `epochs`, passes over the training pictures.
    """

    epochs: int | None = None  # None: `steps` says how long
    seed: int = 0
    batch: int = 64
    learning_rate: float = 3e-2  # Adam, falling to zero along a cosine
    label_smoothing: float = 0.0
    augment: tuple[str, ...] = ()  # names of bnn.training.augment, or AUTO
    validation: float = 0.05  # of the training pictures, held out to judge the training unless the set has some
    steps: int | None = optional(None)  # None: `epochs` says how long, or STEPS where neither is given
    balance: bool = optional(False)  # weigh pictures so that each class counts the same
    folds: int = optional(1)  # from 2 on: judge choices by cross-validation, and train on all pictures
    starts: int = optional(1)  # short beginnings from so many seeds, of which the best goes on
    teacher: str = optional("none")  # whose scores are learned beside the labels: float, hog, or the folder of a run
    init: str | None = optional(None)  # the folder of a run, whose first layers the network begins with

    def __post_init__(self) -> None:
        if self.epochs is None and self.steps is None:
            object.__setattr__(self, "steps", STEPS)  # written down: a later default must not change this training
        if self.epochs is not None and self.steps is not None:
            raise UserError(f"a training of {self.epochs} epochs and of {self.steps} steps cannot be; give one of them")
        for name, value in (("folds", self.folds), ("starts", self.starts)):
            if not 1 <= value <= 100:
                raise UserError(f"{name} = {value}; allowed: 1 to 100")
