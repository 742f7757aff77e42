"""Pictures that belong together, of one part, lot or day: found by a pattern in their paths, or by a column."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bnn.data.labels import Labels
from bnn.data.notes import Notes
from bnn.errors import UserError
from bnn.storage.names import printable


def name_groups(
    names: Sequence[str], labels: Labels | None, group_by: str | None, notes: Notes
) -> tuple[str, ...] | None:
    """Return the group of each picture; "" is that of none, None when nobody asks for groups.

    names: of the pictures, below their folder. group_by: a column of `labels`, else a regular expression that is
    searched in each name; its first group, or all that it matches, names the group. Without it a column called group is
    taken. Raises UserError for a pattern that does not fit every name, and when there are fewer than two groups.
    """
    column = _column(labels, group_by)
    if labels is not None and column is not None:
        found, what = labels.columns[column], f"the column {printable(column)}"
        alone = [i for i, group in enumerate(found) if not group]
        if alone:
            notes.take(f"pictures without a {printable(column)}, each on its own", labels.paths[alone[0]], len(alone))
    elif group_by is not None:
        found, what = _matched(names, group_by, labels), f"--group-by {printable(group_by)}"
    else:
        return None
    groups = set(found) - {""}
    if len(groups) + ("" in found) < 2:
        raise UserError(
            f"{what} puts all {len(found)} pictures into one group ({printable(next(iter(groups)))}), and at least 2 "
            "are needed; group by something that differs between parts, lots or days"
        )
    notes.say(f"{what} makes {len(groups)} groups, and each stays on one side of every split that is made here")
    return tuple(found)


def _column(labels: Labels | None, group_by: str | None) -> str | None:
    if labels is None or group_by is None:
        return labels.group if labels else None
    folded = {name.casefold(): name for name in labels.columns}
    return folded.get(group_by.strip().casefold())


def _matched(names: Sequence[str], group_by: str, labels: Labels | None) -> tuple[str, ...]:
    columns = f"; columns of the table are {', '.join(map(printable, labels.columns))}" if labels else ""
    try:
        pattern = re.compile(group_by)
    except (re.error, RecursionError, OverflowError) as error:
        raise UserError(
            f"--group-by {printable(group_by[:200])} is no regular expression ({error}){columns}; 'lot[0-9]+' is one"
        ) from None
    matches = [pattern.search(name) for name in names]
    wrong = [name for name, match in zip(names, matches, strict=True) if not match or not _group(match)]
    if wrong:
        some = "any" if len(wrong) == len(names) else f"{len(wrong)} of the {len(names)}"
        raise UserError(
            f"--group-by {printable(group_by[:200])} does not name a group in {some} of the paths, such as "
            f"{printable(wrong[0])}{columns}; a pattern like '(lot[0-9]+)_' is searched in the path below the folder"
        )
    return tuple(_group(match) for match in matches if match)


def _group(match: re.Match[str]) -> str:
    return (match.group(1) if match.re.groups else match.group(0)) or ""


def numbered(groups: Sequence[str], keys: Sequence[object]) -> NDArray[np.int64]:
    """Return a number [N] for each picture, the same for pictures of one group, and for those of one key.

    A picture of the group "" has only its key.
    """
    joined = Joined(len(groups))
    for named in (groups, keys):
        first: dict[object, int] = {}
        for index, name in enumerate(named):
            if name != "":
                joined.join(first.setdefault(name, index), index)
    return joined.numbers()


def across(groups: Sequence[str], sides: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the groups that lie on more than one side, each with its sides."""
    found: dict[str, dict[str, None]] = {}
    for group, side in zip(groups, sides, strict=True):
        if group:
            found.setdefault(group, {})[side] = None
    return {group: tuple(there) for group, there in found.items() if len(there) > 1}


class Joined:
    """Numbers 0 to count - 1 in sets that grow together.

    >>> joined = Joined(4)
    >>> joined.join(0, 2)
    >>> joined.numbers().tolist()
    [0, 1, 0, 2]
    """

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def join(self, one: int, other: int) -> None:
        """Put two sets together."""
        one, other = sorted((self._top(one), self._top(other)))
        self._above[other] = one

    def numbers(self) -> NDArray[np.int64]:
        """Return the set of each number; sets are counted in the order of their first members."""
        tops = [self._top(index) for index in range(len(self._above))]
        order = {top: number for number, top in enumerate(dict.fromkeys(tops))}
        return np.array([order[top] for top in tops], np.int64)

    def _top(self, index: int) -> int:
        while self._above[index] != index:
            self._above[index] = self._above[self._above[index]]
            index = self._above[index]
        return index
