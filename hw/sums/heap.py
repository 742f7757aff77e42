"""How a heap of weighted bits is brought down to three rows, at the least area. Pure functions.

A heap has so many bits of each weight 2^c. Two units take bits away: nj_count7 turns seven (or six, or five) bits of
a column into one of that column and one of each of the two above, for two LUT sites; nj_count3 turns three into one
and one above, for one site. What is left, at most three bits a column, nj_add3 adds at one site a column. The
bound: no unit takes away more than two bits a site, so n bits cost at least about n / 2 sites.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

ROWS = 3  # what nj_add3 takes
SITES = {3: 1, 5: 2, 6: 2, 7: 2}


@dataclass(frozen=True)
class Unit:
    """One counter of a plan."""

    size: int  # bits taken: 3, or 5 to 7
    column: int
    inputs: tuple[int, ...]  # slots
    outputs: tuple[int, ...]  # slots of column, column + 1 and, but for size 3, column + 2; fewer at the top
    level: int  # the units of a level depend on lower levels only; level 1 is the first


@dataclass(frozen=True)
class Plan:
    """Slots are bits, numbered; the first ones are the heap's, column by column from the lowest."""

    columns: tuple[int, ...]  # of each slot
    levels: tuple[int, ...]  # of each slot: 0, or the level of the unit that makes it
    units: tuple[Unit, ...]
    rows: tuple[tuple[int, ...], ...]  # per column, the slots left
    sites: int  # of units and the final addition

    @property
    def depth(self) -> int:
        """Levels of units."""
        return max((unit.level for unit in self.units), default=0)

    @property
    def add_from(self) -> int:
        """The lowest column the final addition has to treat; the number of columns when there is none."""
        return next((c for c, row in enumerate(self.rows) if len(row) > 1), len(self.rows))


def plan(heights: Sequence[int], start: Sequence[int] = ()) -> Plan:
    """The cheapest plan for so many bits of each column; the sum fits the columns, what carries out of them is 0.

    start: level of each slot where it is not 0.

    >>> plan([7, 0, 0]).sites, plan([48, 48, 0, 0, 0, 0, 0, 0]).sites
    (2, 51)
    """
    width = len(heights)
    levels = list(start) if start else [0] * sum(heights)
    columns = [c for c, height in enumerate(heights) for _ in range(height)]
    waiting: list[list[int]] = [[] for _ in range(width)]
    for slot, column in enumerate(columns):
        waiting[column].append(slot)
    units = []
    cost, choices = _cheapest(0, False, tuple(heights))
    for column, sizes in enumerate(choices):
        queue = waiting[column]
        for size in sizes:
            queue.sort(key=lambda slot: levels[slot])
            taken, queue[:] = queue[:size], queue[size:]
            level = max(levels[slot] for slot in taken) + 1
            places = [c for c in range(column, column + (2 if size == 3 else 3)) if c < width]
            outputs = tuple(range(len(columns), len(columns) + len(places)))
            for slot, place in zip(outputs, places, strict=True):
                columns.append(place)
                levels.append(level)
                waiting[place].append(slot)
            units.append(Unit(size, column, tuple(taken), outputs, level))
    return Plan(tuple(columns), tuple(levels), tuple(units), tuple(tuple(row) for row in waiting), cost)


@lru_cache(maxsize=200_000)
def _cheapest(column: int, adding: bool, heights: tuple[int, ...]) -> tuple[int, tuple[tuple[int, ...], ...]]:
    """Sites, and the sizes of the units of each column, from the lowest of `heights` on; adding: nj_add3 has begun."""
    if not heights:
        return 0, ()
    best: tuple[int, tuple[tuple[int, ...], ...]] | None = None
    for sizes in _choices(heights[0]):
        left = heights[0] - sum(size - 1 for size in sizes)
        counts = sum(size > 3 for size in sizes)
        rest = [*heights[1:]]
        if rest:
            rest[0] += len(sizes)
        if len(rest) > 1:
            rest[1] += counts
        starts = adding or left > 1
        cost, following = _cheapest(column + 1, starts, tuple(rest))
        cost += sum(SITES[size] for size in sizes) + starts
        if best is None or cost < best[0]:
            best = cost, (sizes, *following)
    assert best is not None
    return best


def _choices(height: int) -> list[tuple[int, ...]]:
    """Sizes of units that bring a column of `height` bits to at most ROWS: sevens first."""
    if height <= ROWS:
        return [()]
    found = []
    most = (height - 1) // 6
    for sevens in range(max(0, most - 1), most + 1):
        for six, five, threes in product(range(2), range(2), range(3)):
            sizes = (7,) * sevens + (6,) * six + (5,) * five + (3,) * threes
            left = height
            for size in sizes:
                left -= size - 1
                if left < 1:
                    break
            else:
                if left <= ROWS:
                    found.append(sizes)
    return found
