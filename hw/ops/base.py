"""What all our FINN operators share: one input stream, one output stream, one beat per pixel; and the RTL back-end."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from finn.custom_op.fpgadataflow.hwcustomop import HWCustomOp
from finn.custom_op.fpgadataflow.rtlbackend import RTLBackend
from numpy.typing import NDArray
from qonnx.core.datatype import DataType

from hw.ops.bits import Ints
from hw.ops.rtl import fill, sources_of

Attributes = dict[str, tuple[Any, ...]]


class StreamOperator(HWCustomOp):
    """A layer between two streams. Tensors are [1, H, W, C] or [1, F]; a beat carries the last axis.

    A subclass says its integer function; its back-ends, `RtlOperator` or `hls.HlsOperator`, how it is made and what
    that costs. Values in the graph are those of the stream (+-1 for BIPOLAR, whose bit is (x + 1) / 2).
    """

    # --- what a subclass gives ---

    @abstractmethod
    def run(self, stream: Ints) -> Ints:
        """Integer function in bit space: [N, C, H, W] or [N, F] -> the same kind."""

    @abstractmethod
    def summary(self) -> str:
        """One line for a person who reads the wrapper."""

    @abstractmethod
    def ff_estimation(self, fpgapart: str) -> int:
        """Flip-flops; FINN itself estimates none."""

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
        return list(self.get_nodeattr("inputShape"))

    def get_normal_output_shape(self, ind: int = 0) -> list[int]:
        return list(self.get_nodeattr("outputShape"))

    def get_folded_input_shape(self, ind: int = 0) -> list[int]:
        return self.get_normal_input_shape()

    def get_folded_output_shape(self, ind: int = 0) -> list[int]:
        return self.get_normal_output_shape()

    def get_input_datatype(self, ind: int = 0) -> Any:
        return DataType[self.get_nodeattr("inputDataType")]

    def get_output_datatype(self, ind: int = 0) -> Any:
        return DataType[self.get_nodeattr("outputDataType")]

    def get_instream_width(self, ind: int = 0) -> int:
        return self.get_normal_input_shape()[-1] * int(self.get_input_datatype().bitwidth())

    def get_outstream_width(self, ind: int = 0) -> int:
        return self.get_normal_output_shape()[-1] * int(self.get_output_datatype().bitwidth())

    def infer_node_datatype(self, model: Any) -> None:
        model.set_tensor_datatype(self.onnx_node.output[0], self.get_output_datatype())

    @property
    def fold(self) -> int:
        """Clocks per output pixel."""
        return int(self.get_nodeattr("Fold"))

    def folds(self) -> list[int]:
        """The foldings there are; one means that the operator cannot be folded."""
        return [1]

    # --- execution ---

    def execute_node(self, context: dict[str, NDArray[Any]], graph: Any) -> None:
        """Exact: floats of the container hold integers below 2^24."""
        node = self.onnx_node
        x = np.rint(context[node.input[0]]).astype(np.int64)
        if self.get_input_datatype() == DataType["BIPOLAR"]:
            x = (x + 1) // 2
        if x.ndim == 4:
            x = x.transpose(0, 3, 1, 2)  # [N, H, W, C] -> [N, C, H, W]
        y = self.run(x)
        if y.ndim == 4:
            y = y.transpose(0, 2, 3, 1)
        if self.get_output_datatype() == DataType["BIPOLAR"]:
            y = 2 * y - 1
        context[node.output[0]] = np.ascontiguousarray(y, np.float32)


class RtlOperator(StreamOperator, RTLBackend):
    """The layer as a module of hw/rtl behind a wrapper."""

    module: ClassVar[str]  # in hw/rtl
    template: ClassVar[str] = "layer.v.in"

    @abstractmethod
    def parameters(self) -> dict[str, int | str]:
        """Values of the module's parameters, as Verilog text where they are wide."""

    def template_values(self) -> dict[str, object]:
        """What the wrapper's template needs."""
        out_bits, out_padded = self.get_outstream_width(), self.get_outstream_width_padded()
        gap = out_padded - out_bits
        values = ",\n".join(f"    .{name}({value})" for name, value in self.parameters().items())
        return {
            "name": self.get_verilog_top_module_name(),
            "summary": self.summary(),
            "module": self.module,
            "parameters": f" #(\n{values}\n  )" if values else "",
            "in_bits": self.get_instream_width(),
            "in_padded": self.get_instream_width_padded(),
            "out_bits": out_bits,
            "out_padded": out_padded,
            "out_expression": f"{{{gap}'d0, data}}" if gap else "data",
        }

    def generate_hdl(self, model: Any, fpgapart: str, clk: float) -> None:
        """Write the wrapper: FINN's PrepareIP calls this."""
        folder = str(self.get_nodeattr("code_gen_dir_ipgen"))
        name = self.get_verilog_top_module_name()
        (Path(folder) / f"{name}.v").write_text(fill(self.template, self.template_values()))
        for attribute, value in (("gen_top_module", name), ("ipgen_path", folder), ("ip_path", folder)):
            self.set_nodeattr(attribute, value)

    def get_rtl_file_list(self, abspath: bool = False) -> list[str]:
        wrapper = Path(str(self.get_nodeattr("code_gen_dir_ipgen"))) / f"{self.get_nodeattr('gen_top_module')}.v"
        return [str(path) if abspath else path.name for path in (wrapper, *sources_of(self.module))]

    def code_generation_ipi(self) -> list[str]:
        top = self.get_nodeattr("gen_top_module")
        files = [f"add_files -norecurse {file}" for file in self.get_rtl_file_list(abspath=True)]
        return [*files, f"create_bd_cell -type module -reference {top} {self.onnx_node.name}"]
