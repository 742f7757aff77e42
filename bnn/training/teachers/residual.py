"""A small residual network of floating-point numbers: a ceiling for binary networks, and their teacher.

16 maps at the size of the picture, then 16, 32 and 64 maps in three residual blocks, whose maps have a half, a quarter
and an eighth of its height and width: the shape of He et al., "Deep Residual Learning for Image Recognition"
(2016), 4.2, with one block per size.
"""

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bnn.training.augment import augment
from bnn.training.config import TrainConfig
from bnn.training.schedule import Draw, Schedule
from bnn.training.sides import Sides
from bnn.training.teachers.base import Teacher

WIDTH = 16  # maps of the first block
STEPS = 500  # of the optimizer, however many pictures there are
LEARNING_RATE, WEIGHT_DECAY = 4e-3, 0.05  # of AdamW
RISE = 0.1  # of the steps, in which the rate rises; all the while it falls to zero along a cosine


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, added to what they read: [N, inputs, H, W] -> [N, outputs, H/stride, W/stride]."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm_first, self.norm_second = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        same = inputs == outputs and stride == 1
        self.past = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu(self.norm_first(self.first(x)))
        return F.relu(self.norm_second(self.second(inner)) + self.past(x))


class ResidualNetwork(nn.Module):
    """Raw uint8 pictures [N, C, H, W] in, scores [N, classes] out."""

    def __init__(self, channels: int, classes: int, width: int = WIDTH) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.blocks = nn.Sequential(
            ResidualBlock(width, width, 1), ResidualBlock(width, 2 * width, 2), ResidualBlock(2 * width, 4 * width, 2)
        )
        self.scores = nn.Linear(4 * width, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = (images.float() / 128 - 1).contiguous(memory_format=torch.channels_last)
        return self.scores(self.blocks(self.stem(x)).mean((2, 3)))


def fit(network: ResidualNetwork, images: Tensor, labels: Tensor, config: TrainConfig, steps: int) -> ResidualNetwork:
    """Train `network` on uint8 pictures [N, C, H, W] and return it, ready to be used.

    Order and augmentations come from `config`, as bnn.training.schedule has them.
    """
    schedule = Schedule.of(replace(config, epochs=None, steps=steps), len(images))
    decay = {"params": [p for p in network.parameters() if p.dim() > 1], "weight_decay": WEIGHT_DECAY}
    rest = {"params": [p for p in network.parameters() if p.dim() <= 1], "weight_decay": 0.0}
    optimizer = torch.optim.AdamW([decay, rest], lr=LEARNING_RATE)
    network.train()
    batches: tuple[Tensor, ...] = ()
    for step in range(steps):
        number, place = divmod(step, schedule.steps_per_pass)
        if place == 0:
            batches = schedule.order(number)
        rising, falling = (step + 1) / (RISE * steps), math.cos(math.pi / 2 * step / steps) ** 2
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1.0, rising) * falling
        batch = batches[place].to(images.device)
        frames = augment(images[batch], config.augment, schedule.generator(Draw.AUGMENT, step))
        loss = F.cross_entropy(network(frames), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


def fresh(channels: int, classes: int, seed: int, width: int = WIDTH) -> ResidualNetwork:
    """Return a network with the random weights of `seed`; other random numbers of torch stay what they are."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ResidualNetwork(channels, classes, width).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


class FloatTeacher(Teacher, name="float"):
    """The residual network; it scores the pictures as they were augmented."""

    def __init__(self, sides: Sides, classes: tuple[str, ...], config: TrainConfig) -> None:
        super().__init__(sides, classes, config)
        self.network = fresh(sides.images.shape[1], len(classes), config.seed).to(sides.images.device)

    def learn(self, sides: Sides, config: TrainConfig) -> None:
        fit(self.network, sides.images, sides.labels, config, STEPS)

    def forward(self, images: Tensor, indices: Tensor) -> Tensor:
        return self.network(images)
