"""Plain SystemVerilog at a pixel per clock: what an engineer writes first and leaves to the synthesis tool.

The sums have no pipeline, so no clock rate follows. In a layer of two stages (W6, W7) the first combines
channels, and the line buffer of the second holds its sums. W2 at a frame per clock does not synthesise within
the time limit.
"""

import shutil
from pathlib import Path

from bnn.integer.intervals import signed_bits
from bnn.integer.layers import Conv, Dense, Threshold
from bnn.integer.reference import Ints
from tests.benchmarks.measure import Design
from tests.benchmarks.rivals.templates import FOLDER, fill, pattern
from tests.benchmarks.workloads import Workload, sum_range

NAME = "plain"
TOP = "plain_layer"


def variants(workload: Workload) -> list[str]:
    """Return the variants of a workload."""
    return [] if workload.input_bits == 2 or workload.memories else ["1 clock"]


def build(workload: Workload, variant: str, folder: Path, limit_s: float) -> Design:
    """Write the design into `folder`."""
    layers = workload.layers
    if isinstance(layers[0], Dense):
        return _dense(workload, folder)
    first, limits = layers[0], layers[-1]
    assert isinstance(first, Conv) and isinstance(limits, Threshold)
    sources: dict[str, str] = {}
    if len(layers) == 2:
        sources[TOP] = _conv(workload, TOP, first, limits.thresholds, (0, 2**workload.input_bits - 1))
    else:
        # sums of +-1 are 2 * matches - channels: the jets run on matches, and the thresholds move
        second = layers[1]
        assert isinstance(second, Conv)
        outputs, channels = first.weight.shape[:2]
        bits = channels.bit_length()
        spread = second.weight.sum((1, 2, 3)) * channels
        moved = -((-limits.thresholds - spread) // 2)
        sources["plain_first"] = fill(
            "plain_sums.sv.in",
            {"summary": workload.description, "name": "plain_first", "channels": channels, "outputs": outputs,
             "sum_bits": bits, "weight": pattern(first.weight[:, :, 0, 0])},
        )  # fmt: skip
        sources["plain_second"] = _conv(workload, "plain_second", second, moved, (0, channels), in_bits=bits)
        sources[TOP] = fill(
            "chain.sv.in",
            {"name": TOP, "first": "plain_first", "second": "plain_second", "in_bits": channels,
             "mid_bits": outputs * bits, "out_bits": len(limits.thresholds)},
        )  # fmt: skip
    for name, text in sources.items():
        (folder / f"{name}.sv").write_text(text)
    shutil.copy(FOLDER / "window.sv", folder)
    names = ("window.sv", *(f"{name}.sv" for name in sources))
    return Design(folder, names, TOP, workload.input_shape[0], len(limits.thresholds), 1)


def _conv(
    workload: Workload, name: str, conv: Conv, limits: Ints, span: tuple[int, int], *, in_bits: int | None = None
) -> str:
    """Return one convolution of unsigned elements within `span`. Bits stand for the workload's -1 and +1."""
    _, height, width = workload.input_shape
    outputs, _, kernel, _ = conv.weight.shape
    weight = conv.weight.reshape(outputs, -1)
    bits = in_bits is None and workload.input_bits == 1
    matches = bits and bool((abs(weight) == 1).all())  # Yosys takes many times as long for sums of +-bits
    lows, highs = sum_range((Conv(conv.weight),), *span)[0]
    low, high = int(lows.min()), int(highs.max())
    if matches:  # the sum over +-1 = 2 * matches - terms
        limits, low, high = -((-limits - weight.shape[1]) // 2), 0, weight.shape[1]
    elif bits:  # the sum over +-1 = 2 * (sum over bits) - sum of the weights
        limits = -((-limits - weight.sum(1)) // 2)
    values = {
        "summary": workload.description, "name": name, "height": height, "width": width,
        "channels": conv.weight.shape[1] * conv.groups, "in_bits": in_bits or workload.input_bits,
        "kernel": kernel, "outputs": outputs, "grouped": int(conv.groups > 1), "matches": int(matches),
        "terms": weight.shape[1], "weight": pattern(weight), "threshold": pattern(limits),
        "sum_bits": signed_bits(min(low, int(limits.min())), max(high, int(limits.max()))),
    }  # fmt: skip
    return fill("plain_conv.sv.in", values)


def _dense(workload: Workload, folder: Path) -> Design:
    hidden, limits, last = workload.layers
    assert isinstance(hidden, Dense) and isinstance(limits, Threshold) and isinstance(last, Dense)
    inputs, width = hidden.weight.shape
    outputs = last.weight.shape[1]
    out_bits = signed_bits(-width, width)
    values = {
        "summary": workload.description, "name": TOP, "inputs": inputs, "hidden": width, "outputs": outputs,
        "weight": pattern(hidden.weight.T), "last": pattern(last.weight.T), "sum_bits": signed_bits(0, inputs),
        "threshold": pattern(-((-limits.thresholds - inputs) // 2)), "out_bits": out_bits,
    }  # fmt: skip
    (folder / f"{TOP}.sv").write_text(fill("plain_dense.sv.in", values))
    return Design(folder, (f"{TOP}.sv",), TOP, inputs, outputs, out_bits)
