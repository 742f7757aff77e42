"""neuraljet classify: pictures in, the class of each out."""

import argparse
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bnn.errors import UserError
from bnn.storage.records import Record
from neuraljet.commands.numbers import natural
from neuraljet.commands.train import add_trust

if TYPE_CHECKING:
    from neuraljet.classification import Row
    from neuraljet.mapping.run import MapClassification

NAME = "classify"
HELP = "Classify pictures: class, scores, margin and latency of each"
EXAMPLE = "neuraljet classify run new-pictures/ --good good --out results.csv"
SHOWN = 20  # rows that are printed, when there are no more
KEPT = 100  # rows in the result; the table has all
NAMED_PROBLEMS = 20  # pictures that are named on standard error


@dataclass(frozen=True)
class Classification(Record):
    """What `classify` returns. The rows of all pictures are in the table, `out`."""

    scorer: str  # what computed the scores
    model_sha256: str
    pictures: int
    skipped: int  # could not be read, or did not fit
    classes: Mapping[str, int]  # pictures of each
    good: str | None
    offsets: tuple[int, ...]  # what is added to the score of each class before the largest is looked for
    least_margin: int  # a decision with a smaller margin is unsure
    verdicts: Mapping[str, int]  # accepted, rejected, sure, unsure
    scaled: int  # had another size, and were scaled as in training
    latency_clocks: int | None  # from the last pixel to the class, the longest; None when nobody measured it
    latency_us: float | None
    no_latency: str | None  # why there is none
    notes: tuple[str, ...]  # what was left out of the folder
    rows: "tuple[Row, ...]"  # of the first pictures
    out: str | None
    seconds: float

    @property
    def passed(self) -> bool:
        """Was every picture classified?"""
        return not self.skipped


def classify(
    model: str | Path,
    pictures: str | Path,
    *,
    out: str | Path | None = None,
    simulated: bool = False,
    on_board: str | Path | None = None,
    good: str | None = None,
    least_margin: int | None = None,
    bits: int | None = None,
    trust: bool = False,
    progress: bool = False,
    lines: Iterable[bytes] = (),
    map: bool = False,
    boxes: str | Path | None = None,
    lead: int | None = None,
    least_cells: int | None = None,
) -> "Classification | MapClassification":
    """Classify every picture that `pictures` names (bnn.data.listing), scaled and converted as in training.

    model: a run or accelerator folder. The integer network computes the scores unless `simulated` asks for the RTL in
    Verilator, or `on_board` for a board with the bitstream in that folder. out: a CSV file to write, whole or not at
    all, and never over a file. good: pictures of every other class are rejected. least_margin: a smaller margin is
    unsure. Where they are None, both are those of the folder's operating point, whose offsets always count. bits: of
    16-bit pictures, when training saw none. trust: see finn_build.trust. lines: paths, when `pictures` is "-".

    map: look over whole pictures and find what is in them; `out` is a folder to make then, and boxes, lead and
    least_cells are as of neuraljet.mapping.run.classify_map.

    Pictures that cannot be read or do not fit are counted, with a row that says why. UserError when there is no
    picture, and for everything else that is wrong with the input.
    """
    if map:
        if simulated or on_board is not None or least_margin is not None or pictures == "-":
            raise UserError(
                "--map looks over whole pictures by the integer network: leave out --simulated, --on-board and "
                "--least-margin, and name the pictures"
            )
        from neuraljet.mapping.run import LEAST_CELLS, classify_map

        return classify_map(
            model, pictures, boxes=boxes, out=out, good=good, lead=lead, bits=bits,
            least_cells=LEAST_CELLS if least_cells is None else least_cells,
        )  # fmt: skip
    of_maps = (("--boxes", boxes), ("--lead", lead), ("--least-cells", least_cells))
    given = [name for name, value in of_maps if value is not None]
    if given:
        raise UserError(f"{' and '.join(given)} count with --map only")
    from tqdm import tqdm

    from bnn.data.listing import listing
    from bnn.data.notes import Notes
    from bnn.storage.files import new_file
    from neuraljet.classification import Judge, Table, Tally, classify_rows
    from neuraljet.opened import open_folder
    from neuraljet.scorers import scorer

    started = time.monotonic()
    opened = open_folder(model)
    fit, judge = opened.fit(bits), Judge.of(opened, good, least_margin)
    notes = Notes(Path(pictures))
    tally, kept, total = Tally(), list["Row"](), 0
    with ExitStack() as stack:
        table = None if out is None else Table(stack.enter_context(new_file(Path(out))), judge.classes)
        found = listing(pictures, notes, lines)
        used = stack.enter_context(scorer(opened, judge.point, simulated=simulated, on_board=on_board, trust=trust))
        rows = classify_rows(used, fit, judge, found.paths, tally, notes)
        bar = tqdm(
            rows,
            total=found.total,
            unit=" pictures",
            disable=not progress or found.total == 1,
            mininterval=0.5,
            leave=False,
        )
        for row in bar:
            total += 1
            if row.problem and progress and tally.skipped <= NAMED_PROBLEMS:
                bar.write(_left_out(row, tally.skipped), file=sys.stderr)
            if table:
                table.write(row)
            if len(kept) < KEPT:
                kept.append(row)
        if not total:
            raise UserError(
                f"{pictures} names no pictures; give a folder of pictures, or a list with a path in each line"
            )
    if progress:
        for note in notes.lines():
            print(f"note: {note}", file=sys.stderr, flush=True)
    latency = tally.latency or (None, None)
    return Classification(
        scorer=used.name,
        model_sha256=opened.model_sha256,
        pictures=total,
        skipped=tally.skipped,
        classes={name: tally.classes[name] for name in judge.classes},
        good=judge.good,
        offsets=judge.point.offsets,
        least_margin=judge.point.least_margin,
        verdicts=dict(sorted(tally.verdicts.items())),
        scaled=tally.scaled,
        latency_clocks=latency[0],
        latency_us=latency[1],
        no_latency=_why_no_latency(used.name, opened.manifest is not None) if tally.latency is None else None,
        notes=notes.lines(),
        rows=tuple(kept),
        out=None if out is None else str(out),
        seconds=time.monotonic() - started,
    )


def _why_no_latency(scorer: str, has_circuit: bool) -> str:
    from neuraljet.scorers import INTEGER

    if scorer != INTEGER:
        return "no picture was classified"
    if has_circuit:
        return "not measured yet; `neuraljet verify` does so, and --simulated"
    return "a run has no circuit; give an accelerator folder"


def _left_out(row: "Row", number: int) -> str:
    from bnn.storage.names import printable

    if number == NAMED_PROBLEMS:
        return "skipped: further pictures, which are not named here; the table of --out says why"
    return f"skipped: {printable(row.problem or '')}"


def add_scorer(parser: argparse.ArgumentParser) -> None:
    """Add who computes the scores, and how deep the pictures are."""
    parser.add_argument("--simulated", action="store_true", help="classify by the circuit, simulated")
    parser.add_argument("--on-board", metavar="FOLDER", help="classify on this board, with the bitstream in FOLDER")
    parser.add_argument(
        "--bits", type=int, choices=(8, 10, 12, 14, 16), help="bits that the camera uses of 16-bit pictures"
    )
    add_trust(parser)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="RUN|ACC", help="folder that train or build made")
    parser.add_argument(
        "pictures",
        metavar="PICTURES",
        help="a folder with all below it, a list of paths (.txt, .csv), one picture, or - for paths on standard input",
    )
    parser.add_argument(
        "--out", metavar="FILE.csv|FOLDER", help="table to write, a row for each picture; with --map a folder to make"
    )
    parser.add_argument("--map", action="store_true", help="find what is in whole pictures, by a network of tiles")
    parser.add_argument("--boxes", metavar="FILE.csv", help="with --map: boxes of what is there, to score against")
    parser.add_argument(
        "--lead", type=natural, metavar="N", help="with --map: by how much a cell leads the good class, at least"
    )
    parser.add_argument("--least-cells", type=natural, metavar="N", help="with --map: fewest cells of a find (4)")
    parser.add_argument("--good", metavar="CLASS", help="reject the pictures of every other class")
    parser.add_argument(
        "--least-margin", type=natural, metavar="N", help="be unsure where best and second best score differ by less"
    )
    add_scorer(parser)


def main(options: argparse.Namespace) -> "tuple[bool, Classification | MapClassification]":
    result = classify(
        options.model,
        options.pictures,
        out=options.out,
        simulated=options.simulated,
        on_board=options.on_board,
        good=options.good,
        least_margin=options.least_margin,
        bits=options.bits,
        trust=options.trust,
        progress=True,
        lines=sys.stdin.buffer if options.pictures == "-" else (),
        map=options.map,
        boxes=options.boxes,
        lead=options.lead,
        least_cells=options.least_cells,
    )
    if not isinstance(result, Classification):
        from neuraljet.commands.finds import summary as map_summary

        print(map_summary(result))
        if options.out:
            print(f"folder: {options.out}")
        return True, result
    print(summary(result))
    return result.passed, result


def summary(result: Classification) -> str:
    """Return a row for each of a few pictures, the counts of the classes and the latency, for people."""
    from bnn.storage.names import printable

    lines = _table(result.rows) if result.pictures <= SHOWN else []
    lines.append(f"{'class':24} pictures")
    lines += [f"{printable(name):24} {count:8,}" for name, count in result.classes.items()]
    done = result.pictures - result.skipped
    lines.append(
        f"{done:,} of {result.pictures:,} pictures classified by the {result.scorer} in {result.seconds:.1f} s"
    )
    if result.skipped:
        lines.append(f"{result.skipped:,} skipped: they could not be read or do not fit")
    if any(result.offsets):
        offsets = ", ".join(f"{offset:+d}" for offset in result.offsets)
        lines.append(f"decided at the folder's operating point: the scores with {offsets}")
    if result.verdicts:
        lines.append(_verdicts(result))
    if result.scaled:
        lines.append(f"{result.scaled:,} had another size, and were scaled as in training")
    if result.latency_clocks is None:
        lines.append(f"no latency: {result.no_latency}")
    else:
        lines.append(f"{result.latency_clocks:,} clocks from the last pixel to the class, {result.latency_us:.6g} us")
    if result.out:
        lines.append(f"table: {result.out}")
    return "\n".join(lines)


def _verdicts(result: Classification) -> str:
    counts = ", ".join(f"{count:,} {name}" for name, count in result.verdicts.items())
    rules = []
    if result.good is not None:
        rules.append(f"rejected: not {result.good!r}")
    if result.least_margin:
        rules.append(f"unsure: margin below {result.least_margin}")
    return f"{counts} ({'; '.join(rules)})"


def _table(rows: "tuple[Row, ...]") -> list[str]:
    from bnn.storage.names import printable

    cells = [["picture", "class", "margin", "scores", "verdict"]]
    for row in rows:
        if row.label is None or row.scores is None:
            cells.append([printable(row.picture), "-", "-", "-", "skipped"])
        else:
            scores = " ".join(map(str, row.scores))
            cells.append([printable(row.picture), printable(row.label), str(row.margin), scores, row.verdict or ""])
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    return [
        "  ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4])).rstrip()
        for row in cells
    ]
