"""The float networks that the literature prunes, and how they are trained here."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bnn.compress.masks import Masks

BATCH = 64
MEAN, DEVIATION = 33.0, 79.0  # of a pixel of mnist, about


def lenet_300_100() -> nn.Sequential:
    """Return two hidden layers for 28x28 gray and ten classes: 266,200 connections."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)
    )


def lenet_5() -> nn.Sequential:
    """Return Caffe's LeNet-5 for 28x28 gray and ten classes, which the literature prunes: 430,500 connections."""
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10),
    )  # fmt: skip


def vgg(widths: Sequence[Sequence[int]] = ((16, 16), (32, 32), (64, 64)), classes: int = 10) -> nn.Sequential:
    """Return stages of 3x3 convolutions with batch norm, pooled by 2 behind each, as VGG has them; for gray pictures.

    widths: channels of each convolution of each stage. The mean over the last map goes into a dense layer.
    """
    layers: list[nn.Module] = []
    inputs = 1
    for stage in widths:
        for width in stage:
            layers += [nn.Conv2d(inputs, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            inputs = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


def as_floats(images: Tensor) -> Tensor:
    """Return uint8 pictures as float networks take them."""
    return (images.float() - MEAN) / DEVIATION


def learn(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    steps: int,
    seed: int,
    *,
    rate: float = 1e-3,
    masks: Masks | None = None,
    penalty: Callable[[], Tensor] | None = None,
) -> None:
    """Train for `steps` batches by Adam, whose rate falls to zero along a cosine; in place.

    images uint8 [N, C, H, W]; labels [N]. masks: connections that stay zero. penalty: what is added to the loss.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
    network.train()
    for _ in range(steps):
        batch = torch.randint(len(images), (BATCH,), generator=generator)
        loss = F.cross_entropy(network(as_floats(images[batch])), labels[batch])
        optimizer.zero_grad()
        (loss if penalty is None else loss + penalty()).backward()
        optimizer.step()
        schedule.step()
        if masks is not None:
            masks.apply(network)
    network.eval()


def accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of uint8 pictures [N, C, H, W] whose class is right, 0 to 1."""
    network.eval()
    with torch.no_grad():
        right = [
            (network(as_floats(part)).argmax(1) == known).sum()
            for part, known in zip(images.split(1000), labels.split(1000), strict=True)
        ]
    return float(sum(right)) / len(labels)
