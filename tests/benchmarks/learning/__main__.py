"""The command: what is asked for and not yet recorded is measured."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bnn.errors import UserError
from tests.benchmarks.learning import __doc__ as about
from tests.benchmarks.learning.columns import COLUMNS, NETWORKS, RIVALS, Job, measure, network_column
from tests.benchmarks.learning.records import append, circumstances, key_of, read
from tests.benchmarks.learning.rows import ROWS, pictures, row_of, write_pictures
from tests.benchmarks.learning.table import label, made_at, markdown

RECORDS = Path(__file__).parent / "records.jsonl"
LIMIT_S = 7200.0  # of a measurement
LAST_LINES = 3  # of a traceback


def one(asked: dict[str, Any]) -> dict[str, Any]:
    """Measure one thing in this process; return its entries of the record."""
    row, options = row_of(asked["row"]), asked["options"]
    job = Job(row, asked["column"], asked["seed"], options, asked["synth"], asked["verify"], asked["network"])
    data = pictures(row, job.seed, asked["judge"])
    with tempfile.TemporaryDirectory(prefix="neuraljet-") as work:
        source: str | Path = row.source
        if row.copied:
            source = Path(work) / "pictures"
            write_pictures(data, source)
        return measure(job, data, source, Path(work))


def take(asked: dict[str, Any], limit_s: float) -> dict[str, Any]:
    """Return what is measured: a rival in this process, a network in one of its own, which may take long or crash."""
    return one(asked) if asked["column"] in RIVALS else in_its_own(asked, limit_s)


def in_its_own(asked: dict[str, Any], limit_s: float) -> dict[str, Any]:
    """Return what a process of its own measures; after `limit_s` it is ended."""
    command = [sys.executable, "-m", "tests.benchmarks.learning", "--one", json.dumps(asked)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit_s)
    except subprocess.TimeoutExpired:
        return {"failed": f"longer than {limit_s:g} s"}
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode == 0 and lines:
        found: dict[str, Any] = json.loads(lines[-1])
        return found
    why = " | ".join(done.stderr.strip().splitlines()[-LAST_LINES:])
    return {"failed": f"status {done.returncode}: {why}"}


def value_of(text: str) -> tuple[str, Any]:
    """Read NAME=VALUE, an option of neuraljet.train; VALUE is JSON, or else text."""
    name, equals, value = text.partition("=")
    if not name.isidentifier() or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE, such as teacher=hog")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.learning", description=about.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW", help=", ".join(ROWS))
    parser.add_argument(
        "--columns", nargs="+", choices=COLUMNS, default=[*RIVALS, *NETWORKS], metavar="COLUMN", help=", ".join(COLUMNS)
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument(
        "--with", dest="options", nargs="+", type=value_of, default=[], metavar="NAME=VALUE",
        help="options of neuraljet.train, for a column of their own",
    )  # fmt: skip
    parser.add_argument(
        "--judge", choices=("test", "held"), default="test", help="held: by training pictures that were not drawn"
    )
    parser.add_argument("--synth", action="store_true", help="count the area by synthesis")
    parser.add_argument("--verify", action="store_true", help="simulate every test picture")
    parser.add_argument("--records", type=Path, default=RECORDS, help="JSON lines; what stands there is not run again")
    parser.add_argument("--again", action="store_true", help="run again what stands in the records")
    parser.add_argument("--limit", type=float, default=LIMIT_S, metavar="S", help="seconds of a measurement")
    parser.add_argument(
        "--table", action="store_true", help="print what is recorded of these rows and columns, run nothing"
    )
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser


def main() -> int:
    options = arguments().parse_args()
    if options.one is not None:
        try:
            print(json.dumps(one(json.loads(options.one))))
        except UserError as error:
            print(error, file=sys.stderr)
            return 2
        return 0
    known = {key_of(record): record for record in read(options.records) if "failed" not in record}
    failed = 0
    for asked in [] if options.table else jobs(options):
        if key_of(asked) in known and not options.again:
            continue
        started = time.perf_counter()
        more = {"synth": options.synth, "verify": options.verify, "network": network_for(asked, known)}
        record = {**asked, **circumstances(), **take({**asked, **more}, options.limit)}
        append(options.records, record)
        if "failed" not in record:
            known[key_of(record)] = record
        failed += "failed" in record or bool(record.get("mismatches"))
        told = record.get("failed") or f"{record['accuracy']:.2%}"
        print(f"{asked['row']:12} {label(asked)} seed {asked['seed']}: {told}, "
              f"{time.perf_counter() - started:.0f} s", flush=True)  # fmt: skip
    records = [r for r in read(options.records) if r["row"] in options.only and r["column"] in options.columns]
    print(f"{markdown(records)}\n\n{made_at(records)}")
    return 1 if failed else 0


def network_for(asked: dict[str, Any], known: dict[str, dict[str, Any]]) -> Any:
    """Return the network that a column takes over from another one's record; None when it has its own."""
    of = "" if asked["column"] in RIVALS else network_column(asked["column"]).width_of
    return known.get(key_of({**asked, "column": of}), {}).get("network")


def jobs(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return what is asked for, seed by seed, so that an interrupted measurement has all rows of the first seeds."""
    return [
        {"row": row, "column": column, "seed": seed, "judge": options.judge, "options": dict(options.options)}
        for seed in options.seeds
        for row in options.only
        for column in options.columns
    ]


if __name__ == "__main__":
    sys.exit(main())
