"""Compare what reads the last map: dense, pooled, dense with a hidden layer, Elman of bits; LSTM and GRU in floats.

    python -m tests.benchmarks.heads [--sets bsdata lemon] [--heads NAME ...] [--seeds 0 1 2] [--steps N] [--width N]

Pictures have 32x32 pixels. Every network has the same two blocks in signs, whose last map has 8x8 places and 32 maps.
Behind it stands the head, then the scores. All are trained alike: Adam, cross entropy, batches of 64, a learning rate
that falls along a cosine from 0.03, or from 0.003 for the floats of LSTM and GRU. Nothing is chosen by the test
pictures, of which the accuracy is told. The weights of a head are those behind the last map: for LSTM and GRU numbers
of 32 bits, else signs, with an integer per output. Sites are what `build --fps 1000` is estimated to take for the whole
network; LSTM and GRU have no hardware here.

Prints a table for people and one JSON line last.
"""

import argparse
import json
import math
import statistics
import sys
import time
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bnn.data import Dataset, load
from bnn.integer.freeze import freeze
from bnn.model.layers import BinaryLinear, Norm
from bnn.model.network import Network
from bnn.model.spec import Block, NetworkSpec
from bnn.training.evaluation import estimate_statistics, predict

BODY = (Block(16, pool=3, padding=False), Block(32, form="separable", padding=False))
FLOATS = {"lstm": nn.LSTM, "gru": nn.GRU}
HEADS = ("dense", "pooled", "hidden", "elman", *FLOATS)
RATE, FLOAT_RATE, BATCH = 3e-2, 3e-3, 64
FPS = 1000.0


class FloatHead(nn.Module):
    """An LSTM or GRU that goes down the rows of the last map [N, C, H, W] -> [N, width], its last output."""

    def __init__(self, kind: str, shape: tuple[int, int, int], width: int) -> None:
        super().__init__()
        self.cells = FLOATS[kind](shape[0] * shape[2], width)

    def forward(self, x: Tensor) -> Tensor:
        outputs, _ = self.cells(x.permute(2, 0, 1, 3).flatten(2))  # rows, frames, C * W
        last: Tensor = outputs[-1]
        return last


@dataclass(frozen=True)
class Measured:
    """What one training reached."""

    pictures: str
    head: str
    seed: int
    accuracy: float  # on the test pictures
    weights: int  # behind the last map
    sites: int | None
    ramb18: int | None
    seconds: float


def made(head: str, width: int, shape: tuple[int, int, int], classes: int) -> Network:
    """Return the network before its training. shape: of a picture, C, H, W."""
    hidden = (width,) if head == "hidden" else ()
    named = "dense" if head == "hidden" else "elman" if head in FLOATS else head
    network = Network(NetworkSpec(head, BODY, hidden, named, width if named == "elman" else 0), shape, classes)
    if head in FLOATS:
        with torch.no_grad():
            x = torch.zeros(1, *shape)
            for block in network.blocks.eval():
                x = block(x)
        network.head = FloatHead(head, tuple(x.shape[1:]), width)
        network.classifier = nn.Linear(width, classes)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def behind(network: Network) -> list[nn.Module]:
    """Return what stands behind the last map."""
    return [network.head, *network.hidden, network.classifier]


def weights_of(network: Network) -> int:
    """Return the weights behind the last map: signs and an integer per norm's output or score, or all floats."""
    total = 0
    for part in behind(network):
        if isinstance(part, FloatHead | nn.Linear):
            total += sum(parameter.numel() for parameter in part.parameters())
        total += sum(m.binary.weight.numel() for m in part.modules() if isinstance(m, BinaryLinear))
        total += sum(m.num_features for m in part.modules() if isinstance(m, Norm))
    return total + (0 if isinstance(network.classifier, nn.Linear) else len(network.classifier.bias))


def train(network: Network, images: Tensor, labels: Tensor, steps: int) -> None:
    """Train in place, on batches drawn in passes over the pictures."""
    floats = [p for part in behind(network) if isinstance(part, FloatHead | nn.Linear) for p in part.parameters()]
    rest = [p for p in network.parameters() if all(p is not other for other in floats)]
    groups = [{"params": rest, "top": RATE}, *([{"params": floats, "top": FLOAT_RATE}] if floats else [])]
    optimizer, order = torch.optim.Adam(groups), torch.empty(0, dtype=torch.long)
    network.train()
    for step in range(steps):
        if len(order) < BATCH:
            order = torch.randperm(len(images))
        batch, order = order[:BATCH], order[BATCH:]
        for group in optimizer.param_groups:
            group["lr"] = group["top"] * 0.5 * (1 + math.cos(math.pi * step / steps))
        loss = F.cross_entropy(network(images[batch].contiguous(memory_format=torch.channels_last)), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def measure(data: Dataset, pictures: str, head: str, seed: int, steps: int, width: int) -> Measured:
    """Train one network and count it."""
    from finn_build.estimate import estimate

    started = time.perf_counter()
    torch.manual_seed(seed)
    images, tests = (torch.from_numpy(x.transpose(0, 3, 1, 2).copy()) for x in (data.train_images, data.test_images))
    labels = torch.from_numpy(data.train_labels).long()
    network = made(head, width, tuple(images.shape[1:]), len(data.classes))
    train(network, images, labels, steps)
    estimate_statistics(network, images)
    right = predict(network, tests).numpy() == data.test_labels
    found = None
    if head not in FLOATS:
        integers = freeze(network, data.classes)
        frozen = integers.classify(integers.run(tests.numpy())) == data.test_labels
        right, found = frozen, estimate(integers, FPS)  # what the circuit decides
    seconds = round(time.perf_counter() - started, 1)
    cost = (None, None) if found is None else (found.lut, found.bram18)
    return Measured(pictures, head, seed, float(right.mean()), weights_of(network), *cost, seconds)


def table(found: list[Measured]) -> str:
    """Return medians over the seeds, with the least and the largest accuracy, as a table for people."""
    lines = [
        "| pictures | head | accuracy, median (least to largest) | weights | LUT sites, RAMB18 |",
        "|---|---|---|---|---|",
    ]
    for pictures, head in dict.fromkeys((m.pictures, m.head) for m in found):
        rows = [m for m in found if (m.pictures, m.head) == (pictures, head)]
        right = sorted(100 * m.accuracy for m in rows)
        sites = [m.sites for m in rows if m.sites is not None]
        area = f"{statistics.median(sites):,.0f}, {max(m.ramb18 or 0 for m in rows)}" if sites else "none"
        lines.append(
            f"| {pictures} | {head} | {statistics.median(right):.1f} ({right[0]:.1f} to {right[-1]:.1f}) | "
            f"{rows[0].weights:,} | {area} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.heads", description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=["bsdata", "lemon"])
    parser.add_argument("--heads", nargs="+", choices=HEADS, default=list(HEADS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--width", type=int, default=32, help="of hidden layers and states")
    options = parser.parse_args()
    found: list[Measured] = []
    for pictures in options.sets:
        data = load(pictures, size=(32, 32))
        for head in options.heads:
            for seed in options.seeds:
                found.append(measure(data, pictures, head, seed, options.steps, options.width))
                print(found[-1], file=sys.stderr, flush=True)
    print(table(found))
    print(json.dumps([asdict(m) for m in found]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
