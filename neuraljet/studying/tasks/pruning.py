"""The task `compress`: a wide network learns, is made smaller until it fits some sites, and learns on.

Records: accuracy (0 to 1) on `frames` test pictures of the smaller network, frozen, of which `right` are right;
held_out, the same on what was held out of the training pictures, held_out_before of the wide network,
held_out_untrained of the smaller one before it learned on; sites, by estimate; channels as text.
"""

from collections.abc import Mapping
from typing import Any

from bnn.compress.trial import compressed, way_of
from bnn.integer.freeze import FrozenNetwork, freeze
from bnn.model.budget import Budget
from bnn.model.size import size_of
from bnn.training.evaluation import estimate_statistics
from bnn.training.sides import frames
from finn_build.compression import sites_of
from neuraljet.studying.tasks import networks, pictures

WAY = ("sites", "ramb18", "fps", "method", "criterion", "sparsity", "rate", "scratch", "validation", "before", "after")
NETWORK = tuple(name for name in networks.KNOWN if name not in ("area", "fps"))
KNOWN = ("seed", "way", *WAY, *pictures.KNOWN, *NETWORK)


def measure(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record.

    before, after: steps of training. fps: 0 for a pixel per clock. way: a name for what follows. The rest is as in Way.
    """
    data = pictures.pictures(asked)
    height, width, channels = data.train_images.shape[1:]
    spec = networks.spec_of(asked, (channels, height, width), len(data.classes))
    budget = Budget.of(asked.get("sites"), asked.get("fps") or None, asked.get("ramb18"))
    way = way_of({"sites": budget.sites, **asked}, (asked.get("before", 0), asked.get("after", 0)))
    record, network = compressed(data, spec, way, sites_of(budget))
    estimate_statistics(network, frames(data.train_images))
    frozen = freeze(network, data.classes)
    return {
        **networks.on_test(FrozenNetwork(frozen).eval(), data),
        "held_out": record["accuracy"],
        "held_out_before": record["accuracy_before"],
        "held_out_untrained": record["accuracy_untrained"],
        "sites": record["sites"],
        "sites_before": record["sites_before"],
        "channels": "-".join(map(str, record["channels"])),
        **size_of(network),
    }
