"""A trained network of ours, made smaller until it fits a budget: what the methods of this package come to for us.

slim    channels, ranked by what they matter for each site that they free
prune   selected jets, which become none, ranked alike
evolve  channels, a share of each block found by differential evolution
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bnn.compress.candidates import Candidates, ChannelCandidates, jets_of
from bnn.compress.channels import layout
from bnn.compress.evolution import Evolution
from bnn.compress.evolved import evolved
from bnn.compress.importance import channel_saliency, channel_scale
from bnn.compress.ranked import Cost, Counts, ranked
from bnn.errors import UserError
from bnn.model.network import Network
from bnn.model.options import require_whole
from bnn.training.evaluation import estimate_statistics, scores_of
from bnn.training.trained import load_trained

METHODS = ("slim", "prune", "evolve")
SHORT = Evolution(population=8, generations=6)
CRITERIA = ("saliency", "scale", "chance")  # of channels; jets have saliency alone


@dataclass(frozen=True)
class Smaller:
    """Settings."""

    method: str = "slim"
    criterion: str = "saliency"  # scale: of batch norm, as published; chance: at random, to compare with
    step: int = 4  # channels of a block are left in multiples of it
    pictures: int = 256  # that importance is measured on, and batch norms are estimated from
    seed: int = 0
    evolution: Evolution = SHORT

    def __post_init__(self) -> None:
        for name, value, allowed in (("method", self.method, METHODS), ("criterion", self.criterion, CRITERIA)):
            if value not in allowed:
                raise UserError(f"{name} {value!r} is unknown; choose {', '.join(allowed)}")
        if self.method == "prune" and self.criterion != "saliency":
            raise UserError(f"criterion {self.criterion!r} is for channels; jets are pruned by saliency")
        require_whole("step", self.step, 1, 1024)
        require_whole("pictures", self.pictures, 2, 10**6)
        require_whole("seed", self.seed, 0, 2**31 - 1)


PLAIN = Smaller()


def smaller(
    network: Network, images: Tensor, labels: Tensor, budget: float, cost: Cost, how: Smaller = PLAIN
) -> Network:  # fmt: skip
    """Return a network within the budget that goes on from what `network` has learned; `network` stays as it is.

    network: trained. images uint8 [N, C, H, W], labels [N]: training pictures. cost: LUT sites of a network with its
    statistics, inf for what cannot be built; `budget` is the most that it may be. The result has its spec in `.spec`,
    and its state is what a training goes on from. UserError when nothing is left to remove and it still does not fit.
    """
    if how.method != "evolve":
        return planned(network, images, budget, cost, how)[0]
    order = _order(images, how)
    sample, known = images[order], labels[order]
    return evolved(
        candidates_of(network, sample, how), budget, cost, finisher(network, sample),
        lambda found: _loss(found, sample, known), how.seed, how.evolution,
    )  # fmt: skip


def planned(
    network: Network, images: Tensor, budget: float, cost: Cost, how: Smaller = PLAIN
) -> tuple[Network, Counts]:  # fmt: skip
    """Do as `smaller`, by ranking; also return how much of each block went, for `by_plan`."""
    sample = images[_order(images, how)]
    return ranked(candidates_of(network, sample, how), budget, cost, finisher(network, sample))


def by_plan(network: Network, images: Tensor, gone: Counts, how: Smaller = PLAIN) -> Network:
    """Return the network without what matters least of each block, as many of it as `planned` said of another.

    That other one has the same layers with other weights. ValueError when it has not.
    """
    sample = images[_order(images, how)]
    left = candidates_of(network, sample, how).without(gone)
    finisher(network, sample)(left)
    return left


def smaller_run(
    run: Path, images: Tensor, labels: Tensor, budget: float, cost: Cost, how: Smaller = PLAIN
) -> Network:  # fmt: skip
    """Return what `smaller` makes of the network of a finished run; UserError when it is none."""
    return smaller(load_trained(run).network, images, labels, budget, cost, how)


def finisher(network: Network, images: Tensor) -> Callable[[Network], None]:
    """Return what lets a part of `network` stand alone: batch-norm statistics, and biases of the scores.

    A score that lost some of its +-1 has another mean; its bias takes up the difference, over the images.
    """
    network.eval()
    wanted = scores_of(network, images).mean(0) / network.classifier.log_scale.detach().exp()

    def finish(part: Network) -> None:
        estimate_statistics(part, images)
        with torch.no_grad():
            found = scores_of(part, images).mean(0) / part.classifier.log_scale.exp()
            part.classifier.bias.add_(wanted - found)

    return finish


def _order(images: Tensor, how: Smaller) -> Tensor:
    """Return the indices of the pictures that importance is measured on."""
    return torch.randperm(len(images), generator=torch.Generator().manual_seed(how.seed))[: how.pictures]


def candidates_of(network: Network, images: Tensor, how: Smaller) -> Candidates:
    """Return what may go of a network; what it matters is measured on all images."""
    if how.method == "prune":
        return jets_of(network, images)
    if how.criterion == "chance":
        generator = torch.Generator().manual_seed(how.seed)
        channels = layout(network.spec).channels
        importance = dict(zip(channels, torch.rand(len(channels), generator=generator).tolist(), strict=True))
    else:
        measure = channel_saliency if how.criterion == "saliency" else channel_scale
        importance = measure(network, images)
    return ChannelCandidates(network, importance, how.step, how.step)


def _loss(network: Network, images: Tensor, labels: Tensor) -> float:
    return float(torch.nn.functional.cross_entropy(scores_of(network, images), labels))
