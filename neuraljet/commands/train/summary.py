"""What came of a training, for people."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from bnn.storage.names import printable
from neuraljet.commands.tables import columns, left, right

if TYPE_CHECKING:
    from bnn.training.metrics import Metrics


def summary(metrics: "Metrics") -> str:
    """Return accuracy, confusion matrix, and what was compared, for people."""
    width = max(map(columns, metrics.classes))
    lines = [
        f"test accuracy {metrics.test_accuracy:.2%} on {metrics.test_frames} pictures, in {metrics.seconds:.0f} s",
        f"{'':{width}}  " + " ".join(right(name, 9) for name in metrics.classes) + "   precision  recall",
    ]
    for name, row in zip(metrics.classes, metrics.confusion, strict=True):
        scores = metrics.per_class[name]
        shown = ["    -" if score is None else f"{score:.3f}" for score in (scores.precision, scores.recall)]
        lines.append(f"{left(name, width)}  " + " ".join(f"{n:9d}" for n in row) + f"       {shown[0]}   {shown[1]}")
    if metrics.plan and metrics.plan.estimate:
        lines.append(metrics.plan.estimate.line())
    if metrics.machines:
        lines.append(f"seed {metrics.seed}, " + ", then ".join(machine.line() for machine in metrics.machines))
    lines += [f"note: {note}" for note in metrics.notes]
    links = metrics.links
    lines.append(
        f"frozen network on {links.frames} pictures: torch {links.torch} mismatches, "
        f"QONNX {links.qonnx} mismatches; against the float network {metrics.float_disagreements} other classes"
    )
    return "\n".join(lines)


def label_line(run: Path) -> str:
    """Return a line about labels to look at, with its end; empty when there are none."""
    path = run / "label_mistakes.csv"  # bnn.training.label_mistakes.FILE, without loading torch
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return ""
    first, by = rows[0], {row["judged_by"].split(" ")[0] for row in rows}
    who = "cross-validated networks" if by == {"fold"} else "the network, of pictures that it did not learn from,"
    return (
        f"labels to look at: {who} call {len(rows)} pictures otherwise than their labels do, "
        f"{printable(first['path'])} {first['says']} and not {first['label']} first ({path})\n"
    )
