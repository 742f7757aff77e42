"""Conv, MatMul and Gemm of the file as small integer weights with a scale per output; and the windows of pools."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from bnn.integer.reference import Ints
from bnn.qonnx.foreign.graph import Graph
from bnn.qonnx.foreign.nodes import Array, attributes

WEIGHTS = "weights of 1 to 4 bits: small integers times one positive scale per output, by BipolarQuant or Quant"
MOST = 8  # largest magnitude of an integer weight


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear node whose weights are integers * scale. integers: [O, I/groups, K, K] of a Conv, else [O, F]."""

    integers: Ints
    scale: NDArray[np.float64]  # [O]
    bias: NDArray[np.float64]  # [O]
    shape: tuple[int, int, int]  # C, H, W of the output
    stride: int = 1
    pad: int = 0  # rows and columns of zeros on every side
    groups: int = 1
    error: float = 0.0  # how far a weight of the file is from integers * scale, in scales


def convolution(graph: Graph, node: onnx.NodeProto, shape: tuple[int, int, int], flat: bool) -> Linear:
    """Return what a Conv does on a map of `shape` [C, H, W]. UserError names the node when hardware cannot do it.

    flat: the tensor is a row, which no Conv takes.
    """
    a = attributes(node)
    weight = _weight(graph, node)
    if flat or weight.ndim != 4:
        raise graph.refuse(
            node, f"weights of shape {list(weight.shape)} on a flattened map", "2-D convolutions of maps"
        )
    kernel, strides, groups = weight.shape[2], a.get("strides", [1, 1]), int(a.get("group", 1))
    pads = _pads(a, shape, kernel, strides)
    if a.get("auto_pad", b"NOTSET") != b"NOTSET" and "pads" in a:
        raise graph.refuse(node, "has both auto_pad and pads", "one of them")
    if (size := list(a.get("kernel_shape", weight.shape[2:]))) != list(weight.shape[2:]):
        raise graph.refuse(node, f"kernel_shape {size} and weights {list(weight.shape)}", "a kernel_shape that agrees")
    if (
        weight.shape[3] != kernel
        or len(set(strides)) != 1
        or set(a.get("dilations", [1])) != {1}
        or len(set(pads)) != 1
    ):
        raise graph.refuse(
            node,
            f"kernel {list(weight.shape[2:])}, strides {strides}, dilations {a.get('dilations', [1, 1])}, pads {pads}",
            "square kernels, equal strides, dilation 1 and the same padding on all sides",
        )  # fmt: skip
    if weight.shape[1] * groups != shape[0]:
        raise graph.refuse(
            node, f"weights {list(weight.shape)} in {groups} groups on {shape[0]} channels", "weights for every channel"
        )
    integers, scale, error = _integers(graph, node, weight)
    stride, pad = int(strides[0]), int(pads[0])
    rows, columns = ((size + 2 * pad - kernel) // stride + 1 for size in shape[1:])
    if min(rows, columns) < 1:
        raise graph.refuse(node, f"a map of {shape[1]}x{shape[2]} is smaller than its kernel", "larger maps")
    outputs = len(integers)
    return Linear(integers, scale, _bias(graph, node, outputs), (outputs, rows, columns), stride, pad, groups, error)


def _pads(a: dict[str, Any], shape: tuple[int, int, int], kernel: int, strides: list[int]) -> list[int]:
    """Return the rows and columns of zeros around the map: top, left, bottom, right. a: the node's attributes."""
    automatic = a.get("auto_pad", b"NOTSET")
    if automatic == b"VALID":
        return [0] * 4
    if automatic == b"NOTSET":
        return list(a.get("pads", [0] * 4))
    sizes = zip(shape[1:], strides, strict=True)
    total = [max(0, (-(-size // stride) - 1) * stride + kernel - size) for size, stride in sizes]
    less, more = [n // 2 for n in total], [n - n // 2 for n in total]
    return [*less, *more] if automatic == b"SAME_UPPER" else [*more, *less]


def dense(graph: Graph, node: onnx.NodeProto, shape: tuple[int, int, int], flat: bool) -> Linear:
    """Return what a MatMul or Gemm does on a map of `shape` that was flattened. UserError names the node.

    flat: the tensor is a row, as it must be here.
    """
    a = attributes(node)
    weight = _weight(graph, node)
    if node.op_type == "Gemm" and (a.get("alpha", 1.0), a.get("beta", 1.0), a.get("transA", 0)) != (1.0, 1.0, 0):
        raise graph.refuse(node, "alpha, beta or transA is set", "alpha 1, beta 1, transA 0")
    if a.get("transB", 0):
        weight = weight.T
    inputs = int(np.prod(shape))
    if weight.ndim != 2 or weight.shape[0] != inputs or not flat:
        raise graph.refuse(
            node, f"weights {list(weight.shape)} on {inputs} inputs", "Flatten in front, a row per input"
        )
    integers, scale, error = _integers(graph, node, weight.T)
    outputs = len(integers)
    return Linear(integers, scale, _bias(graph, node, outputs), (outputs, 1, 1), error=error)


def _weight(graph: Graph, node: onnx.NodeProto) -> Array:
    """Return the second input of a node. UserError when it is no constant."""
    weight = graph.constant(node, 1)
    if weight is None:
        raise graph.refuse(node, "its second input is no constant", "constant weights")
    return weight


def _bias(graph: Graph, node: onnx.NodeProto, outputs: int) -> NDArray[np.float64]:
    """Return the bias [O] of a Conv or Gemm, 0 where it has none. UserError unless it is one constant per output."""
    if len(node.input) < 3 or not node.input[2]:
        return np.zeros(outputs)
    bias = graph.constant(node, 2)
    rows = {(outputs,)} if node.op_type == "Conv" else {(), (1,), (outputs,), (1, 1), (1, outputs)}
    if bias is None or bias.shape not in rows:
        raise graph.refuse(node, "its bias is no constant per output", "one constant per output")
    return np.broadcast_to(bias.reshape(-1).astype(np.float64), (outputs,)).copy()


def _integers(graph: Graph, node: onnx.NodeProto, weight: Array) -> tuple[Ints, NDArray[np.float64], float]:
    """Return integers [O, ...] and scale [O] of weights [O, ...], and the largest difference, in scales.

    UserError when the weights of an output are no small multiples of one scale.
    """
    found, scale, error = np.zeros(weight.shape, np.int64), np.ones(len(weight)), 0.0
    for o, row in enumerate(weight.astype(np.float64)):
        size = np.unique(np.abs(row[row != 0]))
        if not np.isfinite(row).all():
            raise graph.refuse(node, f"weights of output {o} are no numbers", WEIGHTS)
        if not size.size:
            continue  # all are 0
        for parts in range(1, MOST + 1):  # the smallest weight may be several scales
            unit = size[0] / parts
            off = float(np.abs(size / unit - np.rint(size / unit)).max())
            if off < 1e-5 and size[-1] / unit < MOST + 0.5:
                break
        else:
            values = np.unique(row)
            some = ", ".join(f"{v:g}" for v in values[:5]) + (", ..." if len(values) > 5 else "")
            raise graph.refuse(node, f"its weights take {len(values)} values in an output ({some})", WEIGHTS)
        found[o], scale[o], error = np.rint(row / unit), unit, max(error, off)
    return found, scale, error


def window(graph: Graph, node: onnx.NodeProto) -> int:
    """Return the side of a pool's windows. UserError when they are not square, overlap or are padded."""
    a = attributes(node)
    kernel = a["kernel_shape"]
    strides = a.get("strides", [1] * len(kernel))
    plain = not any(a.get("pads", [0])) and not a.get("ceil_mode", 0) and set(a.get("dilations", [1])) == {1}
    if len(kernel) != 2 or len({*kernel, *strides}) != 1 or not plain:
        raise graph.refuse(
            node, f"kernel {kernel}, strides {strides}, pads {a.get('pads', 0)}, ceil_mode {a.get('ceil_mode', 0)}",
            "square windows that do not overlap and are not padded, incomplete ones dropped",
        )  # fmt: skip
    return int(kernel[0])
