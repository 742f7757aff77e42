"""How to train."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training; the defaults suit the data sets in datasets/."""

    epochs: int = 60
    seed: int = 0
    batch: int = 64
    learning_rate: float = 3e-2  # Adam, falling to zero along a cosine
    label_smoothing: float = 0.0
    augment: tuple[str, ...] = ()
    validation: float = 0.05  # of the training pictures, held out to choose the best epoch unless the set has some
