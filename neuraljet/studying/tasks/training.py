"""The task `train`: a network learns, and is judged on the test pictures as the frozen network that a circuit computes.

Records: accuracy (0 to 1) on `frames` test pictures, of which `right` are right; held_out, the same on what was held
out of the training pictures; parameters and bits; with `area` sites, ramb18 and cycles_per_frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bnn.data import Dataset
from bnn.errors import UserError
from bnn.integer.freeze import FrozenNetwork, freeze
from bnn.integer.network import IntegerNetwork
from bnn.model.network import Network
from bnn.model.size import size_of
from bnn.training.config import TrainConfig
from bnn.training.rates import RATES
from bnn.training.rounds import run_rounds
from bnn.training.trainer import Trainer
from neuraljet.studying.tasks import networks, pictures
from neuraljet.studying.tasks.donors import donor

PLAIN = ("batch", "validation", "balance", "teacher", "optimizer", "adversarial")  # as TrainConfig has them
SETTINGS = (*PLAIN, "steps", "rate", "augment")
KNOWN = ("seed", *SETTINGS, "init", "init_steps", *pictures.KNOWN, *networks.KNOWN)
NO_INIT = "none"


@dataclass(frozen=True, eq=False)
class Learned:
    """A trained network, and the pictures that it learned from and is judged on."""

    data: Dataset
    trainer: Trainer
    network: Network
    frozen: IntegerNetwork
    held_out: float  # accuracy, 0 to 1


def measure(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a training."""
    learned = learn(asked)
    return {
        **networks.on_test(FrozenNetwork(learned.frozen).eval(), learned.data),
        "held_out": learned.held_out,
        "train_pictures": len(learned.trainer.sides.labels),
        "learning_rate": learned.trainer.config.rate,
        **size_of(learned.network),
        **networks.area_of(learned.frozen, asked),
    }


def learn(asked: Mapping[str, Any]) -> Learned:
    """Train as a description asks.

    steps, batch, validation, balance, teacher, optimizer, adversarial: as in TrainConfig. rate: times the
    optimizer's learning rate. augment: "card" or names. init: the set from which a network of the same form,
    trained `init_steps`, gives its first layers; "none" for a random start.
    """
    data = pictures.pictures(asked)
    height, width, channels = data.train_images.shape[1:]
    spec = networks.spec_of(asked, (channels, height, width), len(data.classes))
    init = asked.get("init", NO_INIT)
    begun = None if init == NO_INIT else donor(asked, init, spec)
    trainer = Trainer(data, spec, config_of(asked, data, None if begun is None else str(begun)))
    trainer.objective.begin()
    run_rounds(trainer)
    judged = trainer.evaluate()
    network = trainer.finish()
    return Learned(data, trainer, network, freeze(network, data.classes), round(judged.accuracy, 6))


def config_of(asked: Mapping[str, Any], data: Dataset, init: str | None = None) -> TrainConfig:
    """Return the settings of the training."""
    augment = asked.get("augment", "card")
    if augment == "card":
        augment = data.card.augment if data.card else ()
    plain = {name: asked[name] for name in PLAIN if name in asked}
    optimizer = plain.get("optimizer", "adam")
    if optimizer not in RATES:
        raise UserError(f"optimizer = {optimizer!r}; allowed: {', '.join(RATES)}")
    return TrainConfig(
        steps=asked["steps"], seed=asked["seed"], augment=tuple(augment), init=init,
        learning_rate=RATES[optimizer] * asked.get("rate", 1), **plain,
    )  # fmt: skip
