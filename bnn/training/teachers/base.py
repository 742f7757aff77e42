"""What a teacher is, and the names by which trainings ask for one."""

from typing import ClassVar

from torch import Tensor, nn

from bnn.training.config import TrainConfig
from bnn.training.sides import Sides

TEACHERS: dict[str, type["Teacher"]] = {}  # by name; what is no name here is the folder of a run


class Teacher(nn.Module):
    """Gives each training picture scores, from which a network learns more than from the label alone.

    It learns from the training side only. Its state is all that a resumed training needs: a new teacher that loads it
    gives the same scores. A subclass with a name is registered under it.
    """

    name: ClassVar[str] = ""

    def __init_subclass__(cls, name: str = "") -> None:
        super().__init_subclass__()
        if name:
            cls.name = name
            TEACHERS[name] = cls

    def __init__(self, sides: Sides, classes: tuple[str, ...], config: TrainConfig) -> None:
        """Make a teacher that has learned nothing yet. UserError when it cannot teach these pictures."""
        super().__init__()

    def learn(self, sides: Sides, config: TrainConfig) -> None:
        """Learn what is to be taught; the same settings and pictures give the same teacher."""
        raise NotImplementedError

    def forward(self, images: Tensor, indices: Tensor) -> Tensor:
        """Return the logarithm of class probabilities, but for a constant per picture: [N, classes].

        images: uint8 [N, C, H, W], as the network sees them. indices: [N], where the pictures are on the training side.
        """
        raise NotImplementedError
