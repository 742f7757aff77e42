"""Classify pictures of any number, one batch in memory at a time: a row for each, in the order in which they come."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from bnn.data.frames import Fit, Frame
from bnn.data.notes import Notes
from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint
from bnn.storage.records import NAMED, Record
from neuraljet.opened import Opened
from neuraljet.scorers import Result, Scorer

BATCH = 64  # pictures in memory at once, at the most
BATCH_VALUES = 1 << 20  # pixels times channels of them
ACCEPTED, REJECTED, SURE, UNSURE = "accepted", "rejected", "sure", "unsure"
BROKEN = "the picture reached the accelerator cut, too short or too long: classify it again"
FORMULA = ("=", "+", "-", "@")  # a spreadsheet takes what begins so for a formula


@dataclass(frozen=True)
class Row(Record):
    """A picture: its result, or why it has none. What does not apply is None, and an empty field of the table."""

    picture: str
    label: str | None = field(default=None, metadata={NAMED: "class"})
    scores: tuple[int, ...] | None = None
    margin: int | None = None  # how far the largest score, with its offset, is above the second largest
    verdict: str | None = None
    latency_clocks: int | None = None  # from the last pixel to the class
    latency_us: float | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Judge:
    """Turns decisions into verdicts."""

    classes: tuple[str, ...]
    good: str | None  # pictures of every other class are rejected
    point: OperatingPoint  # that is decided at

    @classmethod
    def of(cls, opened: Opened, good: str | None, least_margin: int | None) -> "Judge":
        """Return the judge at the operating point of the folder, with what is not None in place of what stands there.

        UserError for a class that the network does not have, and for a least margin that its circuit cannot hold.
        """
        found, classes = opened.operating_point(), opened.network.classes
        if good is not None and good not in classes:
            raise UserError(f"--good {good}: the network has no such class; choose {', '.join(classes)}")
        point = found.point if found else OperatingPoint.neutral(len(classes))
        if least_margin is not None:
            point = replace(point, least_margin=least_margin)
        return cls(classes, good or (found.good if found else None), point)

    def verdict(self, label: str, unsure: bool) -> str | None:
        """Return unsure, else accepted or rejected; sure where no class is the good one and margins are looked at."""
        if unsure:
            return UNSURE
        if self.good is not None:
            return ACCEPTED if label == self.good else REJECTED
        return SURE if self.point.least_margin else None


@dataclass
class Tally:
    """What is counted while rows pass."""

    classes: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    scaled: int = 0  # pictures that had another size than frames have
    latency: tuple[int, float] | None = None  # clocks and microseconds, the longest

    def count(self, row: Row) -> None:
        """Count one row."""
        if row.label is None:
            self.skipped += 1
            return
        self.classes[row.label] += 1
        if row.verdict:
            self.verdicts[row.verdict] += 1
        if row.latency_clocks is not None and row.latency_us is not None:
            self.latency = max(self.latency or (0, 0.0), (row.latency_clocks, row.latency_us))


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture, its frame and result, or why it has none."""

    path: Path
    frame: Frame | None = None
    scaled: bool = False
    problem: str = ""
    result: Result | None = None


def seen(
    scorer: Scorer, fit: Fit, paths: Iterable[Path], batch: int = BATCH, notes: Notes | None = None
) -> Iterator[Seen]:
    """Yield what comes out of each picture, in order, with at most `batch` of them in memory.

    notes: get what of the files is not read.
    """
    most = max(1, min(batch, BATCH_VALUES // (fit.height * fit.width * fit.channels)))
    waiting: list[Seen] = []
    for path in paths:
        waiting.append(_read(fit, path, notes))
        if len(waiting) == most:
            yield from _results(scorer, waiting)
            waiting = []
    yield from _results(scorer, waiting)


def _read(fit: Fit, path: Path, notes: Notes | None) -> Seen:
    try:
        frame, scaled = fit.read(path, notes)
    except UserError as error:
        return Seen(path, problem=str(error))
    return Seen(path, frame, scaled)


def _results(scorer: Scorer, waiting: list[Seen]) -> Iterator[Seen]:
    results = scorer.run([one.frame for one in waiting if one.frame is not None])
    for one in waiting:
        if one.frame is None:
            yield one
        else:
            result = next(results)
            yield replace(one, problem=BROKEN) if result.broken else replace(one, result=result)


def classify_rows(
    scorer: Scorer, fit: Fit, judge: Judge, paths: Iterable[Path], tally: Tally, notes: Notes | None = None
) -> Iterator[Row]:
    """Yield a row for each picture and count it. One that cannot be read or does not fit gets a row that says why."""
    for one in seen(scorer, fit, paths, notes=notes):
        row = Row(str(one.path), problem=one.problem) if one.result is None else _row(judge, one.path, one.result)
        tally.scaled += one.scaled
        tally.count(row)
        yield row


def _row(judge: Judge, path: Path, result: Result) -> Row:
    label, latency = judge.classes[result.class_index], result.latency
    return Row(
        str(path), label, tuple(result.scores.tolist()), result.margin, judge.verdict(label, result.unsure),
        latency.clocks if latency else None, latency.seconds * 1e6 if latency else None,
    )  # fmt: skip


class Table:
    """Rows as CSV: picture, class, margin, a column for each class' score, latency, verdict, problem."""

    def __init__(self, file: TextIO, classes: tuple[str, ...]) -> None:
        self._writer, self._classes = csv.writer(file), classes
        scores = [f"score {name}" for name in classes]
        self._writer.writerow(
            ["picture", "class", "margin", *scores, "latency_clocks", "latency_us", "verdict", "problem"]
        )

    def write(self, row: Row) -> None:
        """Write one row. A path or class that a spreadsheet would take for a formula is kept from being one."""
        scores: Mapping[int, int] = dict(enumerate(row.scores or ()))
        name = f"./{row.picture}" if row.picture.startswith(FORMULA) else row.picture
        self._writer.writerow(
            [
                name, row.label, row.margin, *(scores.get(i) for i in range(len(self._classes))), row.latency_clocks,
                None if row.latency_us is None else f"{row.latency_us:.6g}", row.verdict, row.problem,
            ]
        )  # fmt: skip
