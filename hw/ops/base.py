"""What all our FINN operators share: input streams, one output stream, one beat per pixel; and the RTL back-end."""

import copy
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
from finn.custom_op.fpgadataflow.hwcustomop import HWCustomOp
from finn.custom_op.fpgadataflow.rtlbackend import RTLBackend
from numpy.typing import NDArray
from qonnx.core.datatype import DataType

from hw.bits import Ints
from hw.matvec.folding import Folding
from hw.schedule import Schedule
from hw.text import fill, sources_in, sources_of

Attributes = dict[str, tuple[Any, ...]]
MEMORIES = "mem"  # folder of the files that $readmemh reads, below the one that tools run in
PIPELINE = 48  # clocks; no layer has more registers in a row


class StreamOperator(HWCustomOp):
    """A layer between streams. Tensors are [1, H, W, C] or [1, F]; a beat carries the last axis.

    A subclass says its integer function and when its results come. Its back-ends, `RtlOperator` or `hls.HlsOperator`,
    say how it is made and what that costs. Values in the graph are those of the stream (+-1 for BIPOLAR, whose bit is
    (x + 1) / 2). Questions change nothing: `folded` returns the operator with another folding, which
    can be asked the same questions. Only `apply` changes the node.
    """

    flattens: ClassVar[bool] = False  # takes a map and puts out a vector
    counting: bool = False  # True in a copy that `counted` made: costs are counted without writing the module
    _folding: Mapping[str, int] = MappingProxyType(
        {}
    )  # of a copy that `folded` made: attributes in place of the node's

    # --- what a subclass gives ---

    @abstractmethod
    def run(self, stream: Ints) -> Ints:
        """Compute the integer function in bit space: [N, C, H, W] or [N, F] -> the same kind."""

    @abstractmethod
    def summary(self) -> str:
        """Return a line for a person who reads the wrapper."""

    @abstractmethod
    def ff_estimation(self, fpgapart: str) -> int:
        """Return the flip-flops; FINN itself estimates none."""

    @abstractmethod
    def schedule(self, *arrivals: Ints) -> Schedule:
        """Return when each beat is taken and when each result comes, if results are taken at once.

        arrivals: for each input stream, the clock in which each beat of whole frames arrives.
        """

    def results_per_frame(self) -> int:
        """Return the beats of a frame that the node puts out: of a map its pixels, else one."""
        return prod(self.get_normal_output_shape()[1:-1])

    # --- attributes, shapes, types ---

    def get_nodeattr_types(self) -> Attributes:
        attributes: Attributes = super().get_nodeattr_types()
        attributes.update(
            {
                "inputShape": ("ints", True, []),  # [1, H, W, C] or [1, F]
                "outputShape": ("ints", True, []),
                "inputDataType": ("s", True, ""),
                "outputDataType": ("s", True, ""),
                "Fold": ("i", False, 1),  # clocks per output pixel
            }
        )
        return attributes

    def get_normal_input_shape(self, ind: int = 0) -> list[int]:
        return list(self.get_nodeattr(f"inputShape{ind or ''}"))

    def get_normal_output_shape(self, ind: int = 0) -> list[int]:
        return list(self.get_nodeattr("outputShape"))

    def get_folded_input_shape(self, ind: int = 0) -> list[int]:
        return self.get_normal_input_shape(ind)

    def get_folded_output_shape(self, ind: int = 0) -> list[int]:
        return self.get_normal_output_shape()

    def get_input_datatype(self, ind: int = 0) -> Any:
        return DataType[self.get_nodeattr(f"inputDataType{ind or ''}")]

    def get_output_datatype(self, ind: int = 0) -> Any:
        return DataType[self.get_nodeattr("outputDataType")]

    def get_instream_width(self, ind: int = 0) -> int:
        return self.get_normal_input_shape(ind)[-1] * int(self.get_input_datatype(ind).bitwidth())

    def instream_widths(self) -> list[int]:
        """Return the bits of a beat of each input."""
        return [self.get_instream_width(i) for i in range(len(self.onnx_node.input))]

    def get_outstream_width(self, ind: int = 0) -> int:
        return self.get_normal_output_shape()[-1] * int(self.get_output_datatype().bitwidth())

    def infer_node_datatype(self, model: Any) -> None:
        model.set_tensor_datatype(self.onnx_node.output[0], self.get_output_datatype())

    @property
    def fold(self) -> int:
        """The clocks per output pixel."""
        return int(self.get_nodeattr("Fold"))

    def folds(self) -> list[int]:
        """Return the possible values of Fold; a single one means that the operator cannot be folded."""
        return [1]

    def variants(self) -> list[tuple[str, int, int]]:
        """Return the ways to build the node with its folding: a few words, LUT sites, clocks per frame.

        The first of them is built.
        """
        method = "fixed" if self.matrix is None else self.matrix.describe()
        return [(method, int(self.lut_estimation("")), int(self.get_exp_cycles()))]

    # --- foldings: what finn_build.folding chooses from ---

    def foldings(self, clocks: float) -> list[dict[str, int]]:
        """Return the attributes of every folding that takes at most `clocks` per frame."""
        return [choice for n in self.folds() if self.cycles(choice := {"Fold": n}) <= clocks]

    def folding(self) -> dict[str, int]:
        """Return the attributes of the present folding."""
        return {"Fold": self.fold}

    def folded(self, folding: Mapping[str, int]) -> Self:
        """Return the operator with this folding. It shares the node, which keeps its own folding."""
        found = copy.copy(self)
        found._folding = {**self._folding, **folding}
        return found

    def counted(self) -> Self:
        """Return a copy that answers for LUT sites, block RAMs and clocks only, in a tenth of the time.

        Its answers are the same, but for a few LUT sites where serial sums share equally frequent pairs: the names of
        signals decide between these, and here signals have no names.
        """
        found = copy.copy(self)
        found.counting = True
        return found

    def apply(self, folding: Mapping[str, int]) -> None:
        """Fold the node itself."""
        for name, value in folding.items():
            self.set_nodeattr(name, value)

    def get_nodeattr(self, name: str) -> Any:
        return self._folding[name] if name in self._folding else super().get_nodeattr(name)

    def set_nodeattr(self, name: str, value: Any) -> None:
        assert name not in self._folding, f"{name} of a copy that `folded` made is fixed"
        super().set_nodeattr(name, value)

    def cycles(self, folding: Mapping[str, int]) -> int:
        """Return the clocks per frame with this folding, or a few more where only the written module tells."""
        return self.folded(folding).most_cycles()

    def most_cycles(self) -> int:
        """Return the clocks per frame, or a few more where only the written module tells."""
        return int(self.get_exp_cycles())

    def fastest(self) -> int:
        """Return the fewest clocks per frame that any folding takes."""
        return min(self.cycles(choice) for choice in self.foldings(float("inf")))

    @property
    def matrix(self) -> Folding | None:
        """The folding of the form with a memory of weights; None for others."""
        return None

    def latency(self) -> int:
        """Return the clocks from a frame's last beat to its result; 0 where folding does not decide them."""
        return 0

    def beat_interval(self) -> int:
        """Return the clocks from one beat to the next as far as folding decides; 0 where a frame is one beat."""
        return 0

    def result_interval(self) -> int:
        """Return the least clocks from one result of a frame to the next; 0 where they are not known."""
        return 0

    def input_occupancy(self) -> int:
        """Return how many clocks a frame of one beat occupies the input."""
        return 0

    def output_occupancy(self) -> int:
        """Return how many clocks before a result the previous result must have been taken."""
        return 0

    # --- when results come: what finn_build.timing and in_flight ask ---

    def schedule_at_need(self, arrivals: Ints, interval: int) -> Schedule | None:
        """Return the schedule without a FIFO behind the operator in front; None where that is not modelled.

        interval: clocks of the operator in front from one taken result to the next.
        """
        return None

    def pace(self) -> int | None:
        """Return the clocks from one taken result to the next while beats wait; None where that is not modelled."""
        return self.fold

    def collects(self) -> bool:
        """Return whether results are collected in the output register, so that none may wait there."""
        return self.fold > 1

    def pipeline_depth(self) -> int:
        """Return how many pipeline registers stop while a result waits; 0 where none do."""
        return 0

    def burst(self) -> int:
        """Return how many results come in a burst, which a FIFO behind must hold; 0 where they come evenly."""
        return 0

    def drain_clocks(self) -> int:
        """Return a bound on the clocks from a frame's last beat to its last result.

        These are the clocks of the rows of results that need padding below the frame, or two frames' clocks where
        weights come from a memory, and those of the pipeline.
        """
        shape = self.get_normal_input_shape()
        width = shape[2] if len(shape) == 4 else 1
        rows = 2 * self.fold * (width + 1)
        return PIPELINE + (rows if self.matrix is None else 2 * int(self.get_exp_cycles()))

    # --- execution ---

    def execute_node(self, context: dict[str, NDArray[Any]], graph: Any) -> None:
        """Execute the node exactly. The floats of the tensors hold integers below 2^24."""
        node = self.onnx_node
        y = self.run(*(self._stream(context[name], i) for i, name in enumerate(node.input)))
        if y.ndim == 4:
            y = y.transpose(0, 2, 3, 1)
        if self.get_output_datatype() == DataType["BIPOLAR"]:
            y = 2 * y - 1
        context[node.output[0]] = np.ascontiguousarray(y, np.float32)

    def _stream(self, tensor: NDArray[Any], ind: int) -> Ints:
        """Return input `ind`, [N, H, W, C] or [N, F], in bit space as [N, C, H, W] or [N, F]."""
        x = np.rint(tensor).astype(np.int64)
        if self.get_input_datatype(ind) == DataType["BIPOLAR"]:
            x = (x + 1) // 2
        return x.transpose(0, 3, 1, 2) if x.ndim == 4 else x


class RtlOperator(StreamOperator, RTLBackend):
    """A layer in a wrapper round a module of hw/rtl, or round a module written for it."""

    module: ClassVar[str]  # in hw/rtl, or written for this node
    template: ClassVar[str] = "layer.v.in"

    @abstractmethod
    def parameters(self) -> dict[str, int | str]:
        """Return the module's parameters, as Verilog text where they are wide."""

    def template_values(self) -> dict[str, object]:
        """Return the values of the wrapper's template."""
        out_bits, out_padded = self.get_outstream_width(), self.get_outstream_width_padded()
        gap = out_padded - out_bits
        values = ",\n".join(f"    .{name}({value})" for name, value in self.parameters().items())
        return {
            "name": self.get_verilog_top_module_name(),
            "summary": self.summary(),
            "module": self.module,
            "parameters": f" #(\n{values}\n  )" if values else "",
            "in_bits": self.get_instream_width(),
            "in_expression": f"in0_V_TDATA[{self.get_instream_width() - 1}:0]",
            "in_padded": self.get_instream_width_padded(),
            "out_bits": out_bits,
            "out_padded": out_padded,
            "out_expression": f"{{{gap}'d0, data}}" if gap else "data",
        }

    def written(self) -> str | None:
        """Return the text of the module if it is written for this node, or None if it is one of hw/rtl."""
        return None

    def memories(self) -> dict[str, Iterable[str]]:
        """Return the lines of the files that $readmemh reads, by name."""
        return {}

    def generate_hdl(self, model: Any, fpgapart: str, clk: float) -> None:
        """Write the wrapper, and the module and memories written for this node. FINN's PrepareIP calls this."""
        folder = Path(str(self.get_nodeattr("code_gen_dir_ipgen")))
        name = self.get_verilog_top_module_name()
        (folder / f"{name}.v").write_text(fill(self.template, self.template_values()))
        text = self.written()
        if text is not None:
            (folder / f"{self.module}.sv").write_text(text)
        for file, lines in self.memories().items():
            (folder / MEMORIES).mkdir(exist_ok=True)
            (folder / MEMORIES / file).write_text("".join(f"{line}\n" for line in lines))
        for attribute, value in (("gen_top_module", name), ("ipgen_path", str(folder)), ("ip_path", str(folder))):
            self.set_nodeattr(attribute, value)

    def get_rtl_file_list(self, abspath: bool = False) -> list[str]:
        folder, text = Path(str(self.get_nodeattr("code_gen_dir_ipgen"))), self.written()
        files = [folder / f"{self.get_nodeattr('gen_top_module')}.v"]
        if text is None:
            files += sources_of(self.module)
        else:
            files += [folder / f"{self.module}.sv", *sources_in(text)]
        return [str(path) if abspath else path.name for path in files]

    def code_generation_ipi(self) -> list[str]:
        top = self.get_nodeattr("gen_top_module")
        memories = Path(str(self.get_nodeattr("code_gen_dir_ipgen"))) / MEMORIES
        paths = [*self.get_rtl_file_list(abspath=True), *map(str, sorted(memories.glob("*")))]
        files = [f"add_files -norecurse {file}" for file in paths]
        return [*files, f"create_bd_cell -type module -reference {top} {self.onnx_node.name}"]
