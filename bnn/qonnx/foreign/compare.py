"""Compare the network with the file: both run on pictures, layer by layer, within float32's rounding.

The network adds integers. The file adds float32 numbers, which may be rounded. The number and the size of its terms
bound how far a sum can be off (values.rounding). The bound says which differences are allowed:

sign    both values where the exact sum is so near to the threshold that rounding may pass it, elsewhere only the exact
score   between what the file's last nodes make of the sum minus the bound and plus the bound
class   that of the integer scores, or another one whose score float32 may round past it

Each layer of the network reads what the file's layer in front of it gave. So a sign that float32 decided excuses only
what follows from it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qonnx.core.modelwrapper import ModelWrapper

from bnn.errors import UserError
from bnn.integer.network import IMAGE, SCORES, IntegerNetwork
from bnn.integer.reference import Ints
from bnn.qonnx.foreign.execute import trace
from bnn.qonnx.foreign.graph import Array
from bnn.qonnx.foreign.imported import Decided, Imported

BATCH = 64  # frames compared at once; it bounds memory and changes no result


@dataclass(frozen=True)
class Agreement:
    """What differs between the network and the file, and what of it rounding explains."""

    frames: int
    mismatches: int  # frames in which something differs by more than the rounding of float32
    classes_differ: int  # frames whose class differs without a tie within the rounding
    scores_beyond: int  # scores outside the bound
    decisions_beyond: int  # signs that differ although the sum is not near the threshold
    largest_difference: float  # between a score of the file and that of the exact sum
    bound: float  # on that difference: the largest of all scores seen
    classes_tied: int  # frames whose class differs because of a tie within the rounding
    decisions_open: int  # signs whose sum is so near to the threshold that float32 may decide
    decisions_taken: int  # open signs that float32 decided against the exact sum
    frames_taken: int  # frames with such signs
    classes_taken: int  # such frames whose class differs because of them
    scores_indistinct: int  # classes in which the bound is wider than the step from one sum to the next

    def __add__(self, other: "Agreement") -> "Agreement":
        """Return the agreement over the frames of both."""
        most = ("largest_difference", "bound", "scores_indistinct")
        ours, theirs = asdict(self), asdict(other)
        return Agreement(**{k: max(v, theirs[k]) if k in most else v + theirs[k] for k, v in ours.items()})


def compare(network: IntegerNetwork, imported: Imported, model: ModelWrapper, images: NDArray[np.uint8]) -> Agreement:
    """Execute the file `model` on `images` [N, C, H, W] and compare signs, scores and classes with `network`.

    imported: what the file is imported as; `network` should equal its network. UserError when the two have layers of
    different kinds or sizes, and when there are no images.
    """
    if not len(images):
        raise UserError("source.onnx cannot be compared on 0 frames; give 1 or more")
    if network.input_shape != imported.network.input_shape or _plan(network) != _plan(imported.network):
        raise UserError("model.onnx has other layers than source.onnx is imported as; build the accelerator again")
    return reduce(add, (_batch(network, imported, model, images[i : i + BATCH]) for i in range(0, len(images), BATCH)))


def _batch(network: IntegerNetwork, imported: Imported, model: ModelWrapper, images: NDArray[np.uint8]) -> Agreement:
    answer = [imported.class_tensor] if imported.class_tensor else []
    names = [*(decided.tensor for decided in imported.decided), imported.scores_tensor, *answer]
    file = trace(model, images, imported.unit, names)
    wrong, taken = np.zeros(len(images), bool), np.zeros(len(images), bool)
    signs_beyond = signs_open = signs_taken = 0
    known = {IMAGE: images.astype(np.int64)}
    for decided in imported.decided:
        sums = _compute(network, known, decided.sums)
        bits = _compute(network, {decided.sums: sums}, decided.bits)
        near = _near(decided, sums)
        ends = (bits, np.where(near, -1, bits), np.where(near, 1, bits))
        ours, least, most = (_compute(network, {decided.bits: end}, decided.last) for end in ends)
        x = known[decided.last] = _bits(decided, file[decided.tensor], ours)
        beyond = (x < least) | (x > most)
        otherwise = (x != ours) & ~beyond
        wrong |= _frames(beyond)
        taken |= _frames(otherwise)
        signs_open, signs_beyond = signs_open + int(near.sum()), signs_beyond + int(beyond.sum())
        signs_taken += int(otherwise.sum())

    scores = _compute(network, known, SCORES)  # of what the file decided
    floats = imported.of_file(file[imported.scores_tensor]).astype(np.float64)
    exact = imported.scores.of_integers(scores).astype(np.float64)
    low, high = (end.astype(np.float64) for end in imported.scores.interval(scores))
    inside = imported.scores.are_sums(scores) & (floats >= low) & (floats <= high)  # NaN is not
    wrong |= ~inside.all(axis=1)

    classes = file[answer[0]].reshape(-1).astype(np.int64) if answer else floats.argmax(axis=1)
    own, followed = network.classify(network.run(images)), network.classify(scores)
    tied = (followed != classes) & _tied(low, high, followed, classes)
    differ = (followed != classes) & ~tied
    wrong |= differ
    return Agreement(
        frames=len(images),
        mismatches=int(wrong.sum()),
        classes_differ=int(differ.sum()),
        scores_beyond=int((~inside).sum()),
        decisions_beyond=signs_beyond,
        largest_difference=float(np.abs(floats - exact).max()),
        bound=float(np.maximum(high - exact, exact - low).max()),
        classes_tied=int((tied & ~wrong).sum()),
        decisions_open=signs_open,
        decisions_taken=signs_taken,
        frames_taken=int(taken.sum()),
        classes_taken=int((taken & (own != classes) & ~wrong & ~tied).sum()),
        scores_indistinct=imported.scores.indistinct(),
    )


def _plan(network: IntegerNetwork) -> list[tuple[Any, ...]]:
    """Return of every node what it reads and makes, the kind of its layer and the shapes of its arrays."""
    kept = ("weight", "thresholds", "bias")
    return [
        (
            node.inputs, node.output, type(node.layer).__name__,
            *(getattr(node.layer, name).shape for name in kept if hasattr(node.layer, name)),
        )
        for node in network.nodes
    ]  # fmt: skip


def _compute(network: IntegerNetwork, known: Mapping[str, Ints], tensor: str) -> Ints:
    return network.compute(known, [tensor])[tensor]


def _near(decided: Decided, sums: Ints) -> NDArray[np.bool_]:
    """Return for each of the sums [N, O, ...] whether float32 may round it past its threshold."""
    found = decided.found
    channels, levels = found.directions.shape
    x = sums.reshape(len(sums), channels, -1, levels, *sums.shape[2:])  # copies of a channel lie side by side
    each = (1, channels, 1, levels, *[1] * (sums.ndim - 2))
    k = found.directions.reshape(each) * x  # the file's own sums
    near = (k >= found.first_open.reshape(each)) & (k <= found.last_open.reshape(each))
    return near.reshape(sums.shape)


def _bits(decided: Decided, values: Array, like: Ints) -> Ints:
    """Return the +-1 that stand for values [N, C, ...] of the file. like: an array of their shape, [N, O, ...]."""
    found = decided.found
    channels, levels = found.directions.shape
    copies = like.shape[1] // (channels * levels)
    middle = found.start + found.unit * (np.arange(levels) + 0.5)
    each = values.reshape(len(values), channels, 1, 1, *like.shape[2:])
    bits = np.where(each >= middle.reshape(1, 1, 1, levels, *[1] * (like.ndim - 2)), 1, -1)
    return np.repeat(bits, copies, axis=2).reshape(like.shape).astype(np.int64)


def _frames(elements: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return [N]: whether any of a frame's elements [N, ...] is set."""
    return np.asarray(elements.reshape(len(elements), -1).any(axis=1))


def _tied(low: Array, high: Array, ours: Ints, theirs: Ints) -> NDArray[np.bool_]:
    """Return [N]: whether float32 may round the scores of classes `ours` and `theirs` past each other.

    It may not where neither score is rounded.
    """
    frames = np.arange(len(ours))
    least, most = low[frames, ours], high[frames, ours]
    other_least, other_most = low[frames, theirs], high[frames, theirs]
    return (other_least <= most) & (least <= other_most) & ((least < most) | (other_least < other_most))
