"""A network that was trained before, as a teacher of another with the same classes and pictures of the same size."""

from pathlib import Path

from torch import Tensor

from bnn.errors import UserError
from bnn.training.config import TrainConfig
from bnn.training.sides import Sides
from bnn.training.teachers.base import Teacher
from bnn.training.trained import load_trained


class RunTeacher(Teacher):
    """The network of a finished run, with its scores before freezing; it scores the pictures as they were augmented."""

    def __init__(self, sides: Sides, classes: tuple[str, ...], config: TrainConfig) -> None:
        super().__init__(sides, classes, config)
        run = Path(config.teacher)
        if not run.is_dir():
            raise UserError(
                f"teacher {config.teacher!r} is neither float, hog or none nor the folder of a finished run"
            )
        trained = load_trained(run)
        if trained.classes != classes:
            raise UserError(
                f"the teacher {run} tells {', '.join(trained.classes)} apart, and the pictures are of "
                f"{', '.join(classes)}; give a run of the same classes in the same order"
            )
        mine, other = tuple(sides.images.shape[1:]), trained.network.input_shape
        if mine != other:
            raise UserError(
                f"the teacher {run} reads {_size(other)} pictures, and these are {_size(mine)}; train with "
                f"--size {other[1]}x{other[2]} --color {'gray' if other[0] == 1 else 'rgb'}, or give another run"
            )
        self.network = trained.network.to(sides.images.device).eval()

    def learn(self, sides: Sides, config: TrainConfig) -> None:
        """Learn nothing: the run has learned."""

    def forward(self, images: Tensor, indices: Tensor) -> Tensor:
        scores: Tensor = self.network(images)
        return scores


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[2]} {'gray' if shape[0] == 1 else 'rgb'}"
