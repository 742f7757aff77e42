"""What was found in whole pictures, for people."""

from bnn.storage.names import printable
from neuraljet.commands.tables import columns, left
from neuraljet.mapping.boxes import ClassScore
from neuraljet.mapping.run import MapClassification


def summary(result: MapClassification) -> str:
    """Return how many detections there are of each class, how they were decided, and their score."""
    width = max(map(columns, [*result.classes, *result.class_scores, "class"]))
    scored = result.score is not None
    lines = [f"{left('class', width)}  detections" + ("  boxes  found  precision  recall  F" if scored else "")]
    for name in dict.fromkeys([*result.class_scores, *result.classes]):
        numbers = f"{result.classes.get(name, 0):10,}"
        lines.append(f"{left(printable(name), width)}  {numbers}{_score(result.class_scores.get(name))}")
    lines.append(f"{left('all', width)}  {result.detections:10,}{_score(result.score)}")
    lines.append(
        f"{result.pictures:,} pictures of {result.cells:,} cells in {result.seconds:.1f} s; a detection is "
        f"{result.least_cells} cells or more that lead {printable(result.good)} by {result.lead} or more"
    )
    if result.chosen:
        found = result.chosen
        lines.append(
            f"the lead was chosen on {found.tiles:,} training tiles: {found.false_alarms} of {found.good_tiles:,} good "
            f"ones are taken for something, {found.missed:,} of {found.tiles - found.good_tiles:,} others for good"
        )
    lines += [f"note: {printable(note)}" for note in result.notes]
    return "\n".join(lines)


def _score(score: ClassScore | None) -> str:
    if score is None:
        return ""
    shares = [
        f"{'-' if share is None else f'{share:.3f}':>{width}}"
        for share, width in ((score.precision, 9), (score.recall, 6), (score.f_score, 5))
    ]
    return f"  {score.boxes:5,}  {score.right:5,}  {'  '.join(shares)}"
