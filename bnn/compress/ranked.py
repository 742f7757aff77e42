"""A network within a budget by ranking: what matters least for each LUT site that it frees goes first.

    rank = importance / sites that an item of its block frees

What an item frees is measured: the cost of the network without an eighth of the items of its block. So a channel
counts with both layers that get smaller by it.
"""

from collections.abc import Callable, Sequence
from math import inf, isfinite

from bnn.compress.candidates import Candidates
from bnn.errors import UserError
from bnn.model.network import Network

Cost = Callable[[Network], float]  # LUT sites, say; inf for what cannot be built
PROBED = 8  # an eighth of a block's items is removed to see what one frees
LEAST_FREED = 1e-3  # sites of an item that frees none, so that it goes last
Counts = tuple[int, ...]  # how many items of each group go


class TooLarge(UserError):
    """Nothing is left to remove, and the network is above the budget: so many times."""

    def __init__(self, network: Network, smallest: float, budget: float) -> None:
        super().__init__(
            f"network '{network.spec.name}' takes {_sites(smallest)} when all that may go is gone; the budget is "
            f"{budget:,.0f}. Give a larger budget, a lower rate, or a network of fewer layers"
        )
        self.times = smallest / budget


def ranked(
    candidates: Candidates, budget: float, cost: Cost, finish: Callable[[Network], object]
) -> tuple[Network, Counts]:  # fmt: skip
    """Return the largest network, in the order of ranks, whose cost is within the budget; and what is gone of it.

    finish: brings what is left into the state in which it is judged, in place: statistics, say. TooLarge when the
    network without all that may go is too large. It asks for about blocks + log2(items) costs.
    """

    def at(network: Network) -> tuple[Network, float]:
        finish(network)
        return network, cost(network)

    groups = candidates.groups
    nothing, all_of_it = (0,) * len(groups), tuple(len(group) for group in groups)
    full, full_cost = at(candidates.without(nothing))
    if full_cost <= budget:
        return full, nothing
    smallest, smallest_cost = at(candidates.without(all_of_it))
    if smallest_cost > budget:
        raise TooLarge(candidates.network, smallest_cost, budget)
    order = _order(groups, [_freed(candidates, i, full_cost, at) for i in range(len(groups))])
    low, high, best = 0, len(order), (smallest, all_of_it)
    while high - low > 1:  # with `high` items gone it fits
        middle = (low + high) // 2
        counts = _counts(order[:middle], len(groups))
        found, found_cost = at(candidates.without(counts))
        if found_cost <= budget:
            high, best = middle, (found, counts)
        else:
            low = middle
    return best


def _freed(candidates: Candidates, group: int, full: float, at: Callable[[Network], tuple[Network, float]]) -> float:
    """Return how much of the cost an item of a group is, by removing an eighth of them, at least a step of channels."""
    sizes = [len(items) for items in candidates.groups]
    count = min(sizes[group], max(sizes[group] // PROBED, getattr(candidates, "step", 1)))
    if not count or not isfinite(full):
        return 1.0
    _, found = at(candidates.without([count if i == group else 0 for i in range(len(sizes))]))
    return max(LEAST_FREED, (full - found) / count)


def _order(groups: Sequence[Sequence[float]], freed: Sequence[float]) -> list[int]:
    """Return the groups of all items in the order in which they go; within a group the order stays."""
    ranks: list[tuple[float, int, int]] = []
    for group, items in enumerate(groups):
        worst = -inf
        for place, importance in enumerate(items):
            worst = max(worst, importance / freed[group])
            ranks.append((worst, group, place))
    return [group for _, group, _ in sorted(ranks)]


def _counts(order: Sequence[int], groups: int) -> Counts:
    return tuple(order.count(group) for group in range(groups))


def _sites(cost: float) -> str:
    return f"{cost:,.0f} LUT sites" if isfinite(cost) else "more than can be built at that rate"
