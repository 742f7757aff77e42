"""The network for a picture, its classes and a budget: the widest that fits, by estimate.

A candidate is a form of the layers. Of each the widest network is sought that keeps the budget, by halving
bnn.model.family.WIDTHS again and again. Of these the one is taken whose channels are worth most. An estimate is of a
network with random weights.
"""

from dataclasses import dataclass
from math import ceil

import torch

from bnn.errors import UserError
from bnn.integer.freeze import freeze
from bnn.integer.network import IntegerNetwork
from bnn.model.budget import Budget, Expected
from bnn.model.family import COARSE, FINE, WIDTHS, Geometry, member, operations
from bnn.model.layers import Norm
from bnn.model.network import Network
from bnn.model.spec import NetworkSpec
from bnn.training.evaluation import estimate_statistics
from finn_build.estimate import Estimate, estimates
from hw.block_ram import RAMB18_SITES

CLOCK_MHZ = 200.0
# Of five chosen networks with random weights synthesis took 0.7 % fewer to 1.3 % more sites than estimated, and one of
# them 1.6 % more once it was trained (docs/networks.md).
MARGIN = 0.04
# LUT sites that a RAMB18 is worth, in turn: a network that is too large puts more and more of its weights into block
# RAMs, as many as the budget has.
WORTHS_OF_RAMB18 = (RAMB18_SITES, 80, 40, 20, 5)
MOST_OPERATIONS = 32_000_000  # multiply-adds a picture, that can be trained in reasonable time
NOISE_FRAMES = 4
FINE_CLOCKS = 8  # clocks a pixel from which the fine geometry is taken


@dataclass(frozen=True)
class Candidate:
    """A form of the layers."""

    form: str
    maps: int  # M of the bottleneck
    worth: float  # of a channel, in channels of a binary convolution
    first: str | None = None  # form of the first block, when it is another one


# Worths of a channel. At a pixel per clock 20-24-40 binary maps and 40-56-80 of a bottleneck of M = 4 take about as
# many sites. On held-out pictures the binary ones had 85.2 against 76.2 % (pcb) and 92.9 against 91.7 % (bsdata;
# docs/networks.md), so 0.4. M = 8 counts as 0.65 by one comparison on test pictures of
# pcb, 32-64-128-128 maps: 86.1 % binary, 80.1 % with M = 8, 76 % with half as many binary ones.
CANDIDATES = {  # the likely ones first: what cannot be worth more is not estimated
    COARSE.name: (Candidate("binary", 4, 1.0, "jets"), Candidate("binary", 4, 1.0), Candidate("bottleneck", 4, 0.4)),
    FINE.name: (
        Candidate("binary", 4, 1.0, "jets"),
        Candidate("binary", 4, 1.0),
        Candidate("bottleneck", 8, 0.65),
        Candidate("bottleneck", 4, 0.4),
    ),
}


@dataclass(frozen=True)
class Choice:
    """A network, the budget that it was chosen for, and what it is expected to take."""

    network: NetworkSpec
    budget: Budget
    expected: Expected

    def words(self) -> str:
        """Return the choice as a sentence for people."""
        return (
            f"network {self.network.name}: about {self.expected.sites:,} LUT sites and {self.expected.ramb18} RAMB18 "
            f"estimated, {self.expected.cycles_per_frame:,} clocks a frame; chosen for {self.budget.words()}"
        )


def choose(
    shape: tuple[int, int, int], classes: int, budget: Budget, *, form: str | None = None, kernel: int = 3
) -> Choice:  # fmt: skip
    """Return the network for pictures (C, H, W) whose channels are worth most within the budget.

    form: the only one to take. kernel: the side of every kernel. UserError when the smallest network is too large or
    too slow; it says the way out.
    """
    search = _Search(shape, classes, budget, kernel)
    candidates = CANDIDATES[search.geometry.name]
    known = [found for found in candidates if form is None or (form, None) == (found.form, found.first)]
    known = known or [Candidate(str(form), 4, 1.0)]
    best: _Found | None = None
    for candidate in known:
        best = search.widest(candidate, best)
    if best is None:
        raise search.refusal()
    found = best.estimate
    return Choice(best.network, budget, Expected(found.lut, found.bram18, found.cycles_per_frame, best.ramb18_sites))


def geometry_for(shape: tuple[int, int, int], fps: float | None) -> Geometry:
    """Return the geometry of the family that suits the clocks that a pixel has."""
    clocks = 1.0 if fps is None else CLOCK_MHZ * 1e6 / fps / (shape[1] * shape[2])
    return FINE if clocks >= FINE_CLOCKS else COARSE


def untrained(network: NetworkSpec, shape: tuple[int, int, int], classes: int) -> IntegerNetwork:
    """Return the network frozen with random weights, always the same ones."""
    return freeze(drawn(network, shape, classes), tuple(str(i) for i in range(classes)))


def drawn(network: NetworkSpec, shape: tuple[int, int, int], classes: int) -> Network:
    """Return the network with random weights, always the same ones, in evaluation mode.

    Its thresholds lie about the sums of noise: channels of one kernel would else have one threshold, and cost nothing.
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        made = Network(network, shape, classes)
        estimate_statistics(made, torch.randint(0, 256, (NOISE_FRAMES, *shape), dtype=torch.uint8))
        for norm in made.modules():
            if isinstance(norm, Norm):
                torch.nn.init.uniform_(norm.bias, -1, 1)
        return made.eval()


@dataclass(frozen=True)
class Fit:
    """What a network takes, and by what share it exceeds each part of a budget."""

    estimate: Estimate
    ramb18_sites: int  # LUT sites that a RAMB18 is worth in it
    excess: dict[str, float]  # of sites, RAMB18 and clocks: one above 0 breaks the budget
    dearest: Estimate  # where a RAMB18 is worth most

    @property
    def fits(self) -> bool:
        return max(self.excess.values()) <= 0


def fit(network: NetworkSpec, shape: tuple[int, int, int], classes: int, budget: Budget) -> Fit:
    """Return what a network takes in as few block RAMs as it then fits the budget, or how near it comes to that.

    UserError when it does not reach the rate.
    """
    return fit_of(untrained(network, shape, classes), shape[1] * shape[2], budget)


def fit_of(network: IntegerNetwork, pixels: int, budget: Budget) -> Fit:
    """Return what `fit` does, of a network with its weights, for pictures of so many pixels."""
    best: Fit | None = None
    found = estimates(network, budget.fps, WORTHS_OF_RAMB18, clock_mhz=CLOCK_MHZ)
    for ramb18_sites, one in zip(WORTHS_OF_RAMB18, found, strict=True):
        excess = {
            "sites": one.lut * (1 + MARGIN) / budget.sites - 1,
            "ramb18": (one.bram18 - budget.ramb18) / max(1, budget.ramb18),
            "clocks": one.cycles_per_frame / pixels - 1 if budget.fps is None else 0.0,
        }
        if best is not None and excess["ramb18"] > 0:
            break
        best = Fit(one, ramb18_sites, excess, best.dearest if best else one)
        if best.fits or max(excess["ramb18"], excess["clocks"]) > 0:
            break
    assert best is not None
    return best


@dataclass(frozen=True)
class _Found:
    """A network that keeps the budget."""

    worth: float  # of its channels
    network: NetworkSpec
    estimate: Estimate
    ramb18_sites: int  # what a RAMB18 is worth in it


class _Search:
    """What was found for one picture and budget so far."""

    def __init__(self, shape: tuple[int, int, int], classes: int, budget: Budget, kernel: int) -> None:
        self.shape, self.classes, self.budget, self.kernel = shape, classes, budget, kernel
        self.geometry = geometry_for(shape, budget.fps)
        self.smallest: list[tuple[NetworkSpec, Estimate]] = []
        self.refused: UserError | None = None

    def member(self, candidate: Candidate, width: int) -> NetworkSpec:
        return member(
            self.shape, self.classes, width, form=candidate.form, first=candidate.first, maps=candidate.maps,
            kernel=self.kernel, geometry=self.geometry,
        )  # fmt: skip

    def widest(self, candidate: Candidate, best: _Found | None) -> _Found | None:
        """Return the candidate's widest network that fits, or `best` where that is worth as much.

        The search ends where nothing that is left to find is worth more. So the choice is that of whole searches, which
        never falls when sites or block RAMs are added: where two budgets first differ, the larger one goes on to the
        wider networks.
        """
        trainable = [
            width
            for width in WIDTHS
            if operations(self.shape, self.classes, self.member(candidate, width)) <= MOST_OPERATIONS
        ]
        widths = trainable or list(WIDTHS[:1])
        low, high, found = -1, len(widths), best
        while high - low > 1 and (best is None or widths[high - 1] * candidate.worth > best.worth):
            middle = low + max(1, (high - low) // 3)  # not the half: wide networks take long to estimate
            if best is not None and widths[middle] * candidate.worth <= best.worth:
                low = middle  # whether it fits or not, only wider ones matter
                continue
            network = self.member(candidate, widths[middle])
            result = self.fitting(network, widths[middle] * candidate.worth, middle == 0)
            if result is None:
                high = middle
            else:
                low = middle
                if best is None or result.worth > best.worth:
                    found = result
        return found

    def fitting(self, network: NetworkSpec, worth: float, smallest: bool) -> _Found | None:
        """Return a network that keeps the budget, in as few block RAMs as it then takes; None where it does not."""
        try:
            found = fit(network, self.shape, self.classes, self.budget)
        except UserError as error:  # the rate is out of reach
            self.refused = error
            return None
        if smallest:
            self.smallest.append((network, found.dearest))
        return _Found(worth, network, found.estimate, found.ramb18_sites) if found.fits else None

    def refusal(self) -> UserError:
        """Return the error that says what the smallest network takes, and the way out."""
        if not self.smallest:
            return self.refused or UserError("no network keeps the rate; ask for less with --fps")
        network, found = min(self.smallest, key=lambda entry: (entry[1].lut, entry[1].bram18))
        channels, height, width = self.shape
        sites, pixels = ceil(found.lut * (1 + MARGIN)), height * width
        ways = []
        if sites > self.budget.sites:
            ways.append(f"--sites {sites}")
        if found.bram18 > self.budget.ramb18:
            ways.append(f"--ramb18 {found.bram18}")
        if self.budget.fps is None and found.cycles_per_frame > pixels:
            ways.append(f"--fps {int(CLOCK_MHZ * 1e6 / found.cycles_per_frame)}")
        return UserError(
            f"the smallest network for pictures of {height}x{width} pixels in {'gray' if channels == 1 else 'colour'} "
            f"and {self.classes} classes ({network.name}) takes about {sites:,} LUT sites and {found.bram18} RAMB18, "
            f"{found.cycles_per_frame:,} clocks a frame; the budget is {self.budget.words()}. Give {' '.join(ways)} or "
            f"smaller pictures (--size){'' if self.budget.fps else '; a rate (--fps N) takes fewer sites'}"
        )
