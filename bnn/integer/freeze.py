"""Turn the trained network into the frozen integer network.

Batch norm and sign become one integer threshold per channel. Only the magnitude of the norm's scale is used. Its sign
negates the weights of the channel (`bnn.model.layers.Norm`), so that every comparison is `sum >= T`:

    |gamma| (z - mean) / sd + beta >= 0   <=>   z >= mean - beta sd / |gamma|
"""

from functools import singledispatch

import numpy as np
import torch
from torch import nn

from bnn.errors import UserError
from bnn.integer.intervals import dot_interval
from bnn.integer.layers import Bias, Conv, Dense, Layer, MaxPool, Pad, Shape, Threshold
from bnn.integer.layers.add import Add
from bnn.integer.layers.concat import Concat
from bnn.integer.layers.elman import Elman
from bnn.integer.layers.sum_pool import SumPool
from bnn.integer.network import IMAGE, SCORES, GraphBuilder, IntegerNetwork
from bnn.integer.reference import Ints
from bnn.model.heads import DenseHead, ElmanHead, Head, PooledHead
from bnn.model.layers import Norm
from bnn.model.network import PIXEL_SCALE, Network
from bnn.model.pooling import MaxPooling, Pooling, SumPooling
from bnn.model.shortcuts import Shortcut
from bnn.model.shortcuts.add import AddShortcut
from bnn.model.shortcuts.concat import ConcatShortcut

MOST = 1 << 24  # largest integer in the exported file, whose constants are float32
EXACT = 1 << 53  # float64 holds every integer up to here


def _integers(weight: torch.Tensor, where: str) -> Ints:
    """Return the integers in `weight` [O, ...]. UserError names the channel of a value that is too large or no number.

    where: the part of the network, for messages.
    """
    values = weight.detach().cpu().numpy().astype(np.float64)
    wrong = np.argwhere(~(np.abs(values) <= MOST))  # written so that nan is wrong too
    if len(wrong):
        raise UserError(
            f"{where}, channel {wrong[0][0]}: {values[tuple(wrong[0])]:g} is no integer from -{MOST} to {MOST}; "
            "the training has diverged, train again with another --seed"
        )
    rounded = np.rint(values)
    if not np.array_equal(rounded, values):
        raise ValueError(f"{where}: composed weights are not integers")
    return rounded.astype(np.int64)


def _refuse_nonsense(network: Network) -> None:
    """Raise UserError when a weight or a statistic of the network is not finite."""
    for name, value in network.state_dict().items():
        wrong = torch.nonzero(~torch.isfinite(value)).tolist()
        if wrong:
            at = wrong[0]
            raise UserError(
                f"{name}{f', channel {at[0]}' if at else ''}: {float(value[tuple(at)])} is no number; the training has "
                "diverged, train again with another --seed"
            )


def fold_norm(norm: Norm, scale: float, low: Ints, high: Ints, where: str = "norm") -> tuple[Ints, Ints]:
    """Return thresholds T [O] and signs [O] of a norm: norm(scale * sign * s) >= 0 <=> sign * s >= T, s in low..high.

    T is clipped to the range low..high+1 of the signed sum, which changes no result. UserError names `where` the norm
    is and the channel when a statistic is not finite or a variance is negative.
    """
    values = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    gamma, beta, mean, var = (v.detach().cpu().numpy().astype(np.float64) for v in values if v is not None)
    for name, numbers in (("weight", gamma), ("bias", beta), ("mean", mean), ("variance", var)):
        wrong = np.flatnonzero(~np.isfinite(numbers) | (numbers < 0) & (name == "variance"))
        if len(wrong):
            raise UserError(
                f"{where}, channel {wrong[0]}: the {name} of its batch norm is {numbers[wrong[0]]:g}; the training has "
                "diverged, train again with another --seed"
            )
    deviation = np.sqrt(var + norm.eps)
    sign = norm.signs().detach().cpu().numpy().astype(np.int64)
    low, high = np.where(sign < 0, -high, low), np.where(sign < 0, -low, high)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        border = (mean - beta * deviation / np.abs(gamma)) / scale
    border = np.where(gamma == 0, np.where(beta >= 0, low, high + 1), border)
    return np.clip(np.ceil(border), low, high + 1).astype(np.int64), sign


def freeze(network: Network, classes: tuple[str, ...], metadata: dict[str, str] | None = None) -> IntegerNetwork:
    """Return the integer network that computes what `network` does with its present weights and statistics.

    UserError names layer and channel when these are not finite, or too large for an integer.
    """
    _refuse_nonsense(network)
    builder, tensor = GraphBuilder(), IMAGE
    low, high, scale = 0, 255, PIXEL_SCALE
    for index, block in enumerate(network.blocks):
        where, conv = f"block {index}", block.conv
        layers: list[Layer] = [Pad(conv.padding, conv.pad_value)] if conv.padding else []
        stages = [(_integers(weight, where), stride, groups) for weight, stride, groups in conv.stages()]
        bottom, top = np.array(low), np.array(high)
        for weight, _, groups in stages:
            bottom, top = _sums(weight, groups, bottom, top)
        bottom, top = bottom - block.shortcut.most, top + block.shortcut.most
        thresholds, sign = fold_norm(block.norm, scale, bottom, top, where)
        weight, stride, groups = stages[-1]
        stages[-1] = (weight * sign[:, None, None, None], stride, groups)
        layers += [Conv(*stage) for stage in stages]
        source = tensor
        sums = joined(block.shortcut, builder, builder.chain(layers, source), source, sign)
        tensor = builder.add(Threshold(thresholds), sums)
        shape = _shape(builder, network.input_shape, tensor)
        tensor = builder.chain(pooling_layers(block.pooling, where, shape), tensor)
        tensor = beside(block.shortcut, builder, tensor, source)
        low, high, scale = -1, 1, 1.0
    tensor, places = headed(network.head, builder, tensor)
    for index, hidden in enumerate(network.hidden):
        where = f"hidden layer {index}"
        weight, places = np.repeat(_integers(hidden.linear.binary(), where), places, axis=1), 1
        largest = np.full(len(weight), weight.shape[1])  # a sum of so many +-1
        thresholds, sign = fold_norm(hidden.norm, 1.0, -largest, largest, where)
        tensor = builder.chain([Dense((weight * sign[:, None]).T), Threshold(thresholds)], tensor)
    classifier = network.classifier
    scores = np.repeat(_integers(classifier.linear.binary(), "classifier"), places, axis=1)
    tensor = builder.add(Dense(scores.T), tensor)
    builder.add(Bias(_integers(classifier.bias.round(), "bias of the classifier")), tensor)
    return IntegerNetwork(network.input_shape, builder.finished(), classes, metadata or {})


@singledispatch
def joined(shortcut: Shortcut, builder: GraphBuilder, sums: str, tensor: str, sign: Ints) -> str:
    """Append the layers with which a block's shortcut changes its sums; return the name of the resulting tensor.

    sums: the block's sums. tensor: the input of the block. sign: +-1 [O], by which the sums are multiplied already.
    """
    if type(shortcut).forward is Shortcut.forward:
        return sums
    raise TypeError(f"nothing says what a {type(shortcut).__name__} becomes")


@joined.register
def _(shortcut: AddShortcut, builder: GraphBuilder, sums: str, tensor: str, sign: Ints) -> str:
    return builder.add(Add(None, None if (sign > 0).all() else sign), sums, tensor)


@singledispatch
def pooling_layers(pooling: Pooling, where: str, shape: Shape) -> list[Layer]:
    """Return the layers that a block's pooling becomes. They follow the block's thresholds.

    where: the block, for messages. shape: of the map that is pooled.
    """
    raise TypeError(f"{where}: nothing says what a {type(pooling).__name__} becomes")


@pooling_layers.register
def _(pooling: MaxPooling, where: str, shape: Shape) -> list[Layer]:
    return [MaxPool(pooling.size)] if pooling.size > 1 else []


@pooling_layers.register
def _(pooling: SumPooling, where: str, shape: Shape) -> list[Layer]:
    size = (pooling.size, pooling.size) if pooling.size else (shape[1], shape[2])
    most = np.full(pooling.channels, size[0] * size[1])
    thresholds, sign = fold_norm(pooling.norm, 1.0, -most, most, f"{where}, pooling")
    return [SumPool(size).multiplied(sign), Threshold(thresholds)]


@singledispatch
def headed(head: Head, builder: GraphBuilder, tensor: str) -> tuple[str, int]:
    """Append the layers that a head becomes; return the name of what they make, and how many places share a weight.

    The next dense layer has a weight for each channel of a map with so many places, 1 where it has one per element.
    """
    raise TypeError(f"nothing says what a {type(head).__name__} becomes")


@headed.register
def _(head: DenseHead, builder: GraphBuilder, tensor: str) -> tuple[str, int]:
    return tensor, 1


@headed.register
def _(head: PooledHead, builder: GraphBuilder, tensor: str) -> tuple[str, int]:
    return tensor, head.places


@headed.register
def _(head: ElmanHead, builder: GraphBuilder, tensor: str) -> tuple[str, int]:
    weight, recurrent = (_integers(part.binary(), "head") for part in (head.weight, head.recurrent))  # [O, ...]
    most = np.full(len(weight), weight.shape[1] + len(weight))
    thresholds, sign = fold_norm(head.norm, 1.0, -most, most, "head")
    layer = Elman((weight * sign[:, None]).T, (recurrent * sign[:, None]).T, thresholds)
    return builder.add(layer, tensor), 1


def _shape(builder: GraphBuilder, input_shape: Shape, tensor: str) -> Shape:
    """Return the shape of a frame of a tensor that a node of the builder makes."""
    shapes = {IMAGE: input_shape}
    for node in builder.nodes:
        shapes[node.output] = node.shape(shapes)
    return shapes[tensor]


@singledispatch
def beside(shortcut: Shortcut, builder: GraphBuilder, bits: str, tensor: str) -> str:
    """Append the layers with which a block's shortcut changes its +-1 map; return the name of the resulting tensor.

    bits: the block's +-1 map. tensor: the input of the block.
    """
    if type(shortcut).past is Shortcut.past:
        return bits
    raise TypeError(f"nothing says what a {type(shortcut).__name__} becomes")


@beside.register
def _(shortcut: ConcatShortcut, builder: GraphBuilder, bits: str, tensor: str) -> str:
    return builder.add(Concat(), tensor, bits)


def _sums(weight: Ints, groups: int, low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Return the interval of each output [O] of a convolution whose inputs lie in low..high.

    low, high: one number, or one per input channel.
    """
    outputs, per_group = weight.shape[:2]
    if low.ndim:
        source = (np.arange(outputs) // (outputs // groups))[:, None] * per_group + np.arange(per_group)
        low, high = low[source][..., None, None], high[source][..., None, None]  # [O, I/g, 1, 1]
    return dot_interval(weight, low, high)


class FrozenNetwork(nn.Module):
    """The integer network in torch: the same graph, in floats wide enough that every sum is exact.

    UserError when even float64 is too narrow.
    """

    def __init__(self, network: IntegerNetwork) -> None:
        super().__init__()
        self.network = network
        most = max(max(-low, high) for low, high in network.intervals().values())
        if most >= EXACT:
            raise UserError(f"sums of up to {most} are too wide for an exact check; float64 is exact up to {EXACT}")
        self.dtype = torch.float32 if most < MOST else torch.float64

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the integer scores [N, classes] (int64) of uint8 pictures [N, C, H, W]."""
        values = {IMAGE: images.to(self.dtype)}
        for node in self.network.nodes:
            values[node.output] = node.layer.torch(*(values[name] for name in node.inputs))
        return values[SCORES].long()
