"""Our FINN operators, a node per layer, folded to a number of clocks per output pixel."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from onnx import helper, numpy_helper

from bnn import jets
from bnn.integer.intervals import signed_bits
from bnn.integer.layers import Conv, Dense, Levels, Threshold
from bnn.qonnx.foreign.copies import repeated, signs
from finn_build.folding import Choice, choices, choose
from hw.bits import bit_thresholds, dot_range
from hw.ops.base import MEMORIES
from hw.text import packages_first
from tests.benchmarks.measure import Design
from tests.benchmarks.rivals.templates import fill
from tests.benchmarks.workloads import Workload

NAME = "ours"
BLOCK = "block RAM"  # of a variant
TOP = "our_layer"
DOMAIN = "finn.custom_op.fpgadataflow.rtl"
PART, PERIOD_NS = "xc7z020clg400-1", 10.0


def variants(workload: Workload) -> list[str]:
    """Return one variant per target; where jets are selected from a memory, this in block RAM too."""
    found = [f"{clocks} clock{'s' if clocks > 1 else ''}" for clocks in workload.clocks]
    if workload.memories and len(workload.layers) > 2:
        found += [f"{clocks} clocks, {BLOCK}" for clocks in workload.clocks[1:]]
    return found


def build(workload: Workload, variant: str, folder: Path, limit_s: float) -> Design:
    """Write the design into `folder`."""
    return layer(workload, int(variant.split()[0]), folder, BLOCK in variant)


def layer(workload: Workload, clocks: int, folder: Path, block: bool = False) -> Design:
    """Write the workload at `clocks` clocks per output pixel at most: FINN's wrappers, our modules and a top.

    block: jets are selected from block RAM.
    """
    few_bits = workload.input_bits == 2
    make = _few_bits if few_bits else _dense if workload.is_dense else _convolutions
    operators = make(workload, clocks)
    if block:
        _in_block_ram(operators[-1], clocks * workload.out_pixels)
    files: dict[str, Path] = {}
    nodes, source = "", "s"
    in_elements, outputs = operators[0].get_normal_input_shape()[-1], operators[-1].get_normal_output_shape()[-1]
    in_bits, out_bits = operators[0].get_instream_width(), int(operators[-1].get_output_datatype().bitwidth())
    if few_bits:
        in_elements, in_bits, outputs, out_bits = in_elements // 4, in_bits // 2, outputs // 2, 2
        nodes += fill("ours_levels.sv.in", {"name": "levels", "source": source, "elements": in_elements})
        source = "levels"
    for operator in operators:
        operator.set_nodeattr("code_gen_dir_ipgen", str(folder))
        operator.generate_hdl(None, PART, PERIOD_NS)
        files |= {Path(path).name: Path(path) for path in operator.get_rtl_file_list(abspath=True)}
        name = operator.onnx_node.name
        values = {
            "comment": operator.summary(), "name": name, "source": source,
            "module": operator.get_nodeattr("gen_top_module"), "in_bits": operator.get_instream_width_padded(),
            "out_bits": operator.get_outstream_width_padded(), "point": "",
        }  # fmt: skip
        nodes += fill("node.sv.in", values)
        source = name
    for name, path in files.items():
        if path.parent != folder:
            shutil.copy(path, folder / name)
    if few_bits:
        nodes += fill("ours_value.sv.in", {"name": "value", "source": source, "elements": outputs})
        source = "value"
    values = {"name": TOP, "in_bits": in_bits, "out_bits": outputs * out_bits, "nodes": nodes, "last": source,
              "ports": ""}  # fmt: skip
    (folder / f"{TOP}.sv").write_text(fill("nodes.sv.in", values))
    names = packages_first(sorted(files))
    return Design(folder, (*names, f"{TOP}.sv"), TOP, in_elements, outputs, out_bits,
                  tuple(f"{MEMORIES}/{path.name}" for path in sorted((folder / MEMORIES).glob("*"))),
                  frame_clocks=max(int(operator.get_exp_cycles()) for operator in operators))  # fmt: skip


def _convolutions(workload: Workload, clocks: int) -> list[Any]:
    """Return one node, or two: channels combined, then jets."""
    *convs, limits = workload.layers
    assert isinstance(limits, Threshold)
    channels, height, width = workload.input_shape
    bits = workload.input_bits == 1
    datatype = "BIPOLAR" if bits else f"UINT{workload.input_bits}"
    scale, offset = (2, -np.ones(channels, np.int64)) if bits else (1, np.zeros(channels, np.int64))
    operators = []
    if len(convs) == 2 and isinstance(convs[1], Conv) and convs[1].groups > 1:  # separable: one layer, as in a build
        signs, each = (layer.weight for layer in convs if isinstance(layer, Conv))
        convs = [Conv(signs * each)]
    if len(convs) == 2:
        first = convs[0]
        assert isinstance(first, Conv)
        low, high = dot_range(first.weight, 0, 1)
        sums = f"INT{signed_bits(int(low.min()), int(high.max()))}"
        outputs = len(first.weight)
        operators.append(
            _operator("BinaryConv_rtl", "layer_sums", [1, height, width, channels], [1, height, width, outputs],
                      datatype, sums, Kernel=1, Weight=first.weight)
        )  # fmt: skip
        datatype, channels, offset = sums, outputs, -first.weight.sum((1, 2, 3))
    conv = convs[-1]
    assert isinstance(conv, Conv)
    outputs, _, kernel, _ = conv.weight.shape
    grouped = conv.groups > 1
    moved = bit_thresholds(limits.thresholds, conv.weight, scale, offset[:, None] if grouped else offset)
    shape_out = [1, height - kernel + 1, width - kernel + 1, outputs]
    kinds = all(jets.factorise(one) is not None for one in conv.weight.reshape(-1, kernel, kernel))
    extra = {"Grouped": int(grouped)} if kinds else {}
    operators.append(
        _operator("JetConv_rtl" if kinds else "BinaryConv_rtl", "layer", [1, height, width, channels], shape_out,
                  datatype, "BIPOLAR", Kernel=kernel, Weight=conv.weight, Threshold=moved, **extra)
    )  # fmt: skip
    for operator in operators:  # as finn_build.folding does
        if workload.memories:
            choose(operator, clocks * workload.out_pixels, PART)
            continue
        fold = min((f for f in operator.folds() if f <= clocks), key=partial(_cost, operator))
        operator.apply({"Fold": fold})
    return operators


def _in_block_ram(operator: Any, clocks: int) -> None:
    """Fold a layer of jets the cheapest way that selects them from block RAM."""
    found = [choice for choice in choices(operator, clocks, PART) if choice.folding["Block"]]
    operator.apply(min(found, key=Choice.cost).folding)


def _cost(operator: Any, fold: int) -> tuple[int, int]:
    return int(operator.folded({"Fold": fold}).lut_estimation(PART)), fold


def _dense(workload: Workload, clocks: int) -> list[Any]:
    """Return two nodes. The frame comes in as many beats as the target allows, down to a bit per beat."""
    hidden, limits, last = workload.layers
    assert isinstance(hidden, Dense) and isinstance(limits, Threshold) and isinstance(last, Dense)
    inputs, width = hidden.weight.shape
    outputs = last.weight.shape[1]
    beats = max(n for n in range(1, inputs + 1) if inputs % n == 0 and n <= clocks)
    # beat b carries elements b * C to b * C + C - 1; the operator's weights lie in the order channel, beat
    per_beat = inputs // beats
    weight = hidden.weight.reshape(beats, per_beat, width).transpose(1, 0, 2).reshape(inputs, width)
    scores = f"INT{signed_bits(-width, width)}"
    first = _operator("BinaryDense_rtl", "layer_hidden", [1, beats, 1, per_beat], [1, width], "BIPOLAR", "BIPOLAR",
                      Weight=weight, Threshold=limits.thresholds)  # fmt: skip
    second = _operator("BinaryDense_rtl", "layer_scores", [1, 1, 1, width], [1, outputs], "BIPOLAR", scores,
                       Weight=last.weight)  # fmt: skip
    choose(first, clocks)
    choose(second, clocks, output_occupancy=first.output_occupancy())
    return [first, second]


def _few_bits(workload: Workload, clocks: int) -> list[Any]:
    """Return one node on two +-1 maps for each level of an input, as the import of such networks makes them."""
    hidden, limits = workload.layers
    assert isinstance(hidden, Dense) and isinstance(limits, Levels)
    inputs, outputs = hidden.weight.shape
    levels = limits.thresholds.shape[1]
    weight = repeated(signs(hidden.weight.T, inputs, 1), 2 * inputs, levels).T.reshape(inputs, 2 * levels, outputs)
    beats = max(n for n in range(1, inputs + 1) if inputs % n == 0 and n <= clocks)
    per_beat = inputs // beats * 2 * levels
    weight = weight.reshape(beats, per_beat, outputs).transpose(1, 0, 2).reshape(beats * per_beat, outputs)
    operator = _operator(
        "BinaryDense_rtl", "layer", [1, beats, 1, per_beat], [1, outputs * levels], "BIPOLAR", "BIPOLAR",
        Weight=np.repeat(weight, levels, axis=1), Threshold=4 * limits.thresholds.ravel(),  # 2 w times 2 x
    )  # fmt: skip
    choose(operator, clocks)
    return [operator]


def _operator(
    kind: str, name: str, shape_in: list[int], shape_out: list[int], type_in: str, type_out: str, **attributes: Any
) -> Any:
    """Return one of our operators on a node of its own."""
    from hw.ops.operators import RTL_OPERATORS

    values = {
        key: numpy_helper.from_array(np.asarray(value, np.int64), key) if isinstance(value, np.ndarray) else value
        for key, value in attributes.items()
    }
    node = helper.make_node(
        kind, ["x"], ["y"], name, domain=DOMAIN, backend="fpgadataflow",
        inputShape=shape_in, outputShape=shape_out, inputDataType=type_in, outputDataType=type_out, **values,
    )  # fmt: skip
    return {operator.__name__: operator for operator in RTL_OPERATORS}[kind](node)
