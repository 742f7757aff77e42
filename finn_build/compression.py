"""Making networks smaller until they fit a budget: the tasks of `bnn.compress`, with LUT sites by estimate."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from bnn.compress.trial import trial
from bnn.errors import UserError
from bnn.integer.freeze import freeze
from bnn.model.budget import Budget
from bnn.model.network import Network
from finn_build.choose import CLOCK_MHZ, WORTHS_OF_RAMB18
from finn_build.estimate import estimates


def sites_of(budget: Budget) -> Callable[[Network], float]:
    """Return what tells the estimated LUT sites of a network at the rate of a budget, in the block RAMs that it has.

    Where a network does not keep the rate, or takes more block RAMs whatever they are worth, that is inf.
    """

    def cost(network: Network) -> float:
        frozen = freeze(network.eval(), tuple(str(i) for i in range(len(network.classifier.bias))))
        pixels, best = network.input_shape[1] * network.input_shape[2], inf
        try:
            for found in estimates(frozen, budget.fps, WORTHS_OF_RAMB18, clock_mhz=CLOCK_MHZ):
                slow = budget.fps is None and found.cycles_per_frame > pixels
                if slow or found.bram18 > budget.ramb18:
                    break  # a RAMB18 that is worth less only makes more of them
                best = min(best, float(found.lut))
        except UserError:  # the rate is out of reach
            return inf
        return best

    return cost


def compression_trial(description: Mapping[str, Any]) -> dict[str, Any]:
    """Run `bnn.compress.trial.trial`; fps and ramb18 of the description say for which rate, and in which block RAMs.

    fps: None or missing for a pixel per clock.
    """
    budget = Budget.of(description.get("sites"), description.get("fps"), description.get("ramb18"))
    return trial(description, sites_of(budget))
