"""From the chain of the model's nodes to stages of hardware: pattern, check with a reason, stage.

    [Pad] Conv KxK of jets             [MultiThreshold] [MaxPool]   jets, constrained or one per map
    [Pad] Conv 1x1 of +-1, Conv KxK of jets   MultiThreshold        channel sums, then jets (bottleneck)
    [Pad] Conv 1x1 of +-1, Conv 3x3, a jet a map   MultiThreshold   jets, of an output the same in all maps (separable)
    [Pad] Conv KxK of +-1                      MultiThreshold        binary convolution
    MultiThreshold on pixels                                         a table: one bit, or quantized pixels
    MaxPool                                                          binary max-pool
    [Flatten] MatMul  (MultiThreshold | Add)                         binary dense layer, or scores
    ArgMax                                                           class

A jet layer is known by its weights alone: every kernel is +-(a jet) or zero. A stream s stands for the tensor
x = scale * s + offset[c]; 0 in the stream is what the padding of a map may be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bnn import jets
from bnn.errors import UserError
from bnn.integer.layers import Bias, Conv, Dense, Layer, Levels, MaxPool, Pad, Threshold
from bnn.integer.network import IntegerNetwork
from bnn.integer.reference import Ints
from hw.bits import bit_thresholds, dot_range, signed_bits

MOST_KERNEL = 11  # side of a +-1 kernel, as far as has been simulated
MOST_WEIGHT = 8  # magnitude of a weight on pixels
MAX_CLASSES = 256  # a result is one beat, with all its scores


@dataclass(frozen=True, eq=False)
class Stream:
    """What goes from one stage to the next, and what it means in the model."""

    shape: tuple[int, int, int]  # height, width, channels
    datatype: str  # of QONNX: UINT8, BIPOLAR, INTn
    scale: int
    offset: Ints  # [C]
    tensor: str  # of the model
    crop: int = 0  # the model's tensor has that many rows and columns of padding more on every side
    levels: bool = False  # quantized pixels

    @property
    def kind(self) -> str:
        """In words, for messages."""
        words = {"UINT8": "pixels (UINT8)", "BIPOLAR": "a +-1 map (BIPOLAR)"}
        return words.get(self.datatype, f"{'quantized pixels' if self.levels else 'sums'} ({self.datatype})")


@dataclass(frozen=True, eq=False)
class Stage:
    """One operator of FINN's graph: its type, its attributes, its output, and the model's nodes it stands for."""

    operator: str
    kind: str  # first part of its name
    attributes: dict[str, int | Ints]
    output: Stream
    nodes: tuple[str, ...]

    @property
    def layer(self) -> str:
        """What it computes: the operator without its back-end."""
        return self.operator.rsplit("_", 1)[0]

    @property
    def backend(self) -> str:
        """How it is made: rtl or hls."""
        return self.operator.rsplit("_", 1)[1]

    def made_with(self, backend: str) -> "Stage":
        """The same stage by another back-end."""
        return replace(self, operator=f"{self.layer}_{backend}")


def recognise(network: IntegerNetwork) -> tuple[Stream, list[Stage]]:
    """The stages of `network`, and the stream of pixels in front of them.

    UserError names the node, what was found and what is accepted.
    """
    chain = [_Node(node.layer, node.name, node.output, node.words) for node in network.nodes]
    channels, height, width = network.input_shape
    pixels = Stream((height, width, channels), "UINT8", 1, np.zeros(channels, np.int64), "image")
    if len(network.classes) > MAX_CLASSES:
        raise UserError(f"{len(network.classes)} classes are too many; an accelerator has at most {MAX_CLASSES}")
    stages: list[Stage] = []
    stream = pixels
    while chain:
        found = _next(chain, stream)
        stages += found
        stream = found[-1].output
        chain = chain[sum(len(stage.nodes) for stage in found) :]
    result = Stream((1, 1, 1), "UINT8", 1, np.zeros(1, np.int64), "class")
    return pixels, [*stages, Stage("ScoreArgMax_rtl", "argmax", {}, result, ("ArgMax",))]


@dataclass(frozen=True, eq=False)
class _Node:
    layer: Layer
    name: str
    tensor: str
    words: str

    @property
    def operator(self) -> str:
        """As ONNX calls it."""
        return self.layer.operator

    def refuse(self, why: str) -> UserError:
        return UserError(f"{self.words}: {why}")


def _next(chain: Sequence[_Node], stream: Stream) -> list[Stage]:
    layer = chain[0].layer
    if isinstance(layer, (Pad, Conv)):
        return _convolution(chain, stream)
    if isinstance(layer, MaxPool):
        return [_max_pool(chain[0], layer, stream)]
    if isinstance(layer, Dense):
        return _dense(chain, layer, stream)
    if isinstance(layer, (Threshold, Levels)) and stream.datatype == "UINT8":
        return [_pixel_table(chain[0], layer, stream)]
    expected = "a MatMul in front of it" if isinstance(layer, Bias) else "pixels, a Conv or a MatMul in front of it"
    raise chain[0].refuse(f"needs {expected}; it reads {stream.kind}")


def _pixel_table(node: _Node, layer: Threshold | Levels, stream: Stream) -> Stage:
    """What becomes of each value of a byte."""
    height, width, channels = stream.shape
    if len(layer.thresholds) != channels:
        raise node.refuse(f"{len(layer.thresholds)} thresholds for {channels} channels")
    table = layer.run(np.tile(np.arange(256), (channels, 1))[None])[0]  # [C, 256]
    if np.isin(table, (-1, 1)).all():
        output = _bipolar((height, width, channels), node.tensor)
        table = (table + 1) // 2
    else:
        bits = max(2, signed_bits(int(table.min()), int(table.max())))
        none = np.zeros(channels, np.int64)
        output = Stream((height, width, channels), f"INT{bits}", 1, none, node.tensor, levels=True)
    return Stage("PixelTable_rtl", "table", {"Table": table}, output, (node.name,))


# --- convolutions ---


def _convolution(chain: Sequence[_Node], stream: Stream) -> list[Stage]:
    """Pad, Conv, Threshold, or Pad, Conv 1x1, Conv KxK, Threshold."""
    used = list(chain[:1])
    pad = Pad(0, 0)
    if isinstance(chain[0].layer, Pad):
        pad = chain[0].layer
        used = list(chain[:2])
    first = used[-1]
    if not isinstance(first.layer, Conv):
        raise first.refuse("a Pad must be followed by a Conv")
    amount, zeros = _padding(chain[0], pad, first.layer, stream)
    rest = chain[len(used) :]
    stages: list[Stage] = []
    if _is_channel_sum(first.layer) and rest and isinstance(rest[0].layer, Conv):
        together = _separable(first.layer, rest[0].layer) if stream.datatype == "BIPOLAR" else None
        if together is not None and len(rest) > 1 and isinstance(rest[1].layer, Threshold):
            nodes = tuple(node.name for node in (*used, *rest[:2]))
            return [_thresholded(rest[0], together, rest[1], rest[1].layer.thresholds, stream, amount, zeros, nodes)]
        sums = _channel_sums(first, first.layer, stream, amount)
        stages.append(Stage("BinaryConv_rtl", "sums", sums.attributes, sums.output, tuple(n.name for n in used)))
        stream, first, used, rest = sums.output, rest[0], [rest[0]], rest[1:]
    assert isinstance(first.layer, Conv)
    if not rest or not isinstance(rest[0].layer, Threshold):
        follower = f"{rest[0].operator}" if rest else "nothing"
        raise first.refuse(
            f"its sums go to {follower}; accepted are a MultiThreshold, or a Conv of jets behind a 1x1 Conv of +-1"
        )
    nodes = tuple(node.name for node in (*used, rest[0]))
    return [*stages, _thresholded(first, first.layer, rest[0], rest[0].layer.thresholds, stream, amount, zeros, nodes)]


def _padding(node: _Node, pad: Pad, conv: Conv, stream: Stream) -> tuple[int, bool]:
    """How many rows and columns, and whether they are zeros round a +-1 map, which are no value of one bit."""
    if pad.amount and stream.datatype != "BIPOLAR" and pad.value != 0:
        raise node.refuse(f"pads {stream.kind} with {pad.value}; pad pixels with 0")
    zeros = bool(pad.amount) and stream.datatype == "BIPOLAR" and pad.value != -1
    if zeros and (pad.value != 0 or conv.groups > 1 or not _is_binary(conv) or _is_channel_sum(conv)):
        raise node.refuse(
            f"pads a +-1 map with {pad.value}, which is no value of one bit; pad with -1 and train with that padding "
            "(0 is accepted in front of KxK kernels of +-1)"
        )
    return pad.amount, zeros


def _is_channel_sum(conv: Conv) -> bool:
    return conv.weight.shape[2] == 1 and conv.groups == 1 and conv.stride == 1 and _is_binary(conv)


def _is_binary(conv: Conv) -> bool:
    return bool(np.isin(conv.weight, (-1, 1)).all())


def _is_jets(conv: Conv) -> bool:
    kernels = conv.weight.reshape(-1, *conv.weight.shape[2:])
    return all(jets.factorise(kernel) is not None for kernel in np.unique(kernels, axis=0))


def _separable(signs: Conv, each: Conv) -> Conv | None:
    """1x1 of +-1, then a 3x3 jet per map, as one Conv of jets; None for anything else.

    sum over y, x of jet[o] * (sum over c of s[o,c] x[c])  =  sum over c, y, x of (s[o,c] jet[o]) x[c]
    """
    if each.weight.shape[2] != 3 or each.groups != len(signs.weight) or not _is_jets(each):
        return None
    if each.weight.shape[:2] != (each.groups, 1) or not each.weight.any((1, 2, 3)).all():
        return None
    return Conv(signs.weight * each.weight, each.stride)


def _channel_sums(node: _Node, conv: Conv, stream: Stream, amount: int) -> Stage:
    """A 1x1 Conv without threshold. The padding in front moves behind it: a sum of zeros is 0 in the stream."""
    _check_channels(node, conv, stream)
    weight = conv.weight
    height, width, _ = stream.shape
    low, high = dot_range(weight, *_range(stream))
    bits = max(2, signed_bits(int(low.min()), int(high.max())))
    offset = (weight[:, :, 0, 0] * stream.offset).sum(1)
    output = Stream((height, width, len(weight)), f"INT{bits}", stream.scale, offset, node.tensor, amount)
    attributes: dict[str, int | Ints] = {"Kernel": 1, "Weight": weight}
    return Stage("BinaryConv_rtl", "sums", attributes, output, (node.name,))


def _thresholded(
    node: _Node, conv: Conv, behind: _Node, thresholds: Ints, stream: Stream, amount: int, zeros: bool,
    nodes: tuple[str, ...],
) -> Stage:  # fmt: skip
    """Conv, Threshold: jets or +-1 weights."""
    _check_channels(node, conv, stream)
    weight, size = conv.weight, conv.weight.shape[2]
    grouped = conv.groups > 1
    if len(thresholds) != len(weight):
        raise behind.refuse(f"{len(thresholds)} thresholds for {len(weight)} channels")
    if _is_jets(conv):
        operator, kind = "JetConv_rtl", "jet_conv"
        if grouped and conv.groups != len(weight):
            raise node.refuse(f"{len(weight)} outputs in {conv.groups} groups; jets read one map each or all maps")
    elif _is_binary(conv) or (stream.datatype != "BIPOLAR" and np.abs(conv.weight).max() <= MOST_WEIGHT):
        operator, kind = "BinaryConv_rtl", "binary_conv"
        if grouped or size > MOST_KERNEL:
            most = f"{MOST_KERNEL}x{MOST_KERNEL}"
            raise node.refuse(
                f"{size}x{size} in {conv.groups} groups; +-1 kernels are accepted up to {most}, in 1 group"
            )
        if stream.datatype not in ("UINT8", "BIPOLAR") and not stream.levels:
            raise node.refuse(f"+-1 kernels on {stream.kind}; after a 1x1 Conv only jets are accepted")
    else:
        raise node.refuse(
            f"its {size}x{size} kernels are neither all +-1 nor all +-(a jet) or zero (3x3 and 5x5 jets are products "
            f"of [1 1] and [1 -1]), nor integers up to {MOST_WEIGHT} on pixels; train with --layer bottleneck, "
            "separable, constrained or binary"
        )
    output = _output_shape(node, stream, size, conv.stride, amount, len(weight))
    attributes: dict[str, int | Ints] = {"Kernel": size, "Stride": conv.stride, "Pad": amount}
    if zeros:
        weight, limits = with_plane(weight, thresholds, *stream.shape[:2])
        attributes |= {"Weight": weight, "Threshold": limits, "InsideMap": 1}
    else:
        offset = stream.offset[:, None] if grouped else stream.offset
        attributes |= {"Weight": weight, "Threshold": bit_thresholds(thresholds, weight, stream.scale, offset)}
    if grouped:
        attributes["Grouped"] = 1
    return Stage(operator, kind, attributes, _bipolar(output, behind.tensor), nodes)


def with_plane(weight: Ints, thresholds: Ints, height: int, width: int) -> tuple[Ints, Ints]:
    """Weights [O, C+1, K, K] and thresholds on bits b and the plane m for +-1 maps 2b - m, m = 0 in the padding.

        sum(w (2b - m)) >= T   <=>   sum(w b) - sum(M m) / 2 >= T / 2,   M = sum over the maps of w

    M is even where the number of maps is. Else M = 2a + 1, and of the n places inside of the frame ceil((T + n) / 2) -
    ceil(T / 2) count: those of one colour of a chess board, for a window is cut at one end of a row or column and what
    is left of an odd kernel, when odd, begins and ends on white. Where that does not hold all is taken twice.
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


def _check_channels(node: _Node, conv: Conv, stream: Stream) -> None:
    channels, groups = stream.shape[2], conv.groups
    if conv.weight.shape[1] * groups != channels or groups not in (1, channels):
        raise node.refuse(
            f"weights {list(conv.weight.shape)} in {groups} groups do not fit {channels} channels; "
            f"accepted are 1 group, or {channels} groups of one channel"
        )


def _output_shape(
    node: _Node, stream: Stream, kernel: int, stride: int, pad: int, channels: int
) -> tuple[int, int, int]:
    height, width, _ = stream.shape
    if 2 * pad > kernel - 1:
        raise node.refuse(
            f"padding {pad} is too wide for a {kernel}x{kernel} kernel; accepted: at most {(kernel - 1) // 2} here"
        )
    if kernel > 1 and (min(height, width) + pad < kernel or min(height, width) <= max(pad, 1)):
        raise node.refuse(f"a map of {height}x{width} is too small for a {kernel}x{kernel} kernel with padding {pad}")
    if stride < 1 or stride > min(height, width):
        raise node.refuse(f"stride {stride} on a map of {height}x{width}; accepted is 1 up to the map's side")
    return (height + 2 * pad - kernel) // stride + 1, (width + 2 * pad - kernel) // stride + 1, channels


# --- the other layers ---


def _max_pool(node: _Node, pool: MaxPool, stream: Stream) -> Stage:
    size = pool.size
    height, width, channels = stream.shape
    if stream.datatype != "BIPOLAR":
        raise node.refuse(f"pools {stream.kind}; only +-1 maps are accepted: put the MultiThreshold in front of it")
    if not 2 <= size <= min(height, width):
        raise node.refuse(f"windows of {size}x{size} on a map of {height}x{width}; accepted are 2 up to the map's side")
    output = _bipolar((height // size, width // size, channels), node.tensor)
    attributes: dict[str, int | Ints] = {"Size": size}
    if pool.signs is not None:
        attributes["Minimum"] = (1 - pool.signs) // 2
    return Stage("BinaryMaxPool_rtl", "max_pool", attributes, output, (node.name,))


def _dense(chain: Sequence[_Node], layer: Dense, stream: Stream) -> list[Stage]:
    node = chain[0]
    inputs, outputs = layer.weight.shape
    if stream.datatype != "BIPOLAR":
        raise node.refuse(f"reads {stream.kind}; only +-1 inputs are accepted: put a Conv and MultiThreshold in front")
    if inputs != np.prod(stream.shape):
        raise node.refuse(f"{inputs} rows of weights for a map of {stream.shape} (height, width, channels)")
    if len(chain) < 2 or not isinstance(chain[1].layer, (Threshold, Bias)):
        raise node.refuse("must be followed by a MultiThreshold or, at the end, an Add")
    behind = chain[1]
    weight: dict[str, int | Ints] = {"Weight": layer.weight}
    nodes = (node.name, behind.name)
    if isinstance(behind.layer, Threshold):
        if len(behind.layer.thresholds) != outputs:
            raise behind.refuse(f"{len(behind.layer.thresholds)} thresholds for {outputs} outputs")
        attributes = {**weight, "Threshold": behind.layer.thresholds}
        if (np.abs(layer.weight) != 1).any():
            _check_few_bits(node, layer.weight)
        return [Stage("BinaryDense_rtl", "dense", attributes, _bipolar((1, 1, outputs), behind.tensor), nodes)]
    assert isinstance(behind.layer, Bias)
    if len(chain) > 2:
        raise chain[2].refuse("stands behind the scores; the network must end in MatMul, Add")
    bias = np.broadcast_to(behind.layer.bias, (outputs,)).astype(np.int64)
    multiplier = np.abs(layer.weight[0])  # [O], the same in every row
    plain_weight = np.sign(layer.weight)
    if (np.abs(layer.weight) != multiplier).any() or not multiplier.all():
        multiplier = np.maximum(np.gcd.reduce(layer.weight, axis=0) // 2, 1)
        plain_weight = layer.weight // multiplier
        inputs *= _check_few_bits(node, plain_weight)
    if (multiplier == 1).all():
        return [
            Stage("BinaryDense_rtl", "scores", {**weight, "Bias": bias}, _scores(bias, inputs, behind.tensor), nodes)
        ]
    none = np.zeros(outputs, np.int64)
    plain: dict[str, int | Ints] = {"Weight": plain_weight, "Bias": none}
    sums = _scores(none, inputs, f"{node.tensor}_sums")  # that tensor of the model is already multiplied
    scaled: dict[str, int | Ints] = {"Multiplier": multiplier, "Bias": bias}
    scores = _scores(bias, multiplier << (signed_bits(-inputs, inputs) - 1), behind.tensor)
    return [
        Stage("BinaryDense_rtl", "score_sums", plain, sums, nodes[:1]),
        Stage("ScoreAffine_rtl", "scores", scaled, scores, nodes[1:]),
    ]


def _check_few_bits(node: _Node, weight: Ints) -> int:
    """Even weights, twice those of the file: how many +-1 each is the sum of."""
    most = int(np.abs(weight).max())
    if (weight % 2).any() or not 2 <= most <= 2 * MOST_WEIGHT:
        raise node.refuse(
            f"its weights are neither all +-1 nor all even and up to {2 * MOST_WEIGHT}, twice weights of a few bits; "
            f"the largest is {most}"
        )
    return most


def _scores(bias: Ints, reach: Ints | int, tensor: str) -> Stream:
    """Of bias [O] plus or minus so much."""
    bits = signed_bits(int((bias - reach).min()), int((bias + reach).max()))
    return Stream((1, 1, len(bias)), f"INT{bits}", 1, np.zeros(len(bias), np.int64), tensor)


def _bipolar(shape: tuple[int, int, int], tensor: str) -> Stream:
    return Stream(shape, "BIPOLAR", 2, np.full(shape[2], -1, np.int64), tensor)


def _range(stream: Stream) -> tuple[int, int]:
    if stream.datatype == "BIPOLAR":
        return 0, 1
    if stream.datatype == "UINT8":
        return 0, 255
    bits = int(stream.datatype.removeprefix("INT"))
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
