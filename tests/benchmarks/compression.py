"""What pruning is worth: as published on float networks, and on ours, where the cost is LUT sites.

    python -m tests.benchmarks.compression published|jets|ours [--seeds 0 1]

published  trains, prunes and fine-tunes float networks on mnist: what is left, and test accuracy before and after
jets       estimates networks of which more and more jets are none: does the area fall with them?
ours       trains a wide network, makes it smaller by each method and trains on, all to the same sites; needs bsdata

Each record is a line of JSON.
"""

import argparse
import json
from collections.abc import Iterator
from typing import Any

import torch

from bnn.compress.candidates import jets_of
from bnn.compress.published import published
from bnn.errors import UserError
from bnn.model.budget import Budget
from bnn.model.layers import Norm
from bnn.model.network import Network
from bnn.model.spec import Block, NetworkSpec
from bnn.storage.records import entries
from bnn.training.evaluation import estimate_statistics
from finn_build.compression import compression_trial, sites_of

MNIST = {"source": "mnist"}
PUBLISHED: tuple[dict[str, Any], ...] = (
    {
        "method": "evolve", "network": "lenet-300-100", "data": MNIST, "steps": 3000,
        "settings": {"rounds": 8, "steps": 500, "tolerance": 0.02, "evolution": {"generations": 8, "population": 10}},
    },
    {
        "method": "evolve", "network": "lenet-300-100", "data": MNIST, "steps": 3000,
        "settings": {"rounds": 5, "steps": 500, "tolerance": 0.02, "evolution": {"generations": 8, "population": 10}},
    },
    {
        "method": "evolve", "network": "lenet-5", "data": MNIST, "steps": 600,
        "settings": {"rounds": 4, "steps": 150, "tolerance": 0.02, "evolution": {"generations": 6, "population": 6}},
    },
    {
        "method": "evolve", "network": "lenet-5", "data": MNIST, "steps": 600,
        "settings": {"rounds": 2, "steps": 150, "tolerance": 0.02, "evolution": {"generations": 6, "population": 6}},
    },
    {
        "method": "damage", "network": "lenet-5", "data": MNIST, "steps": 600,
        "settings": {"rounds": 3, "steps": 150, "pictures": 200},
    },
    {
        "method": "slim", "network": "vgg", "data": MNIST, "steps": 300,
        "settings": {"operations": 0.24, "penalty": 0.001, "steps": 200},
    },
)  # fmt: skip
SHAPE = (1, 32, 32)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the jets that may go


def network_of(channels: tuple[int, int, int], form: str) -> NetworkSpec:
    """Return three blocks without padding, the first of jets, pooled by 2, 2 and not at all."""
    blocks = tuple(
        Block(c, form="jets" if i == 0 else form, padding=False, pool=(2, 2, 1)[i]) for i, c in enumerate(channels)
    )
    return NetworkSpec("wide", blocks)


BINARY, JETS = (entries(network_of((24, 48, 48), form)) for form in ("binary", "jets"))
WIDE = {
    "data": {"source": "bsdata", "size": [32, 32], "color": "gray"}, "network": BINARY, "sites": 1800, "ramb18": 4,
    "steps": [300, 150], "validation": 0.4,
}  # fmt: skip
OURS: tuple[dict[str, Any], ...] = (
    {"method": "slim"},
    {"method": "slim", "criterion": "chance"},
    {"method": "slim", "criterion": "scale"},
    {"method": "slim", "criterion": "scale", "sparsity": 0.002},
    {"method": "evolve"},
    {"method": "slim", "rate": 0.01},
    {"method": "slim", "scratch": True},
    {"method": "prune", "network": JETS},
    {"method": "slim", "network": JETS},
)


def sites_by_share(channels: tuple[int, int, int], form: str, fps: float | None) -> list[float]:
    """Return the estimated sites of a network with random weights, by SHARES of its jets that are none."""
    torch.manual_seed(0)
    images = torch.randint(0, 256, (16, *SHAPE), dtype=torch.uint8)
    network = Network(network_of(channels, form), SHAPE, 2)
    estimate_statistics(network, images)
    for norm in network.modules():
        if isinstance(norm, Norm):
            torch.nn.init.uniform_(norm.bias, -1, 1)
    jets, cost = jets_of(network, images), sites_of(Budget.of(None, fps, 4))
    return [cost(jets.without([int(share * len(group)) for group in jets.groups])) for share in SHARES]


def records(what: str, seeds: list[int]) -> Iterator[dict[str, Any]]:
    """Yield a record for each measurement."""
    if what == "jets":
        for fps in (None, 10_000.0, 1_000.0):
            for form in ("jets", "bottleneck"):
                yield {"fps": fps, "form": form, "shares": SHARES, "sites": sites_by_share((16, 32, 32), form, fps)}
        return
    for seed in seeds:
        for description in PUBLISHED if what == "published" else OURS:
            whole = {**(WIDE if what == "ours" else {}), **description, "seed": seed}
            try:
                yield {**whole, "record": published(whole) if what == "published" else compression_trial(whole)}
            except UserError as error:
                yield {**whole, "refused": str(error)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("published", "jets", "ours"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    given = parser.parse_args()
    for record in records(given.what, given.seeds):
        print(json.dumps(record), flush=True)
