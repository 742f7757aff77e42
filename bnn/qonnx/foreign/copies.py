"""Weights for channels that are one channel in the file: levels of a quantizer, or copies for weights of few bits."""

import numpy as np

from bnn.integer.reference import Ints


def repeated(weight: Ints, maps: int, times: int) -> Ints:
    """Return weights [O, maps, ...] or [O, F] for inputs with `times` copies of each map, the same for all copies."""
    return np.repeat(_by_map(weight, maps), times, axis=1).reshape(len(weight), -1, *weight.shape[2:])


def signs(weight: Ints, maps: int, most: int) -> Ints:
    """Return weights of magnitude up to `most` as +-1, for inputs with 2 * most copies of each map.

    2 * w is the sum of most + w weights +1 and most - w weights -1.
    """
    each = _by_map(weight, maps)
    copy = np.arange(2 * most).reshape(-1, *[1] * (each.ndim - 2))
    return np.where(copy < most + each[:, :, None], 1, -1).reshape(len(weight), -1, *weight.shape[2:])


def _by_map(weight: Ints, maps: int) -> Ints:
    """Return the weights as [O, maps, ...]; those of a dense layer [O, F] become [O, maps, elements of a map]."""
    return weight if weight.ndim == 4 else weight.reshape(len(weight), maps, -1)
