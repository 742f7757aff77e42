"""The task `float`: a network of float numbers, to compare with. Nothing of it becomes a circuit.

Convolutions with ReLU and max-pooling, a head, dense layers with ReLU, scores. Records: accuracy, right, frames,
parameters, and bits at 32 for each.
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bnn.errors import UserError
from bnn.training.augment import augment
from bnn.training.config import TrainConfig
from bnn.training.evaluation import predict
from bnn.training.schedule import Draw, Schedule
from bnn.training.sides import split_sides
from neuraljet.studying.tasks import pictures
from neuraljet.studying.tasks.networks import on_test

KNOWN = ("seed", "steps", "batch", "augment", "validation", "layers", "head", "head_width", "hidden", "learning_rate",
         "network", *pictures.KNOWN)  # fmt: skip
RECURRENT = {"elman": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
HEADS = ("dense", "pooled", *RECURRENT)
LEARNING_RATE = 3e-3  # of Adam, falling to zero along a cosine


class FloatNetwork(nn.Module):
    """Raw uint8 pictures [N, C, H, W] in, scores [N, classes] out.

    layers: tables with channels, kernel and pool; convolutions have no padding. head: dense takes all places of the
    last map, pooled their mean, elman, gru and lstm of `width` go down its rows. hidden: widths of dense layers.
    """

    def __init__(
        self, shape: tuple[int, int, int], classes: int, layers: list[dict[str, int]], head: str, width: int,
        hidden: list[int],
    ) -> None:  # fmt: skip
        super().__init__()
        if head not in HEADS:
            raise UserError(f"head = {head!r}; allowed: {', '.join(HEADS)}")
        channels, height, columns = shape
        trunk: list[nn.Module] = []
        for layer in layers:
            kernel, pool = layer.get("kernel", 3), layer.get("pool", 1)
            trunk += [nn.Conv2d(channels, layer["channels"], kernel), nn.ReLU(), nn.MaxPool2d(pool)]
            channels = layer["channels"]
            height, columns = (height - kernel + 1) // pool, (columns - kernel + 1) // pool
            if min(height, columns) < 1:
                raise UserError(f"the layers leave nothing of a picture of {shape[1]}x{shape[2]}")
        self.trunk, self.kind = nn.Sequential(*trunk), head
        self.recurrent = RECURRENT[head](channels * columns, width, batch_first=True) if head in RECURRENT else None
        features = width if self.recurrent else channels * (1 if head == "pooled" else height * columns)
        dense: list[nn.Module] = []
        for size in hidden:
            dense += [nn.Linear(features, size), nn.ReLU()]
            features = size
        self.dense = nn.Sequential(*dense, nn.Linear(features, classes))

    def forward(self, images: Tensor) -> Tensor:
        x = self.trunk(images / 255)
        if self.recurrent is not None:
            rows = x.permute(0, 2, 1, 3).flatten(2)  # [N, H, C * W]
            return self.dense(self.recurrent(rows)[0][:, -1])
        return self.dense(x.mean((2, 3)) if self.kind == "pooled" else x.flatten(1))


def measure(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a training with Adam, of as many steps and pictures as a binarized network has."""
    data = pictures.pictures(asked)
    names = asked.get("augment", "card")
    names = tuple((data.card.augment if data.card else ()) if names == "card" else names)
    settings = {name: asked[name] for name in ("batch", "validation") if name in asked}
    config = TrainConfig(steps=asked["steps"], seed=asked["seed"], augment=names, **settings)
    height, width, channels = data.train_images.shape[1:]
    torch.manual_seed(config.seed)
    network = FloatNetwork(
        (channels, height, width), len(data.classes), asked["layers"], asked.get("head", "dense"),
        asked.get("head_width", 0), asked.get("hidden", []),
    )  # fmt: skip
    sides = split_sides(data, config)
    schedule = Schedule.of(config, len(sides.labels))
    optimizer = torch.optim.Adam(network.parameters(), lr=asked.get("learning_rate", LEARNING_RATE))
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, schedule.steps)
    network.train()
    for step in range(schedule.steps):
        number, place = divmod(step, schedule.steps_per_pass)
        batch = schedule.order(number)[place]
        shown = augment(sides.images[batch], config.augment, schedule.generator(Draw.AUGMENT, step))
        loss = F.cross_entropy(network(shown), sides.labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        fall.step()
    network.eval()
    held = float((predict(network, sides.held_images) == sides.held_labels).float().mean())
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return {
        **on_test(network, data),
        "held_out": round(held, 6),
        "train_pictures": len(sides.labels),
        "parameters": parameters,
        "bits": 32 * parameters,
    }
