"""neuraljet watch: do the pictures that come in still look like the held-out ones?"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bnn.storage.records import Record
from neuraljet.commands.classify import add_scorer
from neuraljet.commands.numbers import probability
from neuraljet.commands.train import whole

if TYPE_CHECKING:
    from bnn.drift.heldout import HeldOut
    from bnn.drift.watch import Finding
    from neuraljet.opened import Opened

NAME = "watch"
HELP = "Compare margins and brightness of the pictures that come in with the held-out ones, and tell of drift"
EXAMPLE = "neuraljet watch accelerator today/ --window 100"
WAY_OUT = "train again with this version, or give --against PICTURES, such as the test pictures, to compare with those"
WINDOW, LEVEL = 50, 0.01  # bnn.drift.watch, without loading NumPy


@dataclass(frozen=True)
class Watched(Record):
    """What `watch` returns."""

    scorer: str
    model_sha256: str
    held_out: int  # pictures that are compared with
    pictures: int
    skipped: int  # could not be read, or did not fit
    window: int
    level: float
    together: bool
    findings: "tuple[Finding, ...]"  # one per window
    left_over: Mapping[str, int]  # pictures of each class that fill no window
    too_few: tuple[str, ...]  # classes of which too few pictures were held out to tell anything
    matches: bool
    seconds: float


def watch(
    model: str | Path,
    pictures: str | Path,
    *,
    window: int = WINDOW,
    level: float = LEVEL,
    together: bool = False,
    against: str | Path | None = None,
    simulated: bool = False,
    on_board: str | Path | None = None,
    bits: int | None = None,
    trust: bool = False,
    tell: Callable[[str], None] | None = None,
    warn: Callable[[str], None] | None = None,
    lines: Iterable[bytes] = (),
) -> Watched:
    """Compare the pictures that `pictures` names, in order, with the held-out ones of a run or accelerator folder.

    window, level, together: see bnn.drift.watch. against: pictures to compare with, in place of the test pictures that
    heldout.json describes. simulated, on_board, bits, trust, lines: as for `classify`. tell: gets a line as soon as a
    window is whole. warn: gets a line for what is to be known before, and for each picture that is skipped.

    UserError when no window became whole, and for everything that is wrong with the input.
    """
    from bnn.data.listing import STDIN, listing
    from bnn.data.notes import Notes
    from bnn.drift.heldout import load
    from bnn.drift.watch import Watch
    from bnn.errors import UserError
    from bnn.integer.decision import OperatingPoint
    from neuraljet.classification import BATCH, seen
    from neuraljet.opened import open_folder
    from neuraljet.scorers import scorer

    started = time.monotonic()
    opened = open_folder(model)
    fit, notes = opened.fit(bits), Notes(Path(pictures))
    held_out = load(opened.folder, opened.model_sha256, WAY_OUT) if against is None else _against(opened, against, bits)
    if held_out.classes != opened.network.classes:
        raise UserError(f"{model}: heldout.json names other classes than the network; {WAY_OUT}")
    watching = Watch(held_out, window=window, level=level, together=together)
    say = warn or (lambda line: None)
    for label in watching.too_few():
        say(f"too few pictures of {label} were held out to tell whether {window} new ones differ")
    found = listing(pictures, notes, lines)
    neutral = OperatingPoint.neutral(len(opened.network.classes))
    findings, skipped = list["Finding"](), 0
    with scorer(opened, neutral, simulated=simulated, on_board=on_board, trust=trust) as used:
        for one in seen(used, fit, found.paths, 1 if pictures == STDIN else BATCH, notes):
            if one.frame is None or one.result is None:
                skipped += 1
                say(f"skipped: {one.problem}")
                continue
            finding = watching.see(one.frame, one.result.scores)
            if finding is not None:
                findings.append(finding)
                if tell:
                    tell(finding.words())
        name = used.name
    for note in notes.lines():
        say(f"note: {note}")
    if not findings:
        raise UserError(
            f"nothing was compared: {watching.seen} pictures came, and none of the classes had {window}; give more "
            "pictures, a smaller --window, or --together"
        )
    return Watched(
        scorer=name,
        model_sha256=opened.model_sha256,
        held_out=held_out.pictures(),
        pictures=watching.seen,
        skipped=skipped,
        window=window,
        level=level,
        together=together,
        findings=tuple(findings),
        left_over=watching.left_over(),
        too_few=watching.too_few(),
        matches=all(finding.matches for finding in findings),
        seconds=time.monotonic() - started,
    )


def _against(opened: "Opened", pictures: str | Path, bits: int | None) -> "HeldOut":
    """Return margins and brightness of other pictures, by the integer network. UserError for an unreadable one."""
    import numpy as np

    from bnn.data.listing import listing
    from bnn.data.notes import Notes
    from bnn.drift.heldout import HeldOut, brightness_of
    from bnn.errors import UserError
    from bnn.integer.decision import OperatingPoint
    from neuraljet.classification import seen
    from neuraljet.scorers import IntegerScorer

    fit, bright, scores = opened.fit(bits), [], []
    for one in seen(
        IntegerScorer(opened, OperatingPoint.neutral(len(opened.network.classes))),
        fit,
        listing(pictures, Notes(Path(pictures))).paths,
    ):
        if one.frame is None or one.result is None:
            raise UserError(f"--against {pictures}: {one.problem}")
        bright.append(brightness_of(one.frame[None])[0])
        scores.append(one.result.scores)
    if not scores:
        raise UserError(f"--against {pictures} names no pictures; give a folder of pictures, or a list of paths")
    values = fit.height * fit.width * fit.channels
    return HeldOut.of(opened.model_sha256, opened.network.classes, values, np.array(bright), np.array(scores))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="RUN|ACC", help="folder that train or build made")
    parser.add_argument(
        "pictures",
        metavar="PICTURES|-",
        help="a folder, a list of paths, or - for paths on standard input, as they come",
    )
    parser.add_argument(
        "--window",
        type=whole,
        default=WINDOW,
        metavar="N",
        help=f"pictures of a class that are compared at once ({WINDOW})",
    )
    parser.add_argument(
        "--level", type=probability, default=LEVEL, metavar="P",
        help=f"probability of a false alarm, however long it watches ({LEVEL})",
    )  # fmt: skip
    parser.add_argument(
        "--together", action="store_true", help="compare all classes at once: another share of a class differs too"
    )
    parser.add_argument("--against", metavar="PICTURES", help="pictures to compare with, in place of the held-out ones")
    add_scorer(parser)


def main(options: argparse.Namespace) -> tuple[bool, Watched]:
    from bnn.storage.names import printable

    result = watch(
        options.model,
        options.pictures,
        window=options.window,
        level=options.level,
        together=options.together,
        against=options.against,
        simulated=options.simulated,
        on_board=options.on_board,
        bits=options.bits,
        trust=options.trust,
        tell=lambda line: print(printable(line), flush=True),
        warn=lambda line: print(printable(line), file=sys.stderr, flush=True),
        lines=sys.stdin.buffer if options.pictures == "-" else (),
    )
    print(summary(result))
    return result.matches, result


def summary(result: Watched) -> str:
    """Return what was found over all windows, for people."""
    from bnn.storage.names import printable

    differ = sum(not finding.matches for finding in result.findings)
    windows = f"{len(result.findings):,} window{'s' * (len(result.findings) != 1)} of {result.window}"
    says = f"{differ:,} of {windows} differ" if differ else f"all match, {windows}"
    lines = [
        f"{says}: {result.pictures:,} pictures beside {result.held_out:,} held-out ones; false alarm in "
        f"{result.level:.3g} of all watches at the most"
    ]
    if result.left_over:
        left = ", ".join(f"{count} {printable(label)}" for label, count in result.left_over.items())
        lines.append(f"not compared yet, because their window is not whole: {left}")
    if result.skipped:
        lines.append(f"{result.skipped:,} pictures skipped: they could not be read or do not fit")
    return "\n".join(lines)
