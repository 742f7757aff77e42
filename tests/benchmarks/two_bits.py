"""Measure whether maps of two bits between layers are worth their sites, against wider maps of one bit.

    python -m tests.benchmarks.two_bits [--sets pcb bsdata] [--seeds 0] [--steps 3600] [--records FILE]

A map of two bits has the values -3, -1, 1 and 3 where one of one bit has -1 and 1. Both networks are of the family that
`neuraljet train` chooses from, the first layer of jets, the others binary, at a pixel per clock. They are trained alike
on two thirds of the training pictures and judged by the third.

No operator has maps of two bits, so their sites are a bound from below: two bits are counted as twice as many inputs
of the next layer (its line buffer, its products, its counts of bits), and nothing for the two thresholds more that each
output needs, its wider pooling, or the weights of two and one. Where two bits lose at that price, they lose.

Prints a table for people and one JSON line last.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bnn.data import Dataset, load
from bnn.model.family import COARSE, member
from bnn.model.spec import NetworkSpec
from bnn.training.config import TrainConfig
from bnn.training.evaluation import estimate_statistics, scores_of
from bnn.training.plan.folds import deal, held_out
from bnn.training.trainer import ESTIMATION_FRAMES, Trainer
from finn_build.choose import untrained
from finn_build.estimate import LayerEstimate, estimate

LEVEL = 2 / 3  # between values that differ in one step: -1, -1/3, 1/3 and 1 where signs have -1 and 1
ONE_BIT, TWO_BITS = (20,), (12,)  # widths of the family, which take about as many sites
Shape = tuple[int, int, int]


class Quantized(torch.autograd.Function):
    """The nearest of -1, -1/3, 1/3 and 1, and the gradient inside [-1, 1], as bnn.model.layers.SignFunction has it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return ((x.clamp(-1, 1) + 1) / LEVEL).round().mul_(LEVEL).sub_(1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return torch.ops.aten.hardtanh_backward(gradients[0], ctx.saved_tensors[0], -1.0, 1.0)


class TwoBits(nn.Module):
    """Activation of two bits, in place of bnn.model.layers.Sign."""

    def forward(self, x: Tensor) -> Tensor:
        return Quantized.apply(x)


def widened(spec: NetworkSpec, block: int) -> NetworkSpec:
    """Return the network whose `block` has twice as many channels."""
    blocks = list(spec.blocks)
    blocks[block] = replace(blocks[block], channels=2 * blocks[block].channels)
    return replace(spec, blocks=tuple(blocks))


def sites(spec: NetworkSpec, shape: Shape, classes: int, bits: int) -> int:
    """Return the LUT sites of a network at a pixel per clock; with two bits, the bound from below."""
    found = estimate(untrained(spec, shape, classes))
    if bits == 1:
        return found.lut
    total = found.lut
    for i in range(len(spec.blocks)):
        wide = estimate(untrained(widened(spec, i), shape, classes)).layers
        total += lut(behind(wide, i)) - lut(behind(found.layers, i))
    return total


def lut(layers: list[LayerEstimate]) -> int:
    return sum(layer.lut for layer in layers)


def behind(layers: tuple[LayerEstimate, ...], block: int) -> list[LayerEstimate]:
    """Return the layers that read the maps of a block: the convolution of the next one, or what makes the scores."""
    convolutions = [i for i, layer in enumerate(layers) if "conv" in layer.name]
    start = convolutions[block + 1] if block + 1 < len(convolutions) else convolutions[-1] + 1
    end = start + 1 if block + 1 < len(convolutions) else len(layers)
    return [layer for layer in layers[start:end] if "pool" not in layer.name]


def measure(data: Dataset, width: int, bits: int, seed: int, steps: int) -> dict[str, Any]:
    """Train a network on two thirds of the training pictures; return what it reaches on the third, and its sites."""
    height, across, channels = data.train_images.shape[1:]
    shape, classes = (channels, height, across), len(data.classes)
    spec = member(shape, classes, width, form="binary", first="jets", geometry=COARSE)
    tried = held_out(data, deal(data.train_labels, 3, seed, data.train_groups) == 0)
    started = time.perf_counter()
    trainer = Trainer(tried, spec, TrainConfig(seed=seed, steps=steps, augment=data.card.augment if data.card else ()))
    if bits == 2:
        for block in trainer.network.blocks:
            block.sign = TwoBits()
    while trainer.round < trainer.schedule.rounds:
        for _ in trainer.run_round():
            pass
    estimate_statistics(trainer.network, trainer.sides.images[:ESTIMATION_FRAMES])
    sides = trainer.sides
    right = [
        float((scores_of(trainer.network, images).argmax(1) == labels).float().mean())
        for images, labels in ((sides.images, sides.labels), (sides.held_images, sides.held_labels))
    ]
    return {
        "set": data.name, "network": spec.name, "bits": bits, "seed": seed, "steps": steps, "train": right[0],
        "held": right[1], "pictures": len(sides.held_labels), "sites": sites(spec, shape, classes, bits),
        "seconds": round(time.perf_counter() - started, 1),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.two_bits", description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=["pcb", "bsdata"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--steps", type=int, default=3600)
    parser.add_argument("--records", type=Path, help="JSON lines to add to")
    options = parser.parse_args()
    found = []
    print("| set | network | bits | seed | training pictures | held out | sites |\n|---|---|---|---|---|---|---|")
    for seed in options.seeds:
        for name in options.sets:
            data = load(name)
            for bits, widths in ((1, ONE_BIT), (2, TWO_BITS)):
                for width in widths:
                    one = measure(data, width, bits, seed, options.steps)
                    found.append(one)
                    more = " or more" if bits == 2 else ""
                    held = f"{one['held']:.1%} of {one['pictures']:,}"
                    took = f"{one['sites']:,}{more}"
                    print(f"| {name} | {one['network']} | {bits} | {seed} | {one['train']:.1%} | {held} | {took} |")
                    if options.records:
                        with options.records.open("a") as file:
                            file.write(json.dumps(one) + "\n")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
