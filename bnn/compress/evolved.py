"""A network within a budget by differential evolution: which share of each block's items goes (bnn.compress.layerwise).

loss = cross entropy without fine-tuning + 10 * how far the cost is above the budget, in budgets
"""

from collections.abc import Callable
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from bnn.compress.candidates import Candidates
from bnn.compress.evolution import Evolution, evolve
from bnn.compress.ranked import Cost
from bnn.errors import UserError
from bnn.model.network import Network

STEEP = 10.0
UNBUILT = 1e6  # loss of a network that cannot be built


def evolved(
    candidates: Candidates,
    budget: float,
    cost: Cost,
    finish: Callable[[Network], object],
    loss: Callable[[Network], float],
    seed: int,
    how: Evolution,
) -> Network:
    """Return the network of the smallest loss that was met within the budget.

    finish: as for `ranked`. loss: of a network that is finished. UserError when none that was met is within it.
    """
    groups = candidates.groups
    known: dict[tuple[int, ...], tuple[Network, float, float]] = {}

    def met(shares: NDArray[np.float64]) -> tuple[Network, float, float]:
        counts = tuple(round(share * len(group)) for share, group in zip(shares.tolist(), groups, strict=True))
        if counts not in known:
            network = candidates.without(counts)
            finish(network)
            known[counts] = network, cost(network), loss(network)
        return known[counts]

    def judged(shares: NDArray[np.float64]) -> float:
        _, sites, found = met(shares)
        return found + STEEP * max(0.0, sites / budget - 1) if isfinite(sites) else UNBUILT

    even = [[share] * len(groups) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    evolve(judged, [0.0] * len(groups), [1.0] * len(groups), seed, how, start=even)
    best = min(known.values(), key=lambda entry: entry[2] if entry[1] <= budget else inf)
    if best[1] > budget:
        raise UserError(
            f"network '{candidates.network.spec.name}' found no form within {budget:,.0f} LUT sites; give a larger "
            "budget, a lower rate, or a network of fewer layers"
        )
    return best[0]
