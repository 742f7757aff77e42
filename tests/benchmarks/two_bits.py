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
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bnn.data import Dataset, load
from bnn.model.network import Network
from bnn.model.spec import NetworkSpec
from bnn.training.config import TrainConfig
from finn_build.choose import untrained
from finn_build.estimate import LayerEstimate, estimate
from tests.benchmarks import ways

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
    spec = ways.network_of(data, "binary", width)
    config = TrainConfig(seed=seed, steps=steps, augment=data.card.augment if data.card else ())
    found = ways.measure(data, spec, config, with_two_bits if bits == 2 else lambda _: None)
    height, across, channels = data.train_images.shape[1:]
    return {**found, "bits": bits, "sites": sites(spec, (channels, height, across), len(data.classes), bits)}


def with_two_bits(network: Network) -> None:
    """Give every block two bits."""
    for block in network.blocks:
        block.sign = TwoBits()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.two_bits", description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=["pcb", "bsdata"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--steps", type=int, default=3600)
    parser.add_argument("--records", type=Path, help="JSON lines to add to")
    options = parser.parse_args()
    found = []
    print("| set | network | augmentation | teacher | seed | learned from | held out | bits | sites |")
    print("|---|---|---|---|---|---|---|---|---|")
    for seed in options.seeds:
        for name in options.sets:
            data = load(name)
            for bits, widths in ((1, ONE_BIT), (2, TWO_BITS)):
                for width in widths:
                    one = measure(data, width, bits, seed, options.steps)
                    found.append(one)
                    more = " or more" if bits == 2 else ""
                    print(f"{ways.line(one)} {bits} | {one['sites']:,}{more} |", flush=True)
                    ways.keep(options.records, one)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
