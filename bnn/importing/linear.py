"""Conv, MatMul and Gemm of the file: weights +-scale as signs and a scale per output."""

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from bnn.importing.graph import Array, Graph, attributes
from bnn.reference import Ints

WEIGHTS = "1-bit weights: +-(one positive scale per output), by BipolarQuant or Quant of 1 bit, signed"


@dataclass(frozen=True, eq=False)
class Linear:
    """weight = signs * scale: signs [O, I/groups, K, K] or [O, F]."""

    signs: Ints
    scale: NDArray[np.float64]  # [O]
    bias: NDArray[np.float64]  # [O]
    shape: tuple[int, int, int]  # of the output
    stride: int = 1
    pad: int = 0  # rows and columns of zeros on every side
    groups: int = 1


def convolution(graph: Graph, node: onnx.NodeProto, shape: tuple[int, int, int], flat: bool) -> Linear:
    """A Conv on a map of `shape`. UserError names the node."""
    a = attributes(node)
    weight = _weight(graph, node)
    if flat or weight.ndim != 4:
        raise graph.refuse(
            node, f"weights of shape {list(weight.shape)} on a flattened map", "2-D convolutions of maps"
        )
    kernel, strides, groups = weight.shape[2], a.get("strides", [1, 1]), int(a.get("group", 1))
    pads = list(a.get("pads", [0] * 4))
    automatic = a.get("auto_pad", b"NOTSET")
    if automatic in (b"SAME_UPPER", b"SAME_LOWER"):
        raise graph.refuse(node, f"auto_pad {automatic.decode()}", "explicit pads")
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
            node, f"weights {list(weight.shape)} in {groups} groups on {shape[0]} channels", "one map each"
        )
    signs, scale = _signs(graph, node, weight)
    stride, pad = int(strides[0]), int(pads[0])
    rows, columns = ((size + 2 * pad - kernel) // stride + 1 for size in shape[1:])
    if min(rows, columns) < 1:
        raise graph.refuse(node, f"a map of {shape[1]}x{shape[2]} is smaller than its kernel", "larger maps")
    return Linear(signs, scale, _bias(graph, node, len(signs)), (len(signs), rows, columns), stride, pad, groups)


def dense(graph: Graph, node: onnx.NodeProto, shape: tuple[int, int, int], flat: bool) -> Linear:
    """A MatMul or Gemm on a flattened map of `shape`. UserError names the node."""
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
    signs, scale = _signs(graph, node, weight.T)
    return Linear(signs, scale, _bias(graph, node, len(signs)), (len(signs), 1, 1))


def _weight(graph: Graph, node: onnx.NodeProto) -> Array:
    weight = graph.constant(node, 1)
    if weight is None:
        raise graph.refuse(node, "its second input is no constant", "constant weights")
    return weight


def _bias(graph: Graph, node: onnx.NodeProto, outputs: int) -> NDArray[np.float64]:
    """[O]."""
    if len(node.input) < 3 or not node.input[2]:
        return np.zeros(outputs)
    bias = graph.constant(node, 2)
    if bias is None or bias.size not in (1, outputs):
        raise graph.refuse(node, "its bias is no constant per output", "one constant per output")
    return np.broadcast_to(bias.reshape(-1).astype(np.float64), (outputs,)).copy()


def _signs(graph: Graph, node: onnx.NodeProto, weight: Array) -> tuple[Ints, NDArray[np.float64]]:
    """Signs and scale [O] of weights [O, ...]."""
    size = np.abs(weight).reshape(len(weight), -1)
    if not np.isfinite(weight).all() or (size != size[:, :1]).any() or not size.all():
        values = np.unique(weight[int(np.argmax((size != size[:, :1]).any(1)))])
        some = ", ".join(f"{v:g}" for v in values[:5]) + (", ..." if len(values) > 5 else "")
        raise graph.refuse(node, f"its weights take {len(values)} values in an output ({some})", WEIGHTS)
    return np.where(weight > 0, 1, -1).astype(np.int64), size[:, 0].astype(np.float64)
