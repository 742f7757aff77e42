"""The task `robustness`: what one noise, added to every test picture, does to a trained network.

The noise is computed with the network's gradients (neuraljet.reporting.universal), from the pictures that it learned
from, or from pictures of another set, whose classes are what the network calls them. Records: accuracy without noise,
and for each strength N accuracy_random_N, accuracy_own_N and accuracy_other_N, all of the frozen network.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuraljet.reporting.judged import Judge
from neuraljet.reporting.universal import added, perturbation
from neuraljet.studying.tasks import training
from neuraljet.studying.tasks.pictures import pictures

KNOWN = (*training.KNOWN, "strengths", "other")
MOST = 2000  # pictures that a noise is computed from


def measure(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record. strengths: in grey levels. other: the set whose pictures a noise is computed from too."""
    learned = training.learn({name: value for name, value in asked.items() if name in training.KNOWN})
    data, judge, seed = learned.data, Judge.of(learned.frozen), asked["seed"]
    own = data.train_images[:MOST] if len(data.train_images) <= MOST else _some(data.train_images, seed)
    labels = data.train_labels if len(data.train_labels) <= MOST else _some(data.train_labels, seed)
    foreign = _some(pictures({**asked, "set": asked["other"], "per_class": 0}).train_images, seed)

    def accuracy(noise: NDArray[np.int16]) -> float:
        return float(np.mean(judge.classes(added(data.test_images, noise)) == data.test_labels))

    record: dict[str, Any] = {"frames": len(data.test_labels)}
    record["accuracy"] = accuracy(np.zeros(data.test_images.shape[1:], np.int16))
    for strength in asked["strengths"]:
        drawn = np.random.default_rng(seed).choice((-strength, strength), data.test_images.shape[1:]).astype(np.int16)
        from_own = perturbation(learned.network, (own, labels), None, strength, seed)
        from_other = perturbation(learned.network, (foreign, judge.classes(foreign)), None, strength, seed)
        for name, noise in (("random", drawn), ("own", from_own), ("other", from_other)):
            record[f"accuracy_{name}_{strength}"] = accuracy(noise)
    return record


def _some(values: NDArray[Any], seed: int) -> NDArray[Any]:
    """Return at most MOST entries, always the same ones of a seed."""
    order = np.random.default_rng(seed).permutation(len(values))[:MOST]
    return values[np.sort(order)]
