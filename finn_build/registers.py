"""The AXI4-Lite registers of a packaged accelerator: one description (hw/ip/registers.rdl), PeakRDL makes the RTL.

The RTL is made when the IP is packaged. So the repository holds nothing generated, and description and RTL agree.
"""

from importlib import resources
from pathlib import Path
from typing import Any

from bnn.errors import UserError
from bnn.integer.decision import Widths
from finn_build.manifest import Output

MODULE = "nj_registers"
DESCRIPTION = Path(str(resources.files("hw"))) / "ip" / "registers.rdl"


def read_registers(output: Output, gate: bool = False) -> Any:
    """Return the compiled description, a systemrdl AddrmapNode, for these results, with a gate or without.

    UserError when the compiler is not installed.
    """
    try:
        from peakrdl_regblock.udps import ALL_UDPS
        from systemrdl import RDLCompiler
    except ModuleNotFoundError as error:
        raise UserError(
            f"packaging needs the Python package {error.name!r}: run `make setup` (pip install peakrdl-regblock==1.3.1)"
        ) from error
    compiler = RDLCompiler()
    for definition in ALL_UDPS:
        compiler.register_udp(definition)
    compiler.compile_file(str(DESCRIPTION))
    widths, offsets = Widths(output.value_bits), max(1, len(output.classes) - 1)
    sizes = {"OFFSETS": offsets, "OFFSET_BITS": widths.offset, "LEAST_BITS": widths.least}
    if gate:
        sizes |= {"GATE": True, "CLASS_WORDS": class_words(output)}
    return compiler.elaborate(top_def_name=MODULE, inst_name=MODULE, parameters=sizes).top


def class_words(output: Output) -> int:
    """Return how many registers hold a bit per class."""
    return -(-len(output.classes) // 32)


def address_bits(registers: Any) -> int:
    """Return the bits of an address, in bytes."""
    return int(registers.size - 1).bit_length()


def write_registers(registers: Any, folder: Path) -> list[Path]:
    """Write nj_registers_pkg.sv and nj_registers.sv into `folder`."""
    from peakrdl_regblock import RegblockExporter
    from peakrdl_regblock.cpuif.axi4lite import AXI4Lite_Cpuif_flattened

    RegblockExporter().export(
        registers, str(folder), cpuif_cls=AXI4Lite_Cpuif_flattened, module_name=MODULE, package_name=f"{MODULE}_pkg"
    )
    return [folder / f"{MODULE}_pkg.sv", folder / f"{MODULE}.sv"]
