"""Compare ways to train, on pictures that are not the test set's.

    python -m tests.benchmarks.ways --sets bsdata --form binary --width 20 [--first constrained]
        [--network FILE] [--augment shift,light] [--teacher float] [--seeds 0] [--steps 3600] [--records FILE]

A third of the training pictures is held out and judges; the others are learned from, to the end of the schedule. The
network is of the family that `neuraljet train` chooses from at a pixel per clock: `binary` with a first layer of
another form, any other form throughout; or one by name or file.

Prints a table for people and one JSON line last.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bnn.data import Dataset, load
from bnn.model.family import COARSE, member
from bnn.model.forms import FORMS
from bnn.model.network import Network
from bnn.model.spec import NetworkSpec, load_spec
from bnn.training.config import STEPS, TrainConfig
from bnn.training.evaluation import estimate_statistics, scores_of
from bnn.training.plan.folds import deal, held_out
from bnn.training.trainer import ESTIMATION_FRAMES, Trainer

FIRST = "jets"  # form of the first block, before binary ones
PARTS = 3  # of the training pictures, one of which judges


def network_of(data: Dataset, form: str, width: int, first: str = FIRST) -> NetworkSpec:
    """Return the network of a width for the pictures of `data`. first: form of the first block before binary ones."""
    height, across, channels = data.train_images.shape[1:]
    return member(
        (channels, height, across), len(data.classes), width, form=form, first=first if form == "binary" else None,
        maps=4, geometry=COARSE,
    )  # fmt: skip


def measure(
    data: Dataset, spec: NetworkSpec, config: TrainConfig, change: Callable[[Network], object] = lambda _: None
) -> dict[str, Any]:
    """Train on all parts but one; return the accuracy on these and on the one. change: the network before it trains."""
    tried = held_out(data, deal(data.train_labels, PARTS, config.seed, data.train_groups) == 0)
    started = time.perf_counter()
    trainer = Trainer(tried, spec, config)
    change(trainer.network)
    trainer.objective.begin()
    while trainer.round < trainer.schedule.rounds:
        for _ in trainer.run_round():
            pass
    estimate_statistics(trainer.network, trainer.sides.images[:ESTIMATION_FRAMES])
    sides = trainer.sides
    learned, held = (
        float((scores_of(trainer.network, images).argmax(1) == labels).float().mean())
        for images, labels in ((sides.images, sides.labels), (sides.held_images, sides.held_labels))
    )
    return {
        "set": data.name, "network": spec.name, "seed": config.seed, "steps": trainer.schedule.steps,
        "augment": list(config.augment), "teacher": config.teacher, "learned": learned, "held": held,
        "pictures": len(sides.held_labels), "seconds": round(time.perf_counter() - started, 1),
    }  # fmt: skip


def line(found: dict[str, Any]) -> str:
    """Return a row of the table."""
    augment = ", ".join(found["augment"]) or "none"
    return (
        f"| {found['set']} | {found['network']} | {augment} | {found['teacher']} | {found['seed']} | "
        f"{found['learned']:.1%} | {found['held']:.1%} of {found['pictures']:,} |"
    )


def keep(path: Path | None, found: dict[str, Any]) -> None:
    """Add a line of JSON to a file, if there is one."""
    if path:
        with path.open("a") as file:
            file.write(json.dumps(found) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ways", description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=["pcb", "bsdata", "lemon"])
    parser.add_argument("--form", choices=FORMS, default="binary")
    parser.add_argument("--first", choices=("jets", "constrained", "binary"), default=FIRST)
    parser.add_argument("--width", type=int, default=20)
    parser.add_argument("--network", help="a network by name or file, in place of --form, --first and --width")
    parser.add_argument("--augment", help="names with commas between; the card's when left out")
    parser.add_argument("--teacher", choices=("none", "float", "hog"), default="none")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--records", type=Path, help="JSON lines to add to")
    options = parser.parse_args()
    found = []
    print("| set | network | augmentation | teacher | seed | learned from | held out |\n|---|---|---|---|---|---|---|")
    for seed in options.seeds:
        for name in options.sets:
            data = load(name)
            asked = tuple(filter(None, (options.augment or "").split(",")))
            augment = asked if options.augment is not None or not data.card else data.card.augment
            config = TrainConfig(seed=seed, steps=options.steps, augment=augment, teacher=options.teacher)
            named = options.network and load_spec(options.network)
            spec = named or network_of(data, options.form, options.width, options.first)
            found.append(measure(data, spec, config))
            print(line(found[-1]), flush=True)
            keep(options.records, found[-1])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
