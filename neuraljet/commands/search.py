"""neuraljet search: try many networks within a budget, and train the best of them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bnn.errors import UserError
from neuraljet.commands import report
from neuraljet.commands.numbers import positive
from neuraljet.commands.train.options import (
    MOST_SEED,
    MOST_STEPS,
    add_budget,
    add_labels,
    parse_size,
    seed_number,
    whole,
)
from neuraljet.commands.workers import add_engine

if TYPE_CHECKING:
    from neuraljet.searching.whole import SearchResult

NAME = "search"
HELP = "Search for the most accurate network within a budget, and train it"
EXAMPLE = "neuraljet search pictures/ --sites 1800 --fps 1000 --hours 2 --out study"
METHODS = ("tpe", "nsga2", "evolve", "slim", "prune")  # neuraljet.searching.methods.METHODS, without loading Optuna
PACKAGES = (("optuna", "optuna"), *report.PACKAGES)
DATABASE_PACKAGES = (("sqlalchemy", "SQLAlchemy"), ("psycopg", "psycopg[binary]"))
MISSING = "a search needs the PyPI package '{}': run `make setup`, or pip install 'neuraljet[search,report]'"
MOST_HOURS = 24 * 366


def search(
    data: str | Path,
    out: str | Path,
    *,
    sites: int | None = None,
    fps: float | None = None,
    ramb18: int | None = None,
    hours: float | None = None,
    trials: int | None = None,
    method: str = METHODS[0],
    storage: str | None = None,
    engine: str = "local",
    steps: int | None = None,
    seed: int = 0,
    augment: str | None = None,
    balance: bool = False,
    size: tuple[int, int] | None = None,
    color: str | None = None,
    labels: str | Path | None = None,
    group_by: str | None = None,
    progress: bool = False,
) -> "SearchResult":
    """Search for the most accurate network within a budget, and train it in full into the run folder `out`/best.

    sites, fps, ramb18: the budget, as in `train`. hours, trials: how long, at least one of them. The same call goes on
    with the search in `out`; both count what was done before: hours those in this folder, the training of the best
    network with them, trials those of the study.

    method: tpe and evolve look for accuracy within the budget, nsga2 for accuracy and few sites, slim and prune for
    networks that begin wider and are made smaller until they fit. storage: URL of a
    PostgreSQL database, in which equal searches on several machines are one. engine: what trains, see bnn.engines.
    steps: of the whole training. seed: of every training. The others are as in `train`.

    Trials are judged by training pictures that are held out, never by test pictures. The first one is the network that
    `train` would choose. UserError for everything that is wrong with the input.
    """
    _check(hours, trials, method, seed, steps)
    report.require_libraries((*PACKAGES, *(DATABASE_PACKAGES if storage is not None else ())), MISSING)
    from bnn.data import load, source_of
    from bnn.data.check import checked
    from bnn.engines import words
    from bnn.model.budget import Budget
    from bnn.training.config import TrainConfig
    from bnn.training.plan.ask import augmentation, length
    from finn_build import adapter
    from neuraljet.searching.folder import Request
    from neuraljet.searching.trial import Pictures
    from neuraljet.searching.whole import Bounds, search_whole

    words(engine)
    budget = Budget.of(sites, fps, ramb18)
    adapter.require()
    pictures = checked(load(data, size=size, color=color, labels=labels, group_by=group_by))
    config = TrainConfig(
        steps=length(steps, None, "default", pictures),
        seed=seed,
        augment=augmentation(augment, pictures),
        balance=balance,
    )
    source = source_of(data, pictures, labels, group_by)
    request = Request(Pictures(source, pictures.digest), budget, config, method)
    bounds = Bounds(trials, None if hours is None else hours * 3600)
    return search_whole(
        pictures, Path(out), request, bounds, engine=engine, storage=storage, progress=progress
    )  # fmt: skip


def _check(hours: float | None, trials: int | None, method: str, seed: int, steps: int | None) -> None:
    from bnn.model.options import require_whole

    if hours is None and trials is None:
        raise UserError("a search ends when you say: give --hours, --trials, or both")
    if hours is not None and not 0 < hours <= MOST_HOURS:
        raise UserError(f"hours {hours:g} is not a number above 0 and up to {MOST_HOURS:,}")
    for name, value, most in (("trials", trials, 10**6), ("steps", steps, MOST_STEPS)):
        if value is not None:
            require_whole(name, value, 1, most)
    require_whole("seed", seed, 0, MOST_SEED)
    if method not in METHODS:
        raise UserError(f"method {method!r} is unknown; choose one of {', '.join(METHODS)}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="folder of class folders or IDX files, or a set: biscuits, ...")
    parser.add_argument("--out", required=True, metavar="STUDY", help="folder to make, or of the search to go on with")
    add_budget(parser)
    parser.add_argument("--hours", type=positive, metavar="H", help="how long, of all searches in this folder")
    parser.add_argument("--trials", type=whole, metavar="N", help="how many networks are trained in the whole study")
    parser.add_argument("--method", choices=METHODS, default=METHODS[0], help=f"what chooses networks ({METHODS[0]})")
    parser.add_argument("--storage", metavar="URL", help="PostgreSQL database, for several machines at one search")
    add_engine(parser, "train networks", default="local")
    parser.add_argument("--steps", type=whole, metavar="N", help="of the whole training: steps of 64 pictures (3,600)")
    parser.add_argument("--seed", type=seed_number, default=0, metavar="N", help="of every training")
    parser.add_argument("--augment", metavar="auto|none|NAMES", help="how pictures are varied: flip_x,shift,light,...")
    parser.add_argument("--balance", action="store_true", help="each class counts the same, however few its pictures")
    parser.add_argument("--size", metavar="HxW", help="scale the pictures to this size")
    parser.add_argument("--color", choices=("gray", "rgb"))
    add_labels(parser)


def main(options: argparse.Namespace) -> "tuple[bool, SearchResult]":
    try:
        result = search(
            options.data, options.out, sites=options.sites, fps=options.fps, ramb18=options.ramb18,
            hours=options.hours, trials=options.trials, method=options.method, storage=options.storage,
            engine=options.engine, steps=options.steps, seed=options.seed, augment=options.augment,
            balance=options.balance, size=parse_size(options.size) if options.size else None, color=options.color,
            labels=options.labels, group_by=options.group_by, progress=True,
        )  # fmt: skip
    except KeyboardInterrupt:
        if (Path(options.out) / "search.json").exists():
            print(f"interrupted; the same command goes on with {options.out}, and what was finished stays")
        raise
    print(summary(result))
    return True, result


def summary(result: "SearchResult") -> str:
    """Return the front and the best run, for people."""
    lines = [
        f"{result.trials} networks trained, {result.refused} refused by estimate, in {result.seconds / 3600:.2f} h; "
        f"after {result.steps} steps, on {result.held_out} held-out pictures:",
        f"{'accuracy':>8} {'LUT sites':>9} {'RAMB18':>6} {'clocks':>8} {'parameters':>10}  network",
    ]
    for row in result.front:
        lines.append(
            f"{row.accuracy:8.1%} {row.sites:9,} {row.ramb18:6} {row.clocks:8,} {row.parameters:10,}  {row.network}"
        )
    if result.default_accuracy is not None:
        lines.append(f"{result.default_accuracy:8.1%} without a search")
    lines += [f"note: {note}" for note in result.notes]
    lines.append(
        f"the best one, trained in full: {result.test_accuracy:.2%} on the test pictures ({result.best})\n"
        f"page: {result.folder}/front.html   next: neuraljet build {result.best} --out accelerator"
    )
    return "\n".join(lines)
