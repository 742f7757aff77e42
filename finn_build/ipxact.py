"""Write component.xml: an IP of Verilog files described in IP-XACT (IEEE 1685-2009), with what Vivado adds to that.

Ports and buses come from the top's text, registers from the compiled registers.rdl, and files from the folder.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

from bnn.errors import ToolError

SPIRIT = "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009"
XILINX = "http://www.xilinx.com"
BUSES = {  # prefix: (Vivado's interface, mode)
    "s_axis": ("axis", "slave"),
    "m_axis": ("axis", "master"),
    "s_axi": ("aximm", "slave"),
}
CLOCK, RESET = "aclk", "aresetn"
VIEWS = {"synthesis": ("xilinx_anylanguagesynthesis", ":vivado.xilinx.com:synthesis"),
         "simulation": ("xilinx_anylanguagebehavioralsimulation", ":vivado.xilinx.com:simulation"),
         "testbench": ("xilinx_testbench", ":vivado.xilinx.com:simulation.testbench"),
         "xgui": ("xilinx_xpgui", ":vivado.xilinx.com:xgui.ui")}  # fmt: skip
FAMILIES = (
    "artix7", "kintex7", "virtex7", "spartan7", "zynq", "kintexu", "virtexu", "artixuplus", "kintexuplus",
    "virtexuplus", "zynquplus", "versal",
)  # fmt: skip
ACCESS = {"r": "read-only", "w": "write-only", "rw": "read-write"}
MAP_BYTES = 4096  # Vivado's smallest segment


@dataclass(frozen=True)
class Port:
    """A port of the top module."""

    name: str
    direction: str  # in or out
    width: int | None  # None: one bit that is no vector


@dataclass(frozen=True)
class Core:
    """What component.xml says of the IP as a whole."""

    vendor: str
    library: str
    name: str  # also of the top module
    version: str
    display_name: str
    description: str

    @property
    def vlnv(self) -> str:
        """Return it as Vivado writes it."""
        return f"{self.vendor}:{self.library}:{self.name}:{self.version}"


def ports_of(verilog: str) -> list[Port]:
    """Return the ports of the first module in Verilog text with one port per line. ToolError for other text."""
    header = re.sub(r"//.*", "", verilog).split(");", 1)[0]
    found = re.findall(r"^\s*(in|out)put\s+wire\s+(?:\[(\d+)(-1)?:0\]\s*)?(\w+)\s*,?\s*$", header, re.MULTILINE)
    declared = len(re.findall(r"\b(?:input|output|inout)\b", header))
    if len(found) != declared or not found:
        raise ToolError(
            f"{declared - len(found)} of {declared} ports of the top module are not 'input wire' or 'output wire'"
        )
    return [Port(name, way, int(high) + (not less) if high else None) for way, high, less, name in found]


def component(core: Core, ports: Sequence[Port], registers: Any, files: Mapping[str, Sequence[str]]) -> str:
    """Return the text of component.xml.

    registers: a systemrdl AddrmapNode. files: paths relative to the folder, for each of "synthesis", "simulation" and
    "xgui", and of "testbench" where there is one, in the order of compilation.
    """
    Xml.register_namespace("spirit", SPIRIT)
    Xml.register_namespace("xilinx", XILINX)
    root = Xml.Element(_name("component"))
    for tag in ("vendor", "library", "name", "version"):
        _add(root, tag, getattr(core, tag))
    buses = _add(root, "busInterfaces")
    for prefix, (kind, mode) in BUSES.items():
        _bus(buses, prefix, kind, mode, ports)
    _signal(buses, CLOCK, "clock", "CLK", {"ASSOCIATED_BUSIF": ":".join(BUSES), "ASSOCIATED_RESET": RESET})
    _signal(buses, RESET, "reset", "RST", {"POLARITY": "ACTIVE_LOW"})
    _memory_map(_add(root, "memoryMaps"), registers)
    model = _add(root, "model")
    views = _add(model, "views")
    for kind in files:
        view = _add(views, "view")
        name, environment = VIEWS[kind]
        _add(view, "name", name)
        _add(view, "envIdentifier", environment)
        if kind != "xgui":
            _add(view, "language", "Verilog" if kind == "testbench" else "SystemVerilog")
            _add(view, "modelName", f"{core.name}_tb" if kind == "testbench" else core.name)
        _add(_add(view, "fileSetRef"), "localName", f"{name}_view_fileset")
    _ports(_add(model, "ports"), ports)
    sets = _add(root, "fileSets")
    for kind, names in files.items():
        _file_set(sets, f"{VIEWS[kind][0]}_view_fileset", names)
    _add(root, "description", core.description)
    parameter = _add(_add(root, "parameters"), "parameter")
    _add(parameter, "name", "Component_Name")
    _add(parameter, "value", f"{core.name}_0", resolve="user", id="PARAM_VALUE.Component_Name", order="1")
    _vendor(_add(root, "vendorExtensions"), core)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _name(tag: str) -> str:
    return f"{{{SPIRIT}}}{tag}"


def _add(parent: Xml.Element, tag: str, text: str | None = None, **attributes: str) -> Xml.Element:
    child = Xml.SubElement(parent, _name(tag), {_name(key): value for key, value in attributes.items()})
    child.text = text
    return child


def _bus(buses: Xml.Element, prefix: str, kind: str, mode: str, ports: Sequence[Port]) -> None:
    bus = _add(buses, "busInterface")
    _add(bus, "name", prefix)
    _add(bus, "busType", vendor="xilinx.com", library="interface", name=kind, version="1.0")
    _add(bus, "abstractionType", vendor="xilinx.com", library="interface", name=f"{kind}_rtl", version="1.0")
    side = _add(bus, mode)
    if kind == "aximm":
        _add(side, "memoryMapRef", memoryMapRef=prefix)
    maps = _add(bus, "portMaps")
    for port in ports:
        if re.fullmatch(rf"{prefix}_[a-z]+", port.name):
            _map(maps, port.name.removeprefix(f"{prefix}_").upper(), port.name)
    width = {port.name: port.width or 1 for port in ports}
    if kind == "aximm":
        _parameters(bus, prefix, {"PROTOCOL": "AXI4LITE", "DATA_WIDTH": str(width[f"{prefix}_wdata"])})
    else:
        _parameters(bus, prefix, {"TDATA_NUM_BYTES": str(width[f"{prefix}_tdata"] // 8), "HAS_TLAST": "1"})


def _signal(buses: Xml.Element, port: str, kind: str, logical: str, parameters: Mapping[str, str]) -> None:
    bus = _add(buses, "busInterface")
    _add(bus, "name", port)
    _add(bus, "busType", vendor="xilinx.com", library="signal", name=kind, version="1.0")
    _add(bus, "abstractionType", vendor="xilinx.com", library="signal", name=f"{kind}_rtl", version="1.0")
    _add(bus, "slave")
    _map(_add(bus, "portMaps"), logical, port)
    _parameters(bus, port, parameters)


def _map(maps: Xml.Element, logical: str, physical: str) -> None:
    entry = _add(maps, "portMap")
    _add(_add(entry, "logicalPort"), "name", logical)
    _add(_add(entry, "physicalPort"), "name", physical)


def _parameters(bus: Xml.Element, name: str, values: Mapping[str, str]) -> None:
    parameters = _add(bus, "parameters")
    for key, value in values.items():
        parameter = _add(parameters, "parameter")
        _add(parameter, "name", key)
        _add(parameter, "value", value, id=f"BUSIFPARAM_VALUE.{name.upper()}.{key}")


def _memory_map(maps: Xml.Element, registers: Any) -> None:
    space = _add(maps, "memoryMap")
    _add(space, "name", "s_axi")
    block = _add(space, "addressBlock")
    _add(block, "name", "reg0")
    _add(block, "baseAddress", "0x0")
    _add(block, "range", f"0x{MAP_BYTES:x}")
    _add(block, "width", "32")
    _add(block, "usage", "register")
    for register in registers.registers(unroll=True):
        entry = _add(block, "register")
        index = f"_{register.current_idx[0]}" if register.is_array else ""
        _add(entry, "name", register.inst_name + index)
        _add(entry, "description", register.get_property("desc"))
        _add(entry, "addressOffset", f"0x{register.address_offset:x}")
        _add(entry, "size", "32")
        for field in register.fields():
            bits = _add(entry, "field")
            _add(bits, "name", field.inst_name)
            _add(bits, "bitOffset", str(field.low))
            _add(bits, "bitWidth", str(field.width))
            _add(
                bits, "access", {"r": "read-only", "w": "write-only", "rw": "read-write"}[field.get_property("sw").name]
            )


def _ports(parent: Xml.Element, ports: Sequence[Port]) -> None:
    for port in ports:
        entry = _add(parent, "port")
        _add(entry, "name", port.name)
        wire = _add(entry, "wire")
        _add(wire, "direction", port.direction)
        if port.width is not None:
            vector = _add(wire, "vector")
            _add(vector, "left", str(port.width - 1), format="long")
            _add(vector, "right", "0", format="long")
        definition = _add(_add(wire, "wireTypeDefs"), "wireTypeDef")
        _add(definition, "typeName", "wire")
        for kind in ("synthesis", "simulation"):
            _add(definition, "viewNameRef", VIEWS[kind][0])


def _file_set(sets: Xml.Element, name: str, files: Sequence[str]) -> None:
    entry = _add(sets, "fileSet")
    _add(entry, "name", name)
    for path in files:
        file = _add(entry, "file")
        _add(file, "name", path)
        kind = {".sv": "systemVerilogSource", ".v": "verilogSource", ".tcl": "tclSource"}.get(Path(path).suffix)
        if kind is not None:
            _add(file, "fileType", kind)
        if path.endswith(".mem"):
            _add(file, "userFileType", "mem")
        if path.endswith(".xdc"):
            _add(file, "userFileType", "xdc")
            _add(file, "userFileType", "USED_IN_out_of_context")
        if kind == "tclSource":
            _add(file, "userFileType", "XGUI_VERSION_2")


def _vendor(parent: Xml.Element, core: Core) -> None:
    extensions = Xml.SubElement(parent, f"{{{XILINX}}}coreExtensions")
    families = Xml.SubElement(extensions, f"{{{XILINX}}}supportedFamilies")
    for name in FAMILIES:
        Xml.SubElement(families, f"{{{XILINX}}}family", {f"{{{XILINX}}}lifeCycle": "Beta"}).text = name
    taxonomies = Xml.SubElement(extensions, f"{{{XILINX}}}taxonomies")
    Xml.SubElement(taxonomies, f"{{{XILINX}}}taxonomy").text = "/UserIP"
    Xml.SubElement(extensions, f"{{{XILINX}}}displayName").text = core.display_name
    Xml.SubElement(extensions, f"{{{XILINX}}}definitionSource").text = "package_project"
    Xml.SubElement(extensions, f"{{{XILINX}}}coreRevision").text = "1"
