"""What a network costs beside another form of equal merit, interpolated between widths of the other form.

The other form's widths make a front: points of (merit, cost) that no other point beats in both. Between two points of
the front log(cost) goes with merit in a straight line. Beyond its ends nothing is guessed.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from neuraljet.studying.groups import medians
from neuraljet.studying.rows import Row
from neuraljet.studying.study import Equal, Study

NOT_REACHED = "no {value} {along} reaches it"
BELOW = "below every {value} {along}"


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points (merit, cost) that no other one beats, in the order of their cost; merit grows along it."""
    kept: list[tuple[float, float]] = []
    for merit, cost in sorted(points, key=lambda point: (point[1], -point[0])):
        if not kept or merit > kept[-1][0]:
            kept.append((merit, cost))
    return kept


def cost_at(merit: float, points: Sequence[tuple[float, float]]) -> float | None:
    """Return what the front costs at a merit; None beyond its ends.

    >>> cost_at(0.9, [(0.8, 100), (1.0, 400)])
    200.0
    """
    ends = front(points)
    if ends and merit == ends[0][0]:
        return float(ends[0][1])
    for (low, cheap), (high, dear) in pairwise(ends):
        if low <= merit <= high:
            share = (merit - low) / (high - low)
            return round(math.exp((1 - share) * math.log(cheap) + share * math.log(dear)), 9)
    return None


def ratios(study: Study, equal: Equal, rows: Sequence[Row]) -> str:
    """Return a table of cost ratios: below 1 a network is cheaper than the other form of equal merit."""
    names, factors = (*equal.within, equal.factor, equal.along), study.factors()
    heads = [*names, equal.merit, *(shown.heading for shown in equal.costs)]
    words = {"value": equal.value, "along": equal.along}
    lines = [f"| {' | '.join(heads)} |", f"| {' | '.join(['---'] * len(heads))} |"]
    merits = medians(rows, names, [equal.merit])
    for place in merits:
        *within, factor, along = place
        if factor == equal.value:
            continue
        (merit,), cells = merits[place], []
        for shown in equal.costs:
            both = medians(rows, names, [equal.merit, shown.entry])
            points = [
                (found[0], found[1])
                for width in factors[equal.along].names()
                if (found := both.get((*within, equal.value, width))) is not None
            ]
            own = both.get(place)
            if own is None or not points:
                cells.append("-")
                continue
            other = cost_at(merit, points)
            if other is not None:
                cells.append(f"{own[1] / other:.2f}")
            else:
                cells.append((NOT_REACHED if merit > max(m for m, _ in points) else BELOW).format(**words))
        lines.append(f"| {' | '.join([*map(str, within), str(factor), str(along), f'{100 * merit:.1f} %', *cells])} |")
    title = f"**{' and '.join(shown.entry for shown in equal.costs)} beside `{equal.value}` of equal {equal.merit}**"
    note = (
        f"A ratio below 1: it takes fewer than {equal.value} with that {equal.merit}, whose log(cost) is interpolated "
        f"over {equal.merit} between the values of {equal.along}, medians all."
    )
    return "\n".join([title, "", *lines, "", note])
