"""Learning from a teacher beside the labels (Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network").

loss = (1 - w) * cross entropy with the labels + w * T^2 * KL(softmax(teacher / T) || softmax(scores / T))
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from bnn.training.config import TrainConfig
from bnn.training.objective import Objective
from bnn.training.sides import Sides
from bnn.training.teachers import Teacher, teacher_of

WEIGHT = 0.7  # w: the share of the teacher
TEMPERATURE = 2.0  # T: makes what the teacher says of wrong classes count


class Distillation(Objective):
    """The labels' cross entropy, mixed with the distance from the teacher's probabilities.

    The teacher learns before the first step. A resumed training takes it from the checkpoint.
    """

    def __init__(self, config: TrainConfig, sides: Sides, classes: tuple[str, ...], teacher: Teacher) -> None:
        super().__init__(config, sides.labels, len(classes))
        self.config, self.sides, self.teacher = config, sides, teacher
        self.has_learned = False

    def begin(self) -> None:
        if not self.has_learned:
            self.teacher.learn(self.sides, self.config)
            self.has_learned = True

    def loss(self, scores: Tensor, labels: Tensor, images: Tensor, indices: Tensor) -> Tensor:
        with torch.no_grad():
            taught = F.log_softmax(self.teacher(images, indices) / TEMPERATURE, 1)
        own = F.log_softmax(scores / TEMPERATURE, 1)
        distance = F.kl_div(own, taught, reduction="none", log_target=True).sum(1)  # [N]
        if self.weights is not None:
            distance = distance * self.weights.to(labels.device)[labels]
        return (1 - WEIGHT) * super().loss(scores, labels, images, indices) + WEIGHT * TEMPERATURE**2 * distance.mean()

    def state(self) -> dict[str, Tensor]:
        return {f"teacher.{name}": value for name, value in self.teacher.state_dict().items()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        self.teacher.load_state_dict({name.removeprefix("teacher."): value for name, value in tensors.items()})
        self.teacher.eval()
        self.has_learned = True


def objective_of(config: TrainConfig, sides: Sides, classes: tuple[str, ...]) -> Objective:
    """Return the objective that `config` asks for; UserError when its teacher cannot teach these pictures."""
    teacher = teacher_of(sides, classes, config)
    if teacher is None:
        return Objective(config, sides.labels, len(classes))
    return Distillation(config, sides, classes, teacher)
