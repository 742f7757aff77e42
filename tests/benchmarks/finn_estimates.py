"""What FINN's own units take in the place of ours, by FINN's own formulas: nothing is generated, and nothing mapped.

Of each of our operators `units` gives FINN's, with FINN's defaults for memories (line buffers in LUTs, weights in block
RAM), folded to the fewest products at once that keep the rate: sliding window, matrix (XNOR) or vector unit with
thresholds, and the thresholds of pixels. Left out are FIFOs and converters of width between them, and what FINN's
formulas count as nothing: the logic of pooling behind its sliding window, the arg-max, thresholds of matrix units.
Call with FINN set up by `finn_build.adapter.workspace`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from onnx import helper

from hw.ops.bits import signed_bits

DOMAIN = "finn.custom_op.fpgadataflow.rtl"
PART = "xc7z020clg400-1"


def units(operator: Any, clocks: int) -> list[Any]:
    """FINN's operators in the place of one of ours, for `clocks` per frame; empty where FINN has or counts nothing."""
    make = {
        "JetConv_rtl": _convolution, "BinaryConv_rtl": _convolution, "BinaryDense_rtl": _dense,
        "BinaryMaxPool_rtl": _pool, "PixelTable_rtl": _table,
    }.get(operator.onnx_node.op_type)  # fmt: skip
    return [] if make is None else list(make(operator, clocks))


def _dense(operator: Any, clocks: int) -> Iterator[Any]:
    yield _matrix_unit(operator, *operator.weight.shape, [1], clocks)


def _convolution(operator: Any, clocks: int) -> Iterator[Any]:
    from finn.custom_op.fpgadataflow.hls.vectorvectoractivation_hls import VVAU_hls

    height, width, kernel, stride, pad = operator.geometry()
    _, rows, columns, outputs = operator.get_normal_output_shape()
    inputs = operator.get_normal_input_shape()[-1]
    if operator.grouped:
        simd, pe = folding(kernel * kernel, outputs, clocks // (rows * columns))
        unit = _finn(VVAU_hls, PE=pe, SIMD=simd, Dim=[rows, columns], Channels=outputs, Kernel=[kernel, kernel],
                     **_datatypes(operator))  # fmt: skip
        lanes = pe
    else:
        unit = _matrix_unit(operator, kernel * kernel * inputs, outputs, [1, rows, columns], clocks)
        simd = unit.get_nodeattr("SIMD")
        lanes = max(n for n in _divisors(inputs) if n <= simd)
    if kernel > 1:
        yield _window(
            [height + 2 * pad, width + 2 * pad], [rows, columns], inputs, kernel, stride, lanes, _input(operator),
            depthwise=operator.grouped, parallel=simd > inputs,
        )  # fmt: skip
    yield unit


def _pool(operator: Any, clocks: int) -> Iterator[Any]:
    """The sliding window in front of a Pool, of as few channels at once as keep the rate."""
    _, height, width, channels = operator.get_normal_input_shape()
    _, rows, columns, _ = operator.get_normal_output_shape()
    for lanes in _divisors(channels):
        window = _window([height, width], [rows, columns], channels, operator.size, operator.size, lanes, "BINARY",
                         depthwise=True, parallel=False)  # fmt: skip
        if window.get_exp_cycles() <= clocks:
            break
    yield window


def _table(operator: Any, clocks: int) -> Iterator[Any]:
    """A quantizer of pixels as the steps that FINN makes of it; our table may be any function of a byte."""
    from finn.custom_op.fpgadataflow.rtl.thresholding_rtl import Thresholding_rtl

    _, height, width, channels = operator.get_normal_input_shape()
    out = operator.get_output_datatype()
    lanes = min((n for n in _divisors(channels) if height * width * channels // n <= clocks), default=channels)
    yield _finn(
        Thresholding_rtl, PE=lanes, NumChannels=channels, numSteps=(1 << out.bitwidth()) - 1, inputDataType="UINT8",
        weightDataType="UINT8", outputDataType="BINARY" if out.name == "BIPOLAR" else out.name,
        numInputVectors=[1, height, width],
    )  # fmt: skip


def _matrix_unit(operator: Any, inputs: int, outputs: int, vectors: list[int], clocks: int) -> Any:
    from finn.custom_op.fpgadataflow.hls.matrixvectoractivation_hls import MVAU_hls

    simd, pe = folding(inputs, outputs, clocks // int(np.prod(vectors)))
    xnor = operator.onnx_node.op_type != "JetConv_rtl" and operator.get_input_datatype().name == "BIPOLAR"
    return _finn(MVAU_hls, MW=inputs, MH=outputs, SIMD=simd, PE=pe, numInputVectors=vectors, binaryXnorMode=int(xnor),
                 **_datatypes(operator))  # fmt: skip


def _window(
    shape: list[int], out_shape: list[int], channels: int, kernel: int, stride: int, lanes: int, datatype: str, *,
    depthwise: bool, parallel: bool,
) -> Any:  # fmt: skip
    from finn.custom_op.fpgadataflow.rtl.convolutioninputgenerator_rtl import ConvolutionInputGenerator_rtl

    return _finn(
        ConvolutionInputGenerator_rtl, ConvKernelDim=[kernel, kernel], IFMChannels=channels, IFMDim=shape,
        OFMDim=out_shape, SIMD=lanes, Stride=[stride, stride], Dilation=[1, 1], inputDataType=datatype,
        outputDataType=datatype, depthwise=int(depthwise), parallel_window=int(parallel),
    )  # fmt: skip


def _datatypes(operator: Any) -> dict[str, Any]:
    thresholded = operator.get_output_datatype().name == "BIPOLAR"
    weight_type = "BIPOLAR"
    if operator.onnx_node.op_type == "JetConv_rtl":
        largest = int(np.abs(operator.weight).max())
        weight_type = f"INT{signed_bits(-largest, largest)}"
    return {
        "inputDataType": _input(operator), "weightDataType": weight_type,
        "outputDataType": "BINARY" if thresholded else "INT32", "noActivation": int(not thresholded), "resType": "lut",
    }  # fmt: skip


def _input(operator: Any) -> str:
    name: str = operator.get_input_datatype().name
    return "BINARY" if name == "BIPOLAR" else name


def _finn(kind: Callable[[Any], Any], **attributes: Any) -> Any:
    return kind(helper.make_node(kind.__name__, ["x", "w", "t"], ["y"], "unit", domain=DOMAIN, **attributes))


def folding(inputs: int, outputs: int, clocks: int) -> tuple[int, int]:
    """SIMD and PE of the fewest products at once that take at most `clocks` for all; all at once when none does."""
    choices = [
        (simd, pe)
        for simd in _divisors(inputs)
        for pe in _divisors(outputs)
        if (inputs // simd) * (outputs // pe) <= clocks
    ]
    return min(choices, key=lambda choice: (choice[0] * choice[1], choice[1])) if choices else (inputs, outputs)


def _divisors(number: int) -> list[int]:
    return [n for n in range(1, number + 1) if number % n == 0]
