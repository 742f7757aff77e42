"""Estimate FINN's own units in the place of ours, by FINN's own formulas, without generating or mapping anything.

Of each of our operators `units` gives FINN's, with FINN's defaults for memories (line buffers in LUTs, weights in block
RAM), folded to the fewest products at once that keep the rate: sliding window, matrix (XNOR) or vector unit with
thresholds, and the thresholds of pixels. Left out are FIFOs and converters of width between them, and what FINN's
formulas count as nothing: the logic of pooling behind its sliding window, the arg-max, thresholds of matrix units.
What we carry as several maps of +-1 is one channel of a few bits to FINN, see `Coded`.
Call with FINN set up by `finn_build.adapter.workspace`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import helper
from qonnx.core.datatype import DataType

from bnn.integer.intervals import signed_bits

DOMAIN = "finn.custom_op.fpgadataflow.rtl"
PART = "xc7z020clg400-1"


@dataclass(frozen=True)
class Coded:
    """Bits of the file's weights and activations, and how many maps of +-1 stand for a channel of activations."""

    weight_bits: int = 1
    activation_bits: int = 1
    maps: int = 1

    def inputs(self, operator: Any) -> tuple[int, str]:
        """Return the channels of the file in front of an operator, and their type."""
        return self._channels(operator.get_input_datatype().name, operator.get_normal_input_shape()[-1])

    def outputs(self, operator: Any) -> tuple[int, str]:
        """Return the channels of the file behind an operator, and their type."""
        return self._channels(operator.get_output_datatype().name, operator.get_normal_output_shape()[-1])

    def _channels(self, datatype: str, channels: int) -> tuple[int, str]:
        if datatype != "BIPOLAR":
            return channels, datatype
        return channels // self.maps, "BINARY" if self.activation_bits == 1 else f"INT{self.activation_bits}"


BITS = Coded()


def units(operator: Any, clocks: int, coded: Coded = BITS) -> list[Any]:
    """Return FINN's operators in the place of one of ours at `clocks` per frame; none where FINN has or counts none."""
    make = {
        "JetConv_rtl": _convolution, "BinaryConv_rtl": _convolution, "BinaryDense_rtl": _dense,
        "BinaryMaxPool_rtl": _pool, "PixelTable_rtl": _table,
    }.get(operator.onnx_node.op_type)  # fmt: skip
    return [] if make is None else list(make(operator, clocks, coded))


def _dense(operator: Any, clocks: int, coded: Coded) -> Iterator[Any]:
    yield _matrix_unit(operator, operator.beats * coded.inputs(operator)[0], [1], clocks, coded)


def _convolution(operator: Any, clocks: int, coded: Coded) -> Iterator[Any]:
    from finn.custom_op.fpgadataflow.hls.vectorvectoractivation_hls import VVAU_hls

    height, width, kernel, stride, pad = operator.geometry()
    _, rows, columns, _ = operator.get_normal_output_shape()
    (inputs, datatype), (outputs, _) = coded.inputs(operator), coded.outputs(operator)
    if coded.maps > 1 and kernel == 1 and datatype == "UINT8" and inputs == outputs:  # levels of pixels
        yield from _table(operator, clocks, coded)
        return
    if operator.grouped:
        simd, pe = folding(kernel * kernel, outputs, clocks // (rows * columns))
        unit = _finn(VVAU_hls, PE=pe, SIMD=simd, Dim=[rows, columns], Channels=outputs, Kernel=[kernel, kernel],
                     **_datatypes(operator, coded))  # fmt: skip
        lanes = pe
    else:
        unit = _matrix_unit(operator, kernel * kernel * inputs, [1, rows, columns], clocks, coded)
        simd = unit.get_nodeattr("SIMD")
        lanes = max(n for n in _divisors(inputs) if n <= simd)
    if kernel > 1:
        yield _window(
            [height + 2 * pad, width + 2 * pad], [rows, columns], inputs, kernel, stride, lanes, datatype,
            depthwise=operator.grouped, parallel=simd > inputs,
        )  # fmt: skip
    yield unit


def _pool(operator: Any, clocks: int, coded: Coded) -> Iterator[Any]:
    """Return the sliding window in front of a Pool, with the fewest channels at once that keep the rate."""
    _, height, width, _ = operator.get_normal_input_shape()
    _, rows, columns, _ = operator.get_normal_output_shape()
    channels, datatype = coded.inputs(operator)
    for lanes in _divisors(channels):
        window = _window([height, width], [rows, columns], channels, operator.size, operator.size, lanes, datatype,
                         depthwise=True, parallel=False)  # fmt: skip
        if window.get_exp_cycles() <= clocks:
            break
    yield window


def _table(operator: Any, clocks: int, coded: Coded) -> Iterator[Any]:
    """Return a quantizer of pixels as thresholds in FINN. Our table may be any function of a byte."""
    from finn.custom_op.fpgadataflow.rtl.thresholding_rtl import Thresholding_rtl

    _, height, width, channels = operator.get_normal_input_shape()
    _, out = coded.outputs(operator)
    steps = (1 << DataType[out].bitwidth()) - 1
    lanes = min((n for n in _divisors(channels) if height * width * channels // n <= clocks), default=channels)
    yield _finn(
        Thresholding_rtl, PE=lanes, NumChannels=channels, numSteps=steps, inputDataType="UINT8", weightDataType="UINT8",
        outputDataType=out, numInputVectors=[1, height, width],
    )  # fmt: skip


def _matrix_unit(operator: Any, inputs: int, vectors: list[int], clocks: int, coded: Coded) -> Any:
    from finn.custom_op.fpgadataflow.hls.matrixvectoractivation_hls import MVAU_hls

    (_, datatype), (outputs, _) = coded.inputs(operator), coded.outputs(operator)
    simd, pe = folding(inputs, outputs, clocks // int(np.prod(vectors)))
    xnor = operator.onnx_node.op_type != "JetConv_rtl" and datatype == "BINARY" and coded.weight_bits == 1
    return _finn(MVAU_hls, MW=inputs, MH=outputs, SIMD=simd, PE=pe, numInputVectors=vectors, binaryXnorMode=int(xnor),
                 **_datatypes(operator, coded))  # fmt: skip


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


def _datatypes(operator: Any, coded: Coded) -> dict[str, Any]:
    thresholded = operator.get_output_datatype().name == "BIPOLAR"
    weight_type = "BIPOLAR" if coded.weight_bits == 1 else f"INT{coded.weight_bits}"
    if operator.onnx_node.op_type == "JetConv_rtl":
        largest = int(np.abs(operator.weight).max())
        weight_type = f"INT{signed_bits(-largest, largest)}"
    return {
        "inputDataType": coded.inputs(operator)[1], "weightDataType": weight_type,
        "outputDataType": coded.outputs(operator)[1] if thresholded else "INT32", "noActivation": int(not thresholded),
        "resType": "lut",
    }  # fmt: skip


def _finn(kind: Callable[[Any], Any], **attributes: Any) -> Any:
    return kind(helper.make_node(kind.__name__, ["x", "w", "t"], ["y"], "unit", domain=DOMAIN, **attributes))


def folding(inputs: int, outputs: int, clocks: int) -> tuple[int, int]:
    """Return SIMD and PE of the fewest products at once that take at most `clocks` in all; all at once if none do."""
    choices = [
        (simd, pe)
        for simd in _divisors(inputs)
        for pe in _divisors(outputs)
        if (inputs // simd) * (outputs // pe) <= clocks
    ]
    return min(choices, key=lambda choice: (choice[0] * choice[1], choice[1])) if choices else (inputs, outputs)


def _divisors(number: int) -> list[int]:
    return [n for n in range(1, number + 1) if number % n == 0]
