"""Measure pictures per second of training, against the same network of torch's own layers.

    python -m tests.benchmarks.training_speed [--networks small medium] [--forms bottleneck binary] [--chunks N]

The twin of a network has a float nn.Conv2d of the same shape for each of its convolutions, and torch's max-pooling,
batch norm, Hardtanh and Linear in the same order. It is trained as torch's tutorials do it: Adam, cross entropy, the
loss read after every step. Both take the same random pictures in batches of 64. They take turns, a chunk of steps each,
so that whatever else the machine does meets both. `ratio` is that of the median times of a chunk, and is meant to be
0.9 or more: what training in signs costs beside the arithmetic. Held-out pictures and checkpoints are not in it.

Prints a table for people and one JSON line last.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bnn.data import Dataset
from bnn.model.forms import FORMS
from bnn.model.network import PIXEL_SCALE, Network
from bnn.model.spec import load_spec
from bnn.training.config import TrainConfig
from bnn.training.trainer import Trainer

SIDES = {"small": 28, "medium": 64, "large": 128}  # of the pictures
CLASSES = 10
PICTURES = 1024
STEPS = 16  # of a chunk
TARGET = 0.9


class Scaled(nn.Module):
    """Raw pixels as floats near 1."""

    def forward(self, images: Tensor) -> Tensor:
        return images.float() * PIXEL_SCALE


def twin(network: Network) -> nn.Sequential:
    """Return the float network of torch's own layers that has the same convolutions, pools, norms and dense layers."""
    layers: list[nn.Module] = [Scaled()]
    for block in network.blocks:
        padding = block.conv.padding
        for weight, stride, groups in block.conv.stages():
            outputs, inputs, *kernel = weight.shape
            layers.append(nn.Conv2d(inputs * groups, outputs, kernel, stride, padding, groups=groups, bias=False))
            padding = 0
        layers += [nn.MaxPool2d(block.pool), nn.BatchNorm2d(block.norm.num_features), nn.Hardtanh()]
    layers.append(nn.Flatten())
    for layer in network.hidden:
        outputs, inputs = layer.linear.binary.weight.shape
        layers += [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.Hardtanh()]
    classes, inputs = network.classifier.linear.binary.weight.shape
    return nn.Sequential(*layers, nn.Linear(inputs, classes)).to(memory_format=torch.channels_last)


def plain_steps(network: nn.Module, images: Tensor, labels: Tensor, batch: int) -> Iterator[float]:
    """Train as torch's tutorials do, without end; yield the loss after every step."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    network.train()
    while True:
        for indices in torch.randperm(len(images)).split(batch):
            frames = images[indices].contiguous(memory_format=torch.channels_last)
            optimizer.zero_grad()
            loss = F.cross_entropy(network(frames), labels[indices])
            loss.backward()
            optimizer.step()
            yield loss.item()


def our_steps(trainer: Trainer) -> Iterator[object]:
    """Train without end and without judging; yield after every step."""
    while True:
        trainer.round = 0
        yield from trainer.run_round()


def alternate(runs: dict[str, Iterator[Any]], chunks: int, steps: int = STEPS) -> dict[str, float]:
    """Return the median seconds of a step of each run; they take turns, and the first chunk does not count."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for chunk in range(chunks + 1):
        for name, run in runs.items():
            started = time.perf_counter()
            for _ in range(steps):
                next(run)
            if chunk:
                times[name].append((time.perf_counter() - started) / steps)
    return {name: statistics.median(found) for name, found in times.items()}


def measure(name: str, form: str, chunks: int, steps: int = STEPS) -> dict[str, Any]:
    """Return pictures per second of a network and of its twin, and their ratio."""
    draw, side = np.random.default_rng(0), SIDES[name]
    images = draw.integers(0, 256, (PICTURES, side, side, 1)).astype(np.uint8)
    labels = np.arange(PICTURES) % CLASSES
    data = Dataset("random", tuple("abcdefghij"), images, labels, images[:64], labels[:64])
    trainer = Trainer(data, load_spec(name).with_layer(form, None), TrainConfig(steps=10**6, validation=0.0))
    sides, batch = trainer.sides, trainer.config.batch
    rival = twin(trainer.network)
    runs = {"ours": our_steps(trainer), "plain": plain_steps(rival, sides.images, sides.labels, batch)}
    seconds = alternate(runs, chunks, steps)
    rates = {run: round(batch / each) for run, each in seconds.items()}
    return {"network": name, "form": form, "side": side, **rates, "ratio": round(seconds["plain"] / seconds["ours"], 3)}


def main(arguments: list[str] | None = None, show: Callable[[str], None] = print) -> None:
    """Measure what the command line asks for, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", nargs="+", choices=SIDES, default=["small", "medium"])
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--chunks", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    rows = [measure(name, form, options.chunks) for name in options.networks for form in options.forms]
    show(f"{'network':8} {'form':12} {'pictures/s':>10} {'plain':>7} {'ratio':>6}")
    for row in rows:
        show(f"{row['network']:8} {row['form']:12} {row['ours']:10,} {row['plain']:7,} {row['ratio']:6.2f}")
    show(json.dumps({"threads": options.threads, "torch": torch.__version__, "target": TARGET, "rows": rows}))


if __name__ == "__main__":
    main()
