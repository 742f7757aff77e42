"""Channels side by side that are one of the file: the levels of a quantizer, and copies for weights of a few bits."""

from dataclasses import replace

import numpy as np

from bnn.integer.layers import Conv, Dense, Layer, MaxPool, Pad, Threshold
from bnn.integer.reference import Ints


def copied(layer: Layer, times: int, together: int = 1) -> Layer:
    """The layer with every output so many times, side by side; `together` outputs in a row are copied as one."""

    def copy(values: Ints) -> Ints:
        rows = values.reshape(-1, together, *values.shape[1:])
        return np.repeat(rows, times, axis=0).reshape(-1, *values.shape[1:])

    if isinstance(layer, Conv):
        return replace(layer, weight=copy(layer.weight))
    if isinstance(layer, Dense):
        return replace(layer, weight=copy(layer.weight.T).T)
    if isinstance(layer, Threshold):
        return Threshold(copy(layer.thresholds))
    if isinstance(layer, MaxPool):
        return replace(layer, signs=None if layer.signs is None else copy(layer.signs))
    assert isinstance(layer, Pad)
    return layer


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
