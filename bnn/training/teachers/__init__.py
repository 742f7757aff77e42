"""Teachers: what gives a network scores to learn from beside the labels, one kind per file (`base` is the contract)."""

from bnn.training.config import TrainConfig
from bnn.training.sides import Sides
from bnn.training.teachers import hog, residual
from bnn.training.teachers.base import TEACHERS, Teacher
from bnn.training.teachers.run import RunTeacher

__all__ = ["TEACHERS", "Teacher", "hog", "residual", "teacher_of"]


def teacher_of(sides: Sides, classes: tuple[str, ...], config: TrainConfig) -> Teacher | None:
    """Return the teacher that `config` names, which has learned nothing yet; None for "none".

    UserError when it cannot teach these pictures.
    """
    if config.teacher == "none":
        return None
    return TEACHERS.get(config.teacher, RunTeacher)(sides, classes, config)
