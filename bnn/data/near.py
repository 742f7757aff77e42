"""Near-duplicates: pictures that are one another but for brightness, compression, a little noise or size.

Each picture becomes a thumbnail of 32x32 gray levels. From it its mean and contrast are taken, and what all pictures of
the class have in common: a part in a fixture is told by what is not the fixture. Two pictures of one class are
near-duplicates when what is left correlates by LEAST_COARSE at 16x16 and by LEAST_FINE at 32x32.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bnn.data.groups import Joined

SIDE = 32  # of a thumbnail
LEAST_COARSE, LEAST_FINE = 0.998, 0.99
LEAST_CONTRAST = 2.0  # gray levels: less is an empty picture, which is like all others
MOST_PAIRS = 20  # times the pictures of a class
SHARE, MOST_OF_FEW = 0.25, 2  # of a class, or pictures of a small one, that a set of near-duplicates has at the most
FEWEST = 4  # pictures of a class, to tell what they have in common
_DIMENSIONS = 24  # that pictures are compared in first
_BLOCK = 1024  # pictures at a time
_TOLERANCE = 1e-4  # of squared distances in 32 bits

Thumbnails = NDArray[np.uint8]  # [N, 32, 32]
Indices = NDArray[np.int64]
Pairs = NDArray[np.int64]  # [P, 2], the smaller number first, in order


def thumbnail(picture: NDArray[Any]) -> Thumbnails:
    """Return the thumbnail [32, 32] of a picture [H, W], [H, W, 1] or [H, W, 3], of 8 or 16 bits.

    16 bits are scaled by the brightest pixel, as nothing depends on brightness.
    """
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[..., 0]
    if picture.dtype == np.uint16:
        picture = (picture.astype(np.uint32) * 255 // max(int(picture.max()), 1)).astype(np.uint8)
    gray = Image.fromarray(picture).convert("L") if picture.ndim == 3 else Image.fromarray(picture)
    return np.asarray(gray.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=3.0))


def near_pairs(thumbnails: Thumbnails, labels: NDArray[np.int64]) -> Pairs:
    """Return the pairs of near-duplicates among pictures [N, 32, 32] of one class each, labels [N].

    A class in which pictures are alike throughout has none: whether two are of one part cannot be told there. That is
    one with sets of near-duplicates of more than a quarter of it. The last word has arithmetic of 64 bits, so that
    pairs are the same on every machine.
    """
    found = [np.zeros((0, 2), np.int64)]
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        pairs = _of_class(thumbnails[members])
        if pairs is not None and _largest(pairs, len(members)) <= max(SHARE * len(members), MOST_OF_FEW):
            found.append(members[pairs])
    every = np.concatenate(found)
    return every[np.lexsort((every[:, 1], every[:, 0]))]


def _of_class(thumbnails: Thumbnails) -> Pairs | None:
    """Return the pairs [P, 2] within one class; None when there are more than MOST_PAIRS for each picture."""
    small = thumbnails.reshape(-1, SIDE // 2, 2, SIDE // 2, 2).sum((2, 4), dtype=np.uint16).reshape(len(thumbnails), -1)
    told = np.flatnonzero(small.std(1, dtype=np.float32) >= 4 * LEAST_CONTRAST)  # four pixels are summed
    if len(told) < FEWEST:
        return np.zeros((0, 2), np.int64)
    coarse, fine = small[told], thumbnails[told].reshape(len(told), -1)
    common, common_fine = _common(coarse), None
    found: list[Pairs] = []
    count = 0
    for one, other in _candidates(_apart(coarse, common).astype(np.float32)):
        one, other = _alike(coarse, common, one, other, LEAST_COARSE)
        if len(one):
            common_fine = _common(fine) if common_fine is None else common_fine
            one, other = _alike(fine, common_fine, one, other, LEAST_FINE)
        found.append(np.sort(told[np.stack([one, other], 1)], axis=1))
        count += len(one)
        if count > MOST_PAIRS * len(thumbnails):
            return None
    return np.concatenate(found)


def _largest(pairs: Pairs, pictures: int) -> int:
    """Return how many pictures the largest set of near-duplicates has."""
    joined = Joined(pictures)
    for one, other in pairs.tolist():
        joined.join(one, other)
    return int(np.bincount(joined.numbers()).max())


def _alike(
    values: NDArray[np.integer], common: NDArray[np.float64], one: Indices, other: Indices, least: float
) -> tuple[Indices, Indices]:
    """Return those of the pairs (one, other) of pictures [N, D] that correlate by `least`."""
    kept = np.zeros(len(one), bool)
    for begin in range(0, len(one), _BLOCK):
        some = slice(begin, begin + _BLOCK)
        products = _apart(values[one[some]], common) * _apart(values[other[some]], common)
        kept[some] = products.sum(1) >= least
    return one[kept], other[kept]


def _common(values: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the mean [D] of pictures [N, D], each of mean 0 and length 1."""
    total = np.zeros(values.shape[1])
    for begin in range(0, len(values), _BLOCK):
        total += _unit(values[begin : begin + _BLOCK]).sum(0)
    return total / len(values)


def _apart(values: NDArray[np.integer], common: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what sets each picture [N, D] apart from what is common, as a vector of length 1."""
    left = _unit(values) - common
    return left / np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-9)


def _unit(values: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return pictures [N, D] as vectors of mean 0 and length 1."""
    left = values - values.mean(1, keepdims=True)
    return left / np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-9)


def _candidates(points: NDArray[np.float32]) -> Iterator[tuple[Indices, Indices]]:
    """Yield indices (one, other) of vectors [N, D] that may be near-duplicates: all that are, and some others.

    Distances in some dimensions are never larger than in all. Along the first, in which the vectors spread most, each
    is compared only with those that are near enough there.
    """
    most = 2 * (1 - LEAST_COARSE) + _TOLERANCE  # squared distance of vectors of length 1
    _, directions = np.linalg.eigh(points.T @ points)
    kept = np.ascontiguousarray(points @ directions[:, : -_DIMENSIONS - 1 : -1])  # [N, _DIMENSIONS]
    order = np.argsort(kept[:, 0], kind="stable")
    kept = np.ascontiguousarray(kept[order])
    lengths = np.einsum("ij,ij->i", kept, kept)[:, None]
    ones = np.ones_like(lengths)
    left, right = np.hstack([2 * kept, -lengths, ones]), np.hstack([kept, ones, most - lengths]).astype(np.float32)
    ends = np.searchsorted(kept[:, 0], kept[:, 0] + np.sqrt(most), side="right")
    for begin in range(0, len(kept), _BLOCK):
        stop = min(begin + _BLOCK, len(kept))
        for start in range(begin, int(ends[stop - 1]), 8 * _BLOCK):
            inner = slice(start, min(start + 8 * _BLOCK, int(ends[stop - 1])))
            one, other = np.nonzero(left[begin:stop] @ right[inner].T >= 0)  # `most` less the squared distance
            one, other = one + begin, other + start
            later = other > one
            yield order[one[later]], order[other[later]]
