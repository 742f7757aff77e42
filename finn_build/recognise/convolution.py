"""What the rules of convolutions share: [Pad] Conv at the beginning, a MultiThreshold or nothing at the end."""

from dataclasses import dataclass

import numpy as np

from bnn import jets
from bnn.integer.layers import Conv, Pad, Threshold
from bnn.integer.network import Node
from bnn.integer.reference import Ints
from finn_build.recognise.rule import Graph, Refused
from finn_build.recognise.stages import Attributes, Stage, Stream, bipolar, integers
from hw.bits import bit_thresholds, dot_range


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution of the model, and the padding in front of it."""

    nodes: tuple[Node, ...]  # the Pad, if there is one, and the Conv
    conv: Conv
    pad: Pad  # of 0 rows when there is none

    @property
    def node(self) -> Node:
        """The node of the Conv."""
        return self.nodes[-1]


def beginning(graph: Graph, node: Node) -> Convolution | None:
    """Find [Pad] Conv; None when there is something else. Refused for a Pad in front of something else."""
    if isinstance(node.layer, Conv):
        return Convolution((node,), node.layer, Pad(0, 0))
    if not isinstance(node.layer, Pad):
        return None
    behind = graph.next(node)
    if behind is None:
        names = ", ".join(reader.name for reader in graph.readers(node)) or "nobody"
        raise Refused(node, f"{names} read what it makes; a Pad must be followed by one Conv")
    if not isinstance(behind.layer, Conv):
        raise Refused(behind, "a Pad must be followed by a Conv")
    return Convolution((node, behind), behind.layer, node.layer)


def is_binary(conv: Conv) -> bool:
    """Return whether all weights are +-1."""
    return bool(np.isin(conv.weight, (-1, 1)).all())


def is_channel_sum(conv: Conv) -> bool:
    """Return whether the layer adds and subtracts the maps, pixel by pixel."""
    return conv.weight.shape[2] == 1 and conv.groups == 1 and conv.stride == 1 and is_binary(conv)


def is_jets(conv: Conv) -> bool:
    """Return whether every kernel is +-(a jet) or zero."""
    kernels = conv.weight.reshape(-1, *conv.weight.shape[2:])
    return all(jets.factorise(kernel) is not None for kernel in np.unique(kernels, axis=0))


# --- checks ---


def check_padding(found: Convolution, source: Stream, zeros_accepted: bool = False) -> bool:
    """Return whether a +-1 map is padded with zeros, which a bit cannot be. Refused for other values."""
    pad, node = found.pad, found.nodes[0]
    if pad.amount and source.datatype != "BIPOLAR" and pad.value != 0:
        raise Refused(node, f"pads {source.kind} with {pad.value}; pad pixels with 0")
    zeros = bool(pad.amount) and source.datatype == "BIPOLAR" and pad.value != -1
    if zeros and (pad.value != 0 or not zeros_accepted):
        raise Refused(
            node,
            f"pads a +-1 map with {pad.value}, which is no value of one bit; pad with -1 and train with that padding "
            "(0 is accepted in front of KxK kernels of +-1)",
        )
    return zeros


def check_channels(node: Node, conv: Conv, source: Stream) -> None:
    """Raise Refused when the weights do not fit the maps."""
    channels, groups = source.shape[2], conv.groups
    if conv.weight.shape[1] * groups != channels or groups not in (1, channels):
        raise Refused(
            node,
            f"weights {list(conv.weight.shape)} in {groups} groups do not fit {channels} channels; "
            f"accepted are 1 group, or {channels} groups of one channel",
        )


def check_ending(graph: Graph, node: Node, outputs: int) -> None:
    """Raise Refused unless a MultiThreshold follows, or only layers that take sums."""
    behind = graph.next(node, Threshold)
    if behind is None:
        readers = graph.readers(node)
        if not readers or not all(graph.takes_sums(reader) for reader in readers):
            follower = ", ".join(reader.layer.operator for reader in readers) or "nothing"
            raise Refused(
                node,
                f"its sums go to {follower}; accepted are a MultiThreshold, or a Conv of jets behind a 1x1 Conv of +-1",
            )
    else:
        assert isinstance(behind.layer, Threshold)
        if len(behind.layer.thresholds) != outputs:
            raise Refused(behind, f"{len(behind.layer.thresholds)} thresholds for {outputs} channels")


def check_geometry(node: Node, conv: Conv, source: Stream, pad: int) -> None:
    """Raise Refused for kernels, strides and padding that do not fit the map."""
    (height, width, _), kernel, stride = source.shape, conv.weight.shape[2], conv.stride
    if 2 * pad > kernel - 1:
        raise Refused(
            node,
            f"padding {pad} is too wide for a {kernel}x{kernel} kernel; accepted: at most {(kernel - 1) // 2} here",
        )
    if kernel > 1 and (min(height, width) + pad < kernel or min(height, width) <= max(pad, 1)):
        raise Refused(node, f"a map of {height}x{width} is too small for a {kernel}x{kernel} kernel with padding {pad}")
    if stride < 1 or stride > min(height, width):
        raise Refused(node, f"stride {stride} on a map of {height}x{width}; accepted is 1 up to the map's side")


# --- stages ---


def stage(
    graph: Graph, operator: str, kind: str, node: Node, conv: Conv, source: Stream, pad: int,
    nodes: tuple[Node, ...], inside_map: bool = False,
) -> Stage:  # fmt: skip
    """Return the stage of a convolution with the MultiThreshold behind it, or of its sums when there is none.

    node: the Conv. nodes: what the stage stands for, without the MultiThreshold. inside_map: true zeros are padded (see
    `with_inside_map`).
    """
    behind = graph.next(node, Threshold)
    outputs, kernel = len(conv.weight), conv.weight.shape[2]
    height, width, _ = source.shape
    shape = (height + 2 * pad - kernel) // conv.stride + 1, (width + 2 * pad - kernel) // conv.stride + 1, outputs
    attributes: Attributes = {"Kernel": kernel, "Stride": conv.stride, "Pad": pad}
    output: Stream
    if behind is not None:
        assert isinstance(behind.layer, Threshold)
        limits = behind.layer.thresholds
        output, nodes = bipolar(shape, behind.output), (*nodes, behind)
        if inside_map:
            weight, limits = with_inside_map(conv.weight, limits, height, width)
        else:
            offset = source.offset[:, None] if conv.groups > 1 else source.offset
            weight, limits = conv.weight, bit_thresholds(limits, conv.weight, source.scale, offset)
        attributes |= {"Weight": weight, "Threshold": limits}
    else:
        weight, scale, offset = _sums(conv, source, inside_map)
        attributes["Weight"] = weight
        low, high = dot_range(weight, *source.range)
        output = Stream(shape, integers(int(low.min()), int(high.max())), scale, offset, node.output)
    if inside_map:
        attributes["InsideMap"] = 1
    if conv.groups > 1:
        attributes["Grouped"] = 1
    return Stage(operator, kind, attributes, (source.tensor,), output, tuple(found.name for found in nodes))


def channel_sums(node: Node, conv: Conv, source: Stream, pad: int, nodes: tuple[Node, ...]) -> Stage:
    """Return the stage of a 1x1 Conv without threshold. Its padding moves behind it, where a sum of zeros is 0."""
    weight = conv.weight
    height, width, _ = source.shape
    low, high = dot_range(weight, *source.range)
    offset = (weight[:, :, 0, 0] * source.offset).sum(1)
    datatype = integers(int(low.min()), int(high.max()))
    output = Stream((height, width, len(weight)), datatype, source.scale, offset, node.output, pad)
    attributes: Attributes = {"Kernel": 1, "Weight": weight}
    return Stage("BinaryConv_rtl", "sums", attributes, (source.tensor,), output, tuple(found.name for found in nodes))


def _sums(conv: Conv, source: Stream, inside_map: bool) -> tuple[Ints, int, Ints]:
    """Return weights on the stream, and scale and offset [O] of their sums.

        sum(w x) = scale * sum(w s) + sum(w offset)

    With true zeros round bits b, of which x = 2b - m (see `with_inside_map`):  sum(w x) = sum(2w b) - sum(M m).
    """
    weight = conv.weight
    if inside_map:
        wide = np.concatenate([2 * weight, -weight.sum(axis=1, keepdims=True)], axis=1)
        return wide, 1, np.zeros(len(weight), np.int64)
    kernels = weight.reshape(*weight.shape[:2], -1).sum(2)  # [O, C or 1]
    return weight, source.scale, (kernels * (source.offset[:, None] if conv.groups > 1 else source.offset)).sum(1)


def with_inside_map(weight: Ints, thresholds: Ints, height: int, width: int) -> tuple[Ints, Ints]:
    """Return weights [O, C+1, K, K] and thresholds on bits b and the map m for +-1 maps 2b - m; m = 0 in the padding.

        sum(w (2b - m)) >= T   <=>   sum(w b) - sum(M m) / 2 >= T / 2,   M = sum over the maps of w

    M is even where the number of maps is even. Otherwise M = 2a + 1, and of the n places inside the frame
    ceil((T + n) / 2) - ceil(T / 2) count: those of one colour of a chess board. This is right because a window is cut
    at one end of a row or column only, and an odd rest of an odd kernel begins and ends on white. Where that does not
    hold, everything is taken twice.
    """
    kernel = weight.shape[2]
    total = weight.sum(axis=1, keepdims=True)  # [O, 1, K, K]
    if weight.shape[1] % 2 == 0:
        return np.concatenate([weight, -total // 2], axis=1), -(-thresholds // 2)
    if kernel % 2 and min(height, width) >= kernel - 1:
        white = (np.add.outer(np.arange(kernel), np.arange(kernel)) + 1) % 2
        counted = np.where(thresholds.reshape(-1, 1, 1, 1) % 2 == 0, white, 1 - white)
        return np.concatenate([weight, -((total - 1) // 2 + counted)], axis=1), -(-thresholds // 2)
    return np.concatenate([2 * weight, -total], axis=1), thresholds
