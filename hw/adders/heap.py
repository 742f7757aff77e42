"""Plans that bring a heap of weighted bits down to three rows with the least area. Pure functions.

A heap has so many bits of each weight 2^c. Two units take bits away: nj_count7 turns seven (or six, or five) bits of
a column into one of that column and one of each of the two above, for two LUT sites; nj_count3 turns three into one
and one above, for one site. What is left, at most three bits a column, nj_add3 adds at one site a column. The
bound: no unit takes away more than two bits a site, so n bits cost at least about n / 2 sites.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
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
    """The counters that reduce a heap. Slots are numbered bits; first come the heap's, from the lowest column up."""

    columns: tuple[int, ...]  # of each slot
    levels: tuple[int, ...]  # of each slot: 0, or the level of the unit that makes it
    units: tuple[Unit, ...]
    rows: tuple[tuple[int, ...], ...]  # per column, the slots left
    sites: int  # of units, the final addition and the shift registers of bits that wait

    @property
    def depth(self) -> int:
        """The number of levels of units."""
        return max((unit.level for unit in self.units), default=0)

    @property
    def add_from(self) -> int:
        """The lowest column that the final addition treats; the number of columns when it treats none."""
        return next((c for c, row in enumerate(self.rows) if len(row) > 1), len(self.rows))


def plan(heights: Sequence[int], start: Sequence[int] = ()) -> Plan:
    """Return the cheapest plan for a heap with so many bits in each column, whose sum fits the columns.

    start: level of each slot where it is not 0. A bit that waits three levels or more takes a shift register, which
    is a site too; so the plan with the fewest units, which is deep, competes with flat ones.

    >>> plan([7, 0, 0]).sites, plan([48, 48, 0, 0, 0, 0, 0, 0]).sites
    (2, 52)
    """
    levels = tuple(start) if start else (0,) * sum(heights)
    return _plan(tuple(heights), levels)


@lru_cache(maxsize=10_000)
def _plan(heights: tuple[int, ...], levels: tuple[int, ...]) -> Plan:
    plans = [_build(heights, levels, _by_columns)]
    plans += [_build(heights, levels, partial(_by_levels, least=least, threes=threes))
              for least in (5, 6, 7) for threes in (False, True)]  # fmt: skip
    return min(plans, key=lambda found: (found.sites, found.depth))


class _Heap:
    """A plan that grows: columns of slots, which units take."""

    def __init__(self, heights: Sequence[int], levels: Sequence[int]) -> None:
        self.levels = list(levels)
        self.columns = [c for c, height in enumerate(heights) for _ in range(height)]
        self.slots: list[list[int]] = [[] for _ in heights]
        for slot, column in enumerate(self.columns):
            self.slots[column].append(slot)
        self.units: list[Unit] = []

    def count(self, column: int, size: int) -> None:
        """Add a unit, which takes those bits of a column that are ready first."""
        queue = self.slots[column]
        queue.sort(key=lambda slot: self.levels[slot])
        taken, queue[:] = queue[:size], queue[size:]
        level = max(self.levels[slot] for slot in taken) + 1
        places = [c for c in range(column, column + (2 if size == 3 else 3)) if c < len(self.slots)]
        outputs = tuple(range(len(self.columns), len(self.columns) + len(places)))
        for slot, place in zip(outputs, places, strict=True):
            self.columns.append(place)
            self.levels.append(level)
            self.slots[place].append(slot)
        self.units.append(Unit(size, column, tuple(taken), outputs, level))

    def plan(self) -> Plan:
        """Return the plan as it is now."""
        rows = tuple(tuple(row) for row in self.slots)
        first = next((c for c, row in enumerate(rows) if len(row) > 1), len(rows))
        sites = sum(SITES[unit.size] for unit in self.units) + len(rows) - first
        end = max((self.levels[slot] for row in rows for slot in row), default=0)
        read = dict.fromkeys((slot for row in rows for slot in row), end)
        read |= {slot: unit.level - 1 for unit in self.units for slot in unit.inputs}
        added = int(first < len(rows))  # what lies below the final addition waits for it
        read |= {slot: end + added for row in rows[:first] for slot in row}
        sites += sum(stage - self.levels[slot] >= 3 for slot, stage in read.items())
        return Plan(tuple(self.columns), tuple(self.levels), tuple(self.units), rows, sites)


def _build(heights: Sequence[int], levels: Sequence[int], fill: Callable[[_Heap], None]) -> Plan:
    heap = _Heap(heights, levels)
    fill(heap)
    return heap.plan()


def _by_columns(heap: _Heap) -> None:
    """Fill the plan with the fewest units, by dynamic programming over the columns."""
    _, choices = _cheapest(0, False, tuple(len(row) for row in heap.slots))
    for column, sizes in enumerate(choices):
        for size in sizes:
            heap.count(column, size)


def _by_levels(heap: _Heap, least: int, threes: bool) -> None:
    """Fill the plan as flat as possible: in each level every column is counted as far as it goes.

    least: the fewest bits that nj_count7 is used for; threes: what is left over goes to nj_count3 early.
    """
    level = 0
    while any(len(row) > ROWS for row in heap.slots):
        heights = [sum(heap.levels[slot] <= level for slot in row) for row in heap.slots]
        for column, height in enumerate(heights):
            left, total = height, len(heap.slots[column])
            while left >= least and total > ROWS:
                size = min(left, 7)
                heap.count(column, size)
                left, total = left - size, total - size + 1
            while left >= 3 and total > ROWS and (threes or max(heights) <= 7):
                heap.count(column, 3)
                left, total = left - 3, total - 2
        level += 1


@lru_cache(maxsize=200_000)
def _cheapest(column: int, adding: bool, heights: tuple[int, ...]) -> tuple[int, tuple[tuple[int, ...], ...]]:
    """Return the sites and the sizes of the units of each column, lowest first; adding: nj_add3 has begun."""
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
    """Return the sizes of units that bring a column of `height` bits to at most ROWS, sevens first."""
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
