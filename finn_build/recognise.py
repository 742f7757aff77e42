"""From the chain of the model's nodes to stages of hardware: pattern, check with a reason, stage.

    [Pad] Conv KxK of jets             [MultiThreshold] [MaxPool]   jets, constrained or one per map
    [Pad] Conv 1x1 of +-1, Conv KxK of jets   MultiThreshold        channel sums, then jets (separable, bottleneck)
    [Pad] Conv KxK of +-1                      MultiThreshold        binary convolution
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
from bnn.integer import Bias, Conv, Dense, IntegerNetwork, Layer, MaxPool, Pad, Threshold
from bnn.reference import Ints
from hw.ops.bits import bit_thresholds, dot_range, signed_bits

MAX_CLASSES = 256  # of the 8 bits of the class


@dataclass(frozen=True, eq=False)
class Stream:
    """What goes from one stage to the next, and what it means in the model."""

    shape: tuple[int, int, int]  # height, width, channels
    datatype: str  # of QONNX: UINT8, BIPOLAR, INTn
    scale: int
    offset: Ints  # [C]
    tensor: str  # of the model
    crop: int = 0  # the model's tensor has that many rows and columns of padding more on every side

    @property
    def kind(self) -> str:
        """In words, for messages."""
        words = {"UINT8": "pixels (UINT8)", "BIPOLAR": "a +-1 map (BIPOLAR)"}
        return words.get(self.datatype, f"sums ({self.datatype})")


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


def recognise(network: IntegerNetwork, names: Sequence[str] | None = None) -> tuple[Stream, list[Stage]]:
    """The stages of `network`, and the stream of pixels in front of them.

    names: how messages call the layers; default as in an exported model. UserError names the node, what was
    found and what is accepted.
    """
    tensors = network.tensor_names
    if names is None:
        names = [tensor.removesuffix("_out") for tensor in tensors[:-1]] + ["Bias_0"]
    chain = [_Node(*row) for row in zip(network.layers, names, tensors, strict=True)]
    channels, height, width = network.input_shape
    pixels = Stream((height, width, channels), "UINT8", 1, np.zeros(channels, np.int64), "image")
    if len(network.classes) > MAX_CLASSES:
        raise UserError(f"{len(network.classes)} classes are too many; the class is a byte, so at most {MAX_CLASSES}")
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

    @property
    def operator(self) -> str:
        """As ONNX calls it."""
        kind = type(self.layer).__name__
        return {"Threshold": "MultiThreshold", "Dense": "MatMul", "Bias": "Add"}.get(kind, kind)

    def refuse(self, why: str) -> UserError:
        return UserError(f"node {self.name} ({self.operator}): {why}")


def _next(chain: Sequence[_Node], stream: Stream) -> list[Stage]:
    layer = chain[0].layer
    if isinstance(layer, (Pad, Conv)):
        return _convolution(chain, stream)
    if isinstance(layer, MaxPool):
        return [_max_pool(chain[0], layer.size, stream)]
    if isinstance(layer, Dense):
        return [_dense(chain, layer, stream)]
    expected = "a Conv or MatMul in front of it" if isinstance(layer, Threshold) else "a MatMul in front of it"
    raise chain[0].refuse(f"needs {expected}; it reads {stream.kind}")


# --- convolutions ---


def _convolution(chain: Sequence[_Node], stream: Stream) -> list[Stage]:
    """Pad, Conv, Threshold, or Pad, Conv 1x1, Conv KxK, Threshold."""
    used = list(chain[:1])
    amount = 0
    if isinstance(chain[0].layer, Pad):
        amount = _padding(chain[0], chain[0].layer, stream)
        used = list(chain[:2])
    first = used[-1]
    if not isinstance(first.layer, Conv):
        raise first.refuse("a Pad must be followed by a Conv")
    rest = chain[len(used) :]
    stages: list[Stage] = []
    if _is_channel_sum(first.layer) and rest and isinstance(rest[0].layer, Conv):
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
    return [*stages, _thresholded(first, first.layer, rest[0], rest[0].layer.thresholds, stream, amount, nodes)]


def _padding(node: _Node, pad: Pad, stream: Stream) -> int:
    if stream.datatype == "UINT8" and pad.value != 0:
        raise node.refuse(f"pads pixels with {pad.value}; pad pixels with 0")
    if stream.datatype == "BIPOLAR" and pad.value != -1:
        raise node.refuse(
            f"pads a +-1 map with {pad.value}, which is no value of one bit; pad with -1 and train with that padding"
        )
    return pad.amount


def _is_channel_sum(conv: Conv) -> bool:
    return conv.weight.shape[2] == 1 and conv.groups == 1 and conv.stride == 1 and _is_binary(conv)


def _is_binary(conv: Conv) -> bool:
    return bool(np.isin(conv.weight, (-1, 1)).all())


def _is_jets(conv: Conv) -> bool:
    kernels = conv.weight.reshape(-1, *conv.weight.shape[2:])
    return all(jets.factorise(kernel) is not None for kernel in np.unique(kernels, axis=0))


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
    node: _Node, conv: Conv, behind: _Node, thresholds: Ints, stream: Stream, amount: int, nodes: tuple[str, ...]
) -> Stage:
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
    elif _is_binary(conv):
        operator, kind = "BinaryConv_rtl", "binary_conv"
        if grouped or size > 5:
            raise node.refuse(f"{size}x{size} in {conv.groups} groups; +-1 kernels are accepted up to 5x5, in 1 group")
        if stream.datatype not in ("UINT8", "BIPOLAR"):
            raise node.refuse(f"+-1 kernels on {stream.kind}; after a 1x1 Conv only jets are accepted")
    else:
        raise node.refuse(
            f"its {size}x{size} kernels are neither all +-1 nor all +-(a jet) or zero (3x3 and 5x5 jets are products "
            "of [1 1] and [1 -1]); train with --layer bottleneck, separable, constrained or binary"
        )
    output = _output_shape(node, stream, size, conv.stride, amount, len(weight))
    offset = stream.offset[:, None] if grouped else stream.offset
    attributes: dict[str, int | Ints] = {
        "Kernel": size,
        "Stride": conv.stride,
        "Pad": amount,
        "Weight": weight,
        "Threshold": bit_thresholds(thresholds, weight, stream.scale, offset),
    }
    if grouped:
        attributes["Grouped"] = 1
    return Stage(operator, kind, attributes, _bipolar(output, behind.tensor), nodes)


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
        raise node.refuse(f"padding {pad} is too wide for a {kernel}x{kernel} kernel; at most {(kernel - 1) // 2}")
    if kernel > 1 and (min(height, width) + pad < kernel or min(height, width) <= max(pad, 1)):
        raise node.refuse(f"a map of {height}x{width} is too small for a {kernel}x{kernel} kernel with padding {pad}")
    if stride < 1 or stride > min(height, width):
        raise node.refuse(f"stride {stride} on a map of {height}x{width}; accepted is 1 up to the map's side")
    return (height + 2 * pad - kernel) // stride + 1, (width + 2 * pad - kernel) // stride + 1, channels


# --- the other layers ---


def _max_pool(node: _Node, size: int, stream: Stream) -> Stage:
    height, width, channels = stream.shape
    if stream.datatype != "BIPOLAR":
        raise node.refuse(f"pools {stream.kind}; only +-1 maps are accepted: put the MultiThreshold in front of it")
    if not 2 <= size <= min(height, width):
        raise node.refuse(f"windows of {size}x{size} on a map of {height}x{width}; accepted are 2 up to the map's side")
    output = _bipolar((height // size, width // size, channels), node.tensor)
    return Stage("BinaryMaxPool_rtl", "max_pool", {"Size": size}, output, (node.name,))


def _dense(chain: Sequence[_Node], layer: Dense, stream: Stream) -> Stage:
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
        return Stage("BinaryDense_rtl", "dense", attributes, _bipolar((1, 1, outputs), behind.tensor), nodes)
    assert isinstance(behind.layer, Bias)
    if len(chain) > 2:
        raise chain[2].refuse("stands behind the scores; the network must end in MatMul, Add")
    bias = np.broadcast_to(behind.layer.bias, (outputs,)).astype(np.int64)
    bits = signed_bits(int(bias.min()) - inputs, int(bias.max()) + inputs)
    scores = Stream((1, 1, outputs), f"INT{bits}", 1, np.zeros(outputs, np.int64), behind.tensor)
    return Stage("BinaryDense_rtl", "scores", {**weight, "Bias": bias}, scores, nodes)


def _bipolar(shape: tuple[int, int, int], tensor: str) -> Stream:
    return Stream(shape, "BIPOLAR", 2, np.full(shape[2], -1, np.int64), tensor)


def _range(stream: Stream) -> tuple[int, int]:
    if stream.datatype == "BIPOLAR":
        return 0, 1
    if stream.datatype == "UINT8":
        return 0, 255
    bits = int(stream.datatype.removeprefix("INT"))
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
