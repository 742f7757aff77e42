"""neuraljet study: a question, many trainings, a table with intervals."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bnn.errors import UserError
from neuraljet.commands.train import whole
from neuraljet.commands.workers import add_engine

if TYPE_CHECKING:
    from bnn.engines import Outcome
    from neuraljet.studying.running import Studied

NAME = "study"
HELP = "Run a study: trainings over factors and seeds, tabled with intervals"
EXAMPLE = "neuraljet study optimizers --out optimizers --engine local:2"


def study(
    name: str | Path,
    out: str | Path,
    *,
    engine: str = "local",
    full: bool = False,
    only: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    seeds: int | None = None,
    progress: bool = False,
) -> "Studied":
    """Run a study by its name, or one of your own as a TOML file, into the folder `out`; the same call goes on.

    engine: local, local:N, ray or ray://HOST:PORT. full: as large as the study says for those who have the time.
    only: values, with commas between, of factors by name. settings: other values of what is fixed. seeds: the first so
    many. Returns the tables. UserError for everything that is wrong with the study, and when `out` holds another one.
    """
    from neuraljet.studying.cells import narrowed
    from neuraljet.studying.running import run_study
    from neuraljet.studying.study import load_study

    found = load_study(name)
    found = narrowed(found.in_full() if full else found, only or {}, settings or {}, seeds)
    return run_study(found, Path(out), engine, _tell if progress else lambda outcome: None)


def _tell(outcome: "Outcome") -> None:
    asked = {k: v for k, v in outcome.task.description.items() if isinstance(v, str | int | float) and k != "task"}
    words = ", ".join(f"{name} {value}" for name, value in asked.items())[:160]
    record = outcome.record or {}
    came = str(outcome.error) if outcome.error else f"accuracy {record['accuracy']:.1%}" if "accuracy" in record else ""
    took = f", {record['seconds']:.0f} s" if "seconds" in record else ""
    print(f"{outcome.done}/{outcome.total} {words}: {came}{took}", file=sys.stderr, flush=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="NAME|FILE", help="optimizers, transfer, ..., or a TOML file")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to make, or to go on in")
    add_engine(parser, "train networks", default="local")
    parser.add_argument("--full", action="store_true", help="longer trainings and more seeds, for larger machines")
    parser.add_argument("--only", nargs="+", type=assigned, default=[], metavar="FACTOR=VALUES", help="some values")
    parser.add_argument(
        "--with", dest="settings", nargs="+", type=assigned, default=[], metavar="NAME=VALUE", help="other settings"
    )
    parser.add_argument("--seeds", type=whole, metavar="N", help="the first N seeds alone")


def assigned(text: str) -> tuple[str, str]:
    """Read NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE, such as set=lemon")
    return name, value


def main(options: argparse.Namespace) -> "tuple[bool, Studied]":
    from neuraljet.studying.rows import value_of

    given = dict(options.only)
    if len(given) < len(options.only):
        raise UserError("--only names a factor twice; give its values with commas: --only set=lemon,pcb")
    result = study(
        options.study,
        options.out,
        engine=options.engine,
        full=options.full,
        only=given,
        settings={name: value_of(text) for name, text in options.settings},
        seeds=options.seeds,
        progress=True,
    )
    print(result.tables, end="")
    print(f"{result.records} of {result.cells} records: {Path(result.folder) / 'records.csv'}")
    return True, result
