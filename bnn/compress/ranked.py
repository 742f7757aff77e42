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


def ranked(candidates: Candidates, budget: float, cost: Cost, finish: Callable[[Network], object]) -> Network:
    """Return the largest network, in the order of ranks, whose cost is within the budget.

    finish: brings what is left into the state in which it is judged, in place: statistics, say. UserError when the
    network without all that may go is too large. It asks for about blocks + log2(items) costs.
    """

    def at(network: Network) -> tuple[Network, float]:
        finish(network)
        return network, cost(network)

    groups = candidates.groups
    full, full_cost = at(candidates.without([0] * len(groups)))
    if full_cost <= budget:
        return full
    smallest, smallest_cost = at(candidates.without([len(group) for group in groups]))
    if smallest_cost > budget:
        raise UserError(
            f"network '{candidates.network.spec.name}' takes {_sites(smallest_cost)} when all that may go is gone; the "
            f"budget is {budget:,.0f}. Give a larger budget, a lower rate, or a network of fewer layers"
        )
    order = _order(groups, [_freed(candidates, i, full_cost, at) for i in range(len(groups))])
    low, high, best = 0, len(order), smallest
    while high - low > 1:  # with `high` items gone it fits
        middle = (low + high) // 2
        found, found_cost = at(candidates.without(_counts(order[:middle], len(groups))))
        if found_cost <= budget:
            high, best = middle, found
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


def _counts(order: Sequence[int], groups: int) -> list[int]:
    return [order.count(group) for group in range(groups)]


def _sites(cost: float) -> str:
    return f"{cost:,.0f} LUT sites" if isfinite(cost) else "more than can be built at that rate"
