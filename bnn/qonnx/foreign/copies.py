"""Channels side by side that are one of the file: the levels of a quantizer, and copies for weights of a few bits."""

import numpy as np

from bnn.integer.reference import Ints


def repeated(weight: Ints, maps: int, times: int) -> Ints:
    """Weights [O, maps, ...] or [O, F] for maps that each come so many times, the same for all of them."""
    return np.repeat(_by_map(weight, maps), times, axis=1).reshape(len(weight), -1, *weight.shape[2:])


def signs(weight: Ints, maps: int, most: int) -> Ints:
    """Weights up to `most` as +-1 for maps that each come 2 * most times.

    2 * w = most + w weights of +1 and most - w of -1.
    """
    each = _by_map(weight, maps)
    copy = np.arange(2 * most).reshape(-1, *[1] * (each.ndim - 2))
    return np.where(copy < most + each[:, :, None], 1, -1).reshape(len(weight), -1, *weight.shape[2:])


def _by_map(weight: Ints, maps: int) -> Ints:
    """Rows of a dense layer as [O, maps, elements of a map]."""
    return weight if weight.ndim == 4 else weight.reshape(len(weight), maps, -1)
