"""The network that a training begins with: a named one, that of the run, or one that is chosen for a budget."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bnn.errors import UserError
from bnn.model.budget import Budget, Hardware
from bnn.model.spec import NetworkSpec, load_spec
from bnn.training.runs import ASKED, refuse_other, requested
from bnn.training.worker import leads

if TYPE_CHECKING:
    from bnn.data import Dataset


def network_for(
    pictures: "Dataset",
    out: Path,
    resume: bool,
    *,
    network: str | Path | None,
    layer: str | None,
    kernel: int | None,
    sites: int | None,
    fps: float | None,
    ramb18: int | None,
    progress: bool,
) -> tuple[NetworkSpec, Hardware | None]:
    """Return the network, and what it is for where a rate or a budget is known.

    resume: the run in the folder `out` goes on. It keeps its network when the budget is the same, whatever would be
    chosen today. UserError when nothing fits the budget, when a network is named and a budget is given too, and for
    what is in `out`, before a network is chosen.
    """
    if network is not None and (sites is not None or ramb18 is not None):
        raise UserError(
            f"--network {network} names a network, and --sites and --ramb18 choose one; leave one of them out"
        )
    budget = Budget.of(sites, fps, ramb18)
    card = pictures.card if sites is None and fps is None and ramb18 is None else None
    named = network or (card.network if card else None)
    if named is not None:
        return load_spec(named).with_layer(layer, kernel), None if fps is None else Hardware(budget.fps)
    if leads():  # of several processes the first has made the folder, maybe, when another comes here
        refuse_other(out, resume)
    if resume and (out / ASKED).exists():
        before = requested(out, "choose another --out")
        same = before.hardware is not None and before.hardware.budget == budget
        if same and before.network.with_layer(layer, kernel) == before.network:
            return before.network, before.hardware
    return _chosen(pictures, budget, layer, kernel, progress)


def _chosen(
    pictures: "Dataset", budget: Budget, layer: str | None, kernel: int | None, progress: bool
) -> tuple[NetworkSpec, Hardware]:  # fmt: skip
    from finn_build import adapter
    from finn_build.choose import choose

    try:
        adapter.require()
    except UserError as error:
        raise UserError(f"a network is chosen by estimates, and {error}; or name one, --network medium") from None
    if progress:
        print("choosing a network ...", file=sys.stderr, flush=True)
    height, width, channels = pictures.train_images.shape[1:]
    choice = choose((channels, height, width), len(pictures.classes), budget, form=layer, kernel=kernel or 3)
    if progress:
        print(choice.words(), file=sys.stderr, flush=True)
    return choice.network, Hardware(budget.fps, budget, choice.expected)


def for_maps(spec: NetworkSpec, pictures: "Dataset") -> NetworkSpec:
    """Return the network without padding, so that it runs over whole pictures. UserError when it has no such form."""
    from bnn.integer.maps import over
    from finn_build.choose import untrained

    found = spec.without_padding()
    height, width, channels = pictures.train_images.shape[1:]
    over(untrained(found, (channels, height, width), len(pictures.classes)), 2 * height, 2 * width)
    return found
