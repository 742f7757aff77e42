"""From an accelerator folder to an IP for Vivado: AXI4-Stream in and out, AXI4-Lite registers, component.xml."""

import dataclasses
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnn.integer.decision import OperatingPoint
from bnn.qonnx.read import read_qonnx
from bnn.storage.files import new_folder, refuse_foreign
from bnn.storage.names import plain
from bnn.storage.records import Record, sha256
from finn_build import handover
from finn_build.board_folder import padded
from finn_build.folders import IP
from finn_build.graph import DEFAULT_PART
from finn_build.in_flight import flag_depth
from finn_build.ipxact import Core, Port, component, ports_of
from finn_build.manifest import Manifest, Output
from finn_build.operating import point_in
from finn_build.registers import DESCRIPTION, address_bits, read_registers, write_registers
from finn_build.results import point_word
from finn_build.trust import opened
from hw.text import HW, fill, packages_first, sources_of

FILE, FORMAT = IP.file, IP.format
VERSION = 2  # 2: classes, and where a frame's number and tag stand
TOP = "nj_accelerator_ip"
CORE = Core("neuraljet", "ip", TOP, "1.0", "Neural Jets accelerator", "")
NUMBER_BITS = 16  # of a frame's number, and of its tag, in the results of an IP with a gate


@dataclass(frozen=True)
class IpDescription(Record):
    """ip.json."""

    format: str
    version: int
    vlnv: str
    s_axis_bits: int
    m_axis_bits: int
    broken_bit: int  # of a result word
    unsure_bit: int
    number_bit: int | None  # the lowest of the frame's number; None without a gate
    tag_bit: int | None
    number_bits: int | None  # of each of these two
    classes: tuple[str, ...]
    operating_point: OperatingPoint  # after reset
    registers: Mapping[str, int]  # addresses
    clock_mhz: float
    model_sha256: str
    files: Mapping[str, str]  # relative path -> SHA-256


def package(acc: Path, out: Path, trust: bool = False, gate: bool = False, tb: bool = False) -> IpDescription:
    """Package the accelerator folder `acc` as the Vivado IP folder `out`, which appears whole or not at all.

    gate: with ports that reject parts (hw/rtl/nj_gate.sv), and results that carry their frame's number and tag.
    tb: with the folder tb/ for simulators of others, unless layers are C++ (see finn_build.handover).
    Return what its ip.json says. Raise UserError for a damaged folder, for RTL that `build` would not write unless
    `trust` is set (see finn_build.trust), and when PeakRDL is missing.
    """
    acc, out = Path(acc), Path(out)
    refuse_foreign(out, IP)
    with opened(acc, trust=trust) as manifest:
        return write_ip(acc, manifest, out, gate, tb)


def write_ip(acc: Path, manifest: Manifest, out: Path, gate: bool = False, tb: bool = False) -> IpDescription:
    """Package an accelerator whose files may be run."""
    sources = sorted(name for name in manifest.files if name.startswith("rtl/"))
    registers = read_registers(manifest.output, gate)
    point = point_in(acc, manifest.output, manifest.model_sha256)
    with new_folder(out, IP) as folder:
        rtl = folder / "rtl"
        rtl.mkdir()
        shell = [HW / "ip" / "nj_shell.sv", *sources_of("nj_packets"), *sources_of("nj_latency")]
        shell += [*sources_of("nj_gate"), *sources_of("nj_tags")] if gate else []
        memories = {name: (acc / name).read_text() for name in manifest.files if name.startswith("mem/")}
        for path in [*(acc / name for name in sources), *shell]:
            (rtl / path.name).write_text(with_contents(path.read_text(), memories))
        write_registers(registers, rtl)
        values = _values(manifest, point, address_bits(registers), gate)
        (rtl / f"{TOP}.v").write_text(fill("nj_accelerator_ip.v.in", values))
        ports = ports_of((rtl / f"{TOP}.v").read_text())
        (folder / "xgui").mkdir()
        shutil.copyfile(HW / "ip" / "xgui.tcl", folder / "xgui" / f"{TOP}_v{CORE.version.replace('.', '_')}.tcl")
        shutil.copyfile(DESCRIPTION, folder / DESCRIPTION.name)
        (folder / f"{TOP}.xdc").write_text(fill("ip.xdc.in", values))
        (folder / f"{TOP}.veo").write_text(fill("ip.veo.in", {**values, "ports": _connections(ports)}))
        (folder / "check.tcl").write_text(fill("ip_check.tcl.in", values))
        if tb and not manifest.in_cpp():
            _hand_over(acc, manifest, folder, values, registers, point)
        core = dataclasses.replace(CORE, description=values["summary"])
        (folder / "component.xml").write_text(component(core, ports, registers, _files(folder)))
        description = _description(manifest, values, registers, point, folder)
        (folder / FILE).write_text(description.to_json())
    return description


def _hand_over(
    acc: Path, manifest: Manifest, folder: Path, values: dict[str, Any], registers: Any, point: OperatingPoint
) -> None:  # fmt: skip
    """Write tb/ into an IP folder whose RTL is there."""
    network = read_qonnx(acc / "model.onnx")
    frames = handover.choose_frames(manifest, network)
    at, padding = _addresses(registers), values["in_words"] - values["in_bits"]
    more = {
        "gate_pins": fill("tb_ip_gate.v.in", {}) if values["gate"] else "",
        "s_data": f"{{{padding}'d0, s_data}}" if padding else "s_data",
        "identity_at": at["identity"],
        "hash_at": at["model_hash_0"],
        "frames_at": at["frames"],
        "results_at": at["results"],
        "errors_at": at["errors"],
    }
    sources = [f"rtl/{path.name}" for path in (folder / "rtl").iterdir()]
    bench = {**values, **handover.common_values(manifest, TOP, frames), **more}
    golden = handover.golden_text(frames, network, manifest.output, point, values["number_bit"])
    handover.write_folder(folder, "tb_ip.v.in", bench, sources, (), frames, golden)


def with_contents(text: str, memories: Mapping[str, str]) -> str:
    """Return Verilog with constants in place of memory files, because an IP has no folder to find files in.

    memories: the text of each file, by its path in the Verilog. It begins with its size
    (hw.matvec.folding.MEMORY_SIZE); then each line is a word. nj_steps takes either .File("mem/x.mem") or .Weight with
    word 0 lowest.
    """
    for path, content in memories.items():
        size, *words = content.splitlines()
        bits = int(size.split()[-2])
        value = sum(int(word, 16) << (i * bits) for i, word in enumerate(words))
        text = text.replace(f'.File("{path}")', f".Weight({len(words) * bits}'h{value:x})")
    return text


def _values(manifest: Manifest, point: OperatingPoint, address_bits: int, gate: bool) -> dict[str, Any]:
    size, output = manifest.input, manifest.output
    return {
        **_gate_values(output, gate),
        "name": TOP,
        "top": manifest.top,
        "summary": f"Classifier of {size.height}x{size.width} pictures: {', '.join(map(plain, output.classes))}",
        "beats": size.beats_per_frame,
        "channels": size.channels,
        "in_bits": size.tdata_bits,
        "out_bits": output.tdata_bits,
        "in_words": padded(size.tdata_bits),
        "out_words": padded(output.tdata_bits + (2 * NUMBER_BITS if gate else 0)),
        "class_bits": output.class_bits,
        "broken_bit": output.broken_bit,
        "flags": flag_depth(manifest.frames_in_flight),
        "score_bits": output.score_bits,
        "margin_bits": output.margin_bits,
        "unsure_bit": output.unsure_bit,
        "offset_bits": output.value_bits + 1,
        "least_bits": output.value_bits + 2,
        "point_top": output.point_bits - 1,
        "address_bits": address_bits,
        "address_top": address_bits - 1,
        "reset_point": f"{output.point_bits}'h{point_word(point, output):x}",
        "classes": len(output.classes),
        "cycles": manifest.cycles_per_frame,
        "clock_mhz": f"{manifest.clock_mhz:g}",
        "period_ns": f"{1000 / manifest.clock_mhz:.3f}",
        "model_hash": manifest.model_sha256,
        "vlnv": CORE.vlnv,
        "part": manifest.part or DEFAULT_PART,
    }


def _gate_values(output: Output, gate: bool) -> dict[str, Any]:
    """Return what the ports of a gate are connected to, and where number and tag stand in a result."""
    if not gate:
        connections = {"frame_tag": "16'h0", "trigger": "1'b0", "encoder": "1'b0", "part_number": "", "reject": ""}
        nowhere = {"number_bit": None, "tag_bit": None, "number_bits": None}
        return {"gate": 0, "gate_ports": "", "numbered": "", **connections, **nowhere}
    where = {"number_bit": output.tdata_bits, "tag_bit": output.tdata_bits + NUMBER_BITS, "number_bits": NUMBER_BITS}
    ports = ("frame_tag", "trigger", "encoder", "part_number", "reject")
    return {
        "gate": 1, "gate_ports": fill("ip_gate_ports.v.in", {}), "numbered": fill("ip_gate_words.v.in", where),
        **{name: name for name in ports}, **where,
    }  # fmt: skip


def _connections(ports: list[Port]) -> str:
    width = max(len(port.name) for port in ports)
    lines = [
        f"  .{port.name:<{width}}({port.name}){',' if port is not ports[-1] else ' '}  "
        f"// {port.direction}{f' [{port.width - 1}:0]' if port.width else ''}"
        for port in ports
    ]
    return "\n".join(lines)


def _files(folder: Path) -> dict[str, list[str]]:
    names = [str(path.relative_to(folder)) for path in (folder / "rtl").iterdir()]
    rtl = packages_first(sorted(names, key=lambda name: (name == f"rtl/{TOP}.v", name)))
    xgui = [str(path.relative_to(folder)) for path in (folder / "xgui").iterdir()]
    found = {"synthesis": [*rtl, f"{TOP}.xdc"], "simulation": rtl, "xgui": xgui}
    bench = [f"{handover.FOLDER}/{name}" for name in ("nj_frames_check.v", f"{TOP}_tb.v", "frames.mem", "golden.mem")]
    return {**found, "testbench": bench} if (folder / handover.FOLDER).is_dir() else found


def _addresses(registers: Any) -> dict[str, int]:
    return {
        register.inst_name + (f"_{register.current_idx[0]}" if register.is_array else ""): register.address_offset
        for register in registers.registers(unroll=True)
    }


def _description(
    manifest: Manifest, values: dict[str, Any], registers: Any, point: OperatingPoint, folder: Path
) -> IpDescription:  # fmt: skip
    return IpDescription(
        format=FORMAT,
        version=VERSION,
        vlnv=CORE.vlnv,
        s_axis_bits=values["in_words"],
        m_axis_bits=values["out_words"],
        broken_bit=values["broken_bit"],
        unsure_bit=values["unsure_bit"],
        number_bit=values["number_bit"],
        tag_bit=values["tag_bit"],
        number_bits=values["number_bits"],
        classes=manifest.output.classes,
        operating_point=point,
        registers=_addresses(registers),
        clock_mhz=manifest.clock_mhz,
        model_sha256=manifest.model_sha256,
        files={str(p.relative_to(folder)): sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()},
    )
