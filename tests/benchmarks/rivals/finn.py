"""FINN+ (finn-plus on PyPI) with its own RTL back-ends: sliding window, matrix-vector unit, thresholding.

Binary x binary goes through two-bit integers, because the RTL matrix unit takes nothing narrower. In front of it bits
stay bits. Weights come from FINN's memory streamer, in whatever memory the synthesis tool chooses. A few lines of
finn-rtllib are changed in the copies, because Verilator or Yosys does not take them; none changes what it does.
A separable layer has no RTL back-end for 7 series (the depthwise unit needs DSP58). With SIMD = MW = 16
and PE = MH = 4, all sums every clock, the matrix unit's output queue overflowed in simulation: the foldings avoid it.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from bnn.errors import ToolError
from bnn.integer.intervals import signed_bits
from bnn.integer.layers import Conv, Dense, Levels, Threshold
from bnn.integer.reference import Ints
from finn_build.adapter import workspace
from hw.text import packages_first
from tests.benchmarks.measure import Design
from tests.benchmarks.rivals.templates import fill
from tests.benchmarks.workloads import Workload, sum_range

NAME = "finn"
TOP = "finn_layer"
DOMAIN = "finn.custom_op.fpgadataflow.rtl"
PART, PERIOD_NS = "xc7z020clg400-1", 10.0

CELLS = ("DSP48E1", "LUT6_2")  # what its matrix unit instantiates
STREAMER = ("axi/hdl/axilite.sv", "memstream/hdl/memstream_axi.sv", "memstream/hdl/memstream.sv")

# text that one of the tools refuses -> the same in a form that both take
PATCHES = {
    "mvu.sv": [("#100ns;", ""), ("Dirty <= 0;", "Dirty = 0;")],  # a watchdog for simulation
    "vpc.sv": [("`default_nettype none\n", ""), ("`default_nettype wire\n", "")],  # inside of a module
    # this range of bits is empty at the last stage; elsewhere the meaning is the same
    "thresholding.sv": [("p.ptr[M-1:SN+1] < 2**stage", "(M'(p.ptr) >> (SN+1)) < 2**stage")],
}
# Verilator evaluates no function of a generate block: these lines move up into the module
HOISTED = ("typedef int unsigned  leaf_load_t", "localparam leaf_load_t   LEAF_LOAD = init_leaf_loads();")
ABOVE = "localparam int unsigned  L = $clog2(N);"

# parallelism by workload and variant: SIMD and PE of each matrix unit
FOLDINGS: dict[str, dict[str, list[tuple[int, int]]]] = {
    "W1": {"36 clocks": [(16, 8)], "4608 clocks": [(1, 1)]},
    "W2": {"64 clocks": [(14, 64), (1, 10)], "50176 clocks": [(1, 1), (1, 1)]},
    "W3": {"18 clocks": [(1, 8)]},
    "W4": {"18 clocks": [(1, 8)]},
    "W5": {"36 clocks": [(16, 8)], "4608 clocks": [(1, 1)]},
    "W5x5": {"100 clocks": [(16, 8)]},
    "W1x5": {"100 clocks": [(16, 8)]},
    "W7": {"36 clocks": [(4, 4), (4, 8)]},
    "W9b64": {"144 clocks": [(64, 8)], "576 clocks": [(32, 4)]},
    "W9b128": {"144 clocks": [(128, 8)], "576 clocks": [(64, 4)]},
    "W9j64": {"256 clocks": [(16, 1), (8, 4)], "576 clocks": [(2, 1), (8, 2)]},
    "W9j128": {"256 clocks": [(32, 1), (8, 4)], "576 clocks": [(4, 1), (8, 2)]},
    "W8": {"512 clocks": [(16, 2)], "4096 clocks": [(4, 1)]},
}


def variants(workload: Workload) -> list[str]:
    """Return the foldings that are measured."""
    return list(FOLDINGS.get(workload.name, {}))


@dataclass
class _Chain:
    """Nodes in a row, generated one after the other."""

    folder: Path
    source: str = "s"
    text: str = ""
    files: dict[str, Path] = field(default_factory=dict)
    memories: list[Path] = field(default_factory=list)
    clocks: int = 0

    def add(self, kind: str, name: str, tensors: dict[str, Ints], types: dict[str, str], **attributes: Any) -> Any:
        """Generate one node and wire it to the last one."""
        operator, model = _operator(kind, name, tensors, types, attributes)
        code = self.folder / name
        code.mkdir()
        operator.set_nodeattr("code_gen_dir_ipgen", str(code))
        operator.generate_hdl(model, PART, PERIOD_NS)
        self.files |= {Path(path).name: Path(path) for path in operator.get_rtl_file_list(abspath=True)}
        self.files |= {path.name: path for path in code.glob("*_memstream_wrapper.v")}
        self.memories += sorted(code.glob("*.dat"))
        self.clocks = max(self.clocks, int(operator.get_exp_cycles()))
        values = {
            "comment": kind, "name": name, "source": self.source, "module": operator.get_nodeattr("gen_top_module"),
            "in_bits": operator.get_instream_width_padded(), "out_bits": operator.get_outstream_width_padded(),
            "point": "",
        }  # fmt: skip
        if kind == "MVAU_rtl":
            library = Path(os.environ["FINN_RTLLIB"])
            self.files |= {Path(name).name: library / name for name in STREAMER}
            values["weight_bits"] = operator.get_instream_width_padded(1)
        self.text += fill("finn_mvau.sv.in" if kind == "MVAU_rtl" else "node.sv.in", values)
        self.source = name
        return operator

    def widen(self, elements: int) -> None:
        """Widen bits to INT2."""
        name = f"{self.source}_wide"
        self.text += fill("finn_widen.sv.in", {"name": name, "source": self.source, "elements": elements})
        self.source = name

    def matrix(self, name: str, weight: Ints, type_in: str, span: tuple[Ints, Ints], simd: int, pe: int,
               vectors: list[int]) -> str:  # fmt: skip
        """Add a matrix-vector unit with weight [MW, MH]; return the type of its sums."""
        low, high = (int(end) for end in (span[0].min(), span[1].max()))
        # the unit wants room for a whole product
        widths = DataType[type_in].bitwidth(), signed_bits(int(weight.min()), int(weight.max()))
        sums = f"INT{max(signed_bits(low, high), sum(widths))}"
        kind = f"INT{max(2, signed_bits(-int(np.abs(weight).max()), int(np.abs(weight).max())))}"
        self.add(
            "MVAU_rtl", name, {"weights": weight}, {"weights": kind}, MW=weight.shape[0], MH=weight.shape[1], SIMD=simd,
            PE=pe, inputDataType=type_in, weightDataType=kind, outputDataType=sums, accDataType=sums, noActivation=1,
            numInputVectors=vectors, mem_mode="internal_decoupled", resType="dsp",
        )  # fmt: skip
        return sums

    def threshold(self, name: str, limits: Ints, sums: str, pe: int, vectors: list[int]) -> None:
        """Add thresholds: of sums to bits by limits [O], or to -1, 0 and 1 by limits [O, 2]."""
        limits = limits.reshape(len(limits), -1)
        steps = limits.shape[1]
        self.add(
            "Thresholding_rtl", name, {"thresholds": limits}, {"thresholds": sums}, NumChannels=len(limits), PE=pe,
            numSteps=steps, inputDataType=sums, weightDataType=sums, outputDataType="BINARY" if steps == 1 else "INT2",
            ActVal=-(steps // 2), numInputVectors=vectors,
        )  # fmt: skip

    def window(self, name: str, channels: int, size: int, kernel: int, datatype: str, simd: int) -> None:
        """Add FINN's sliding window unit on a square map."""
        out = size - kernel + 1
        self.add(
            "ConvolutionInputGenerator_rtl", name, {}, {}, ConvKernelDim=[kernel, kernel], IFMChannels=channels,
            IFMDim=[size, size], OFMDim=[out, out], SIMD=simd, Stride=[1, 1], Dilation=[1, 1], inputDataType=datatype,
            outputDataType=datatype, depthwise=0, parallel_window=0,
        )  # fmt: skip


def build(workload: Workload, variant: str, folder: Path, limit_s: float) -> Design:
    """Write the design into `folder`."""
    foldings = FOLDINGS[workload.name][variant]
    chain = _Chain(folder)
    with workspace():
        make = _few_bits if workload.input_bits == 2 else _dense if workload.is_dense else _convolutions
        in_elements, out_elements, out_bits = make(workload, foldings, chain)
        for name, path in chain.files.items():
            text = path.read_text().replace('"./', f'"{path.parent}/')
            (folder / name).write_text(_patched(name, text))
    values = {"name": TOP, "in_bits": in_elements * workload.input_bits, "out_bits": out_elements * out_bits,
              "nodes": chain.text, "last": chain.source, "ports": ""}  # fmt: skip
    (folder / f"{TOP}.sv").write_text(fill("nodes.sv.in", values))
    names = packages_first(sorted(chain.files))
    memories = tuple(path.relative_to(folder).as_posix() for path in chain.memories)
    return Design(folder, (*names, f"{TOP}.sv"), TOP, in_elements, out_elements, out_bits, memories,
                  cells=CELLS, frame_clocks=chain.clocks)  # fmt: skip


def _patched(name: str, text: str) -> str:
    """Return a file of finn-rtllib, changed so that both tools take it."""
    if name == "add_multi.sv":
        first, last = (text.find(line) for line in HOISTED)
        above = text.find(ABOVE)
        if not 0 <= above < first < last:
            raise ToolError(f"{name} of finn-rtllib is not the one that the patch is for")
        end = last + len(HOISTED[1])
        return text[:above] + text[first:end] + "\n\n\t" + text[above:first] + text[end:]
    for old, new in PATCHES.get(name, ()):
        if old not in text:
            raise ToolError(f"{name} of finn-rtllib is not the one that the patch is for")
        text = text.replace(old, new)
    return text


def _convolutions(workload: Workload, foldings: list[tuple[int, int]], chain: _Chain) -> tuple[int, int, int]:
    """Add [1x1 matrix unit,] window, matrix unit, thresholds; return elements per beat in and out, and result bits."""
    *convs, limits = workload.layers
    assert isinstance(limits, Threshold)
    channels, size, _ = workload.input_shape
    ranges = sum_range(workload.layers, *workload.input_range)
    bits = workload.input_bits == 1
    datatype = "BINARY" if bits else f"UINT{workload.input_bits}"
    in_elements = foldings[0][0]
    if len(convs) == 2:
        first = convs[0]
        assert isinstance(first, Conv)
        chain.widen(in_elements)
        simd, pe = foldings[0]
        datatype = chain.matrix("sums", first.weight[:, :, 0, 0].T, "INT2", ranges[0], simd, pe, [1, size, size])
        channels, bits = len(first.weight), False
    conv = convs[-1]
    assert isinstance(conv, Conv) and conv.groups == 1
    kernel = conv.weight.shape[2]
    simd, pe = foldings[-1]
    chain.window("window", channels, size, kernel, datatype, simd)
    if bits:
        chain.widen(simd)
        datatype = "INT2"
    vectors = [1, size - kernel + 1, size - kernel + 1]
    weight = conv.weight.transpose(2, 3, 1, 0).reshape(-1, len(conv.weight))  # the window comes row, column, channel
    sums = chain.matrix("matrix", weight, datatype, ranges[len(convs) - 1], simd, pe, vectors)
    chain.threshold("threshold", limits.thresholds, sums, pe, vectors)
    return in_elements, pe, 1


def _dense(workload: Workload, foldings: list[tuple[int, int]], chain: _Chain) -> tuple[int, int, int]:
    """Add matrix unit, thresholds, matrix unit. The scores are sign-extended to the width of the unit's sums."""
    hidden, limits, last = workload.layers
    assert isinstance(hidden, Dense) and isinstance(limits, Threshold) and isinstance(last, Dense)
    ranges = sum_range(workload.layers, *workload.input_range)
    (simd, pe), (simd_last, pe_last) = foldings
    chain.widen(simd)
    sums = chain.matrix("hidden", hidden.weight, "INT2", ranges[0], simd, pe, [1])
    chain.threshold("threshold", limits.thresholds, sums, pe, [1])
    if pe != simd_last:
        chain.add("StreamingDataWidthConverter_rtl", "width", {}, {}, shape=[1, hidden.weight.shape[1]], inWidth=pe,
                  outWidth=simd_last, dataType="BINARY")  # fmt: skip
    chain.widen(simd_last)
    scores = chain.matrix("scores", last.weight, "INT2", ranges[2], simd_last, pe_last, [1])
    return simd, pe_last, int(DataType[scores].bitwidth())


def _few_bits(workload: Workload, foldings: list[tuple[int, int]], chain: _Chain) -> tuple[int, int, int]:
    """Add matrix unit and thresholds on a few bits, for which they are made."""
    hidden, limits = workload.layers
    assert isinstance(hidden, Dense) and isinstance(limits, Levels)
    ranges = sum_range(workload.layers, *workload.input_range)
    ((simd, pe),) = foldings
    sums = chain.matrix("matrix", hidden.weight, "INT2", ranges[0], simd, pe, [1])
    chain.threshold("threshold", limits.thresholds, sums, pe, [1])
    return simd, pe, 2


def _operator(
    kind: str, name: str, tensors: dict[str, Ints], types: dict[str, str], attributes: dict[str, Any]
) -> tuple[Any, ModelWrapper]:
    """Return one of FINN's operators in a model of its own."""
    node = helper.make_node(kind, [f"{name}_in", *tensors], [f"{name}_out"], name, domain=DOMAIN,
                            backend="fpgadataflow", **attributes)  # fmt: skip
    ends = [helper.make_tensor_value_info(f"{name}_{end}", TensorProto.FLOAT, [1, 1]) for end in ("in", "out")]
    model = ModelWrapper(helper.make_model(helper.make_graph([node], name, ends[:1], ends[1:])))
    for tensor, values in tensors.items():
        model.set_initializer(tensor, values.astype(np.float32))
        model.set_tensor_datatype(tensor, DataType[types[tensor]])
    return getCustomOp(model.graph.node[0]), model
