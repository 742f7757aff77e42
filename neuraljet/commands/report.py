"""neuraljet report: one page about a run, to look at and to hand on."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bnn.errors import UserError
from bnn.storage.records import Record

NAME = "report"
HELP = "Write a page about a run: accuracy, mistakes, robustness, circuit, what was verified and proved"
PORT = 8080
EXAMPLE = "neuraljet report run --accelerator accelerator --out report.html"
PACKAGES = (("jinja2", "Jinja2"), ("matplotlib", "matplotlib"))
MISSING = "the report needs the PyPI package '{}': run `make setup`, or pip install 'neuraljet[report]'"


@dataclass(frozen=True)
class Report(Record):
    """What was written."""

    file: str
    bytes: int
    finished: bool  # the training has; else there is only a learning curve


def report(
    run: str | Path,
    accelerator: str | Path | None = None,
    out: str | Path = "report.html",
    *,
    good: str | None = None,
    quick: bool = False,
    progress: bool = False,
) -> Report:
    """Write the report on a run folder, finished or not, as one HTML file that loads nothing from elsewhere.

    accelerator: the folder that was built from the run. good: the class of parts that are to pass; by default the one
    that is named like it (good, ok, ...), else the first. quick: smaller samples, and no universal perturbations.
    UserError when `out` holds anything but an earlier report.
    """
    require_libraries()
    from tqdm import tqdm

    from bnn.storage.files import write_file
    from neuraljet.reporting.collect import QUICK, WHOLE, collect, steps_of
    from neuraljet.reporting.page import page

    out = Path(out)
    refuse_other_file(out)
    extent = QUICK if quick else WHOLE
    with tqdm(total=steps_of(extent), disable=not progress, bar_format="report: {percentage:.0f} % {elapsed}") as bar:
        content = collect(
            Path(run), None if accelerator is None else Path(accelerator), good=good, extent=extent, step=bar.update
        )
    text = page(content)
    refuse_other_file(out)
    write_file(out, text)
    return Report(str(out), len(text.encode()), content.metrics is not None)


def serve(
    run: str | Path,
    accelerator: str | Path | None = None,
    *,
    port: int = PORT,
    good: str | None = None,
    quick: bool = False,
    ready: Callable[[str], object] = print,
) -> None:
    """Show the report at 127.0.0.1 until the program is interrupted; it follows a training that goes on.

    port: 0 takes any that is free. ready: is told the address. UserError as of `report`, and for a port that is taken.
    """
    require_libraries()
    from neuraljet.reporting.collect import QUICK, WHOLE, collect
    from neuraljet.reporting.serve import Reports, Server

    folder, extent = Path(run), QUICK if quick else WHOLE
    acc = None if accelerator is None else Path(accelerator)
    with Server(Reports(folder, lambda: collect(folder, acc, good=good, extent=extent)), port) as server:
        ready(server.address)
        server.serve_forever()


def refuse_other_file(out: Path) -> None:
    """Raise UserError when `out` is anything but a report of ours or a name that is free in a folder."""
    from neuraljet.reporting.page import MARK

    if not out.parent.is_dir():
        raise UserError(f"--out {out}: there is no folder {out.parent}; make it, or give another file")
    if out.is_dir():
        raise UserError(f"--out {out} is a folder; give a file, such as {out / 'report.html'}")
    if out.is_symlink() or out.exists():
        if out.is_file():
            with out.open("rb") as file:
                if MARK.encode() in file.read(4096):
                    return
        raise UserError(
            f"--out {out} would be replaced, and it is no report of ours; move it away or give another file"
        )


def require_libraries(packages: tuple[tuple[str, str], ...] = PACKAGES, missing: str = MISSING) -> None:
    """Raise UserError when one of `packages`, module and name on PyPI, is not installed; by default what draws."""
    import importlib.util

    for module, package in packages:
        if importlib.util.find_spec(module) is None:
            raise UserError(missing.format(package))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="folder that train wrote, or is writing")
    parser.add_argument("--accelerator", metavar="ACC", help="folder that build made of this run")
    parser.add_argument("--out", metavar="FILE", help="the page to write (report.html)")
    parser.add_argument(
        "--good", metavar="CLASS", help="the class of parts that are to pass (good, ok, ... or the first)"
    )
    parser.add_argument("--quick", action="store_true", help="smaller samples, and no universal perturbations")

    parser.add_argument("--serve", action="store_true", help="show it on this computer, and follow a training")
    parser.add_argument("--port", type=port_number, metavar="N", help=f"of --serve ({PORT}); 0 for any that is free")


def port_number(text: str) -> int:
    """Read the number of a port."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) < 1 << 16):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 65535")
    return int(text)


def main(options: argparse.Namespace) -> tuple[bool, Report | None]:
    if options.serve:
        if options.out is not None:
            raise UserError(f"--out {options.out} is of a report that is written; leave it or --serve out")
        serve(
            options.run, options.accelerator, port=PORT if options.port is None else options.port, good=options.good,
            quick=options.quick,
            ready=lambda address: print(f"report: {address}   Ctrl-C ends it", flush=True),
        )  # fmt: skip
        return True, None
    if options.port is not None:
        raise UserError(f"--port {options.port} is of --serve; add --serve or leave it out")
    result = report(
        options.run,
        options.accelerator,
        options.out or "report.html",
        good=options.good,
        quick=options.quick,
        progress=sys.stderr.isatty(),
    )
    print(summary(result))
    return True, result


def summary(result: Report) -> str:
    """Return where the page is, for people."""
    state = "" if result.finished else "; the training has not finished, so it shows the learning curve alone"
    return f"report: {result.file} ({result.bytes / 1e6:.1f} MB){state}"
