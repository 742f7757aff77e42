"""A tiny accelerator becomes a file for the board. A request that cannot be met is refused in a sentence."""

import json
import re

import pytest

from bnn.errors import UserError
from bnn.qonnx.write import write_qonnx
from finn_build.bitstream import FLOWS, make, open_boards
from finn_build.bitstream.flow import check_timing, overfull
from finn_build.bitstream.reject import Rejecting
from finn_build.build import build
from finn_build.manifest import load
from hw.text import HW
from tests.neuraljet.conftest import tiny_network

IDCODE_85F = 0x41113043  # Lattice's FPGA-TN-02039


@pytest.fixture(scope="module")
def accelerator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bitstream")
    write_qonnx(tiny_network(), folder / "model.onnx")
    build(folder / "model.onnx", folder / "acc")
    return folder / "acc"


def test_placed_routed_and_packed(accelerator):
    report = make(accelerator, "ULX3S-85F", clock_mhz=50.0)
    folder = accelerator / "bitstream-ulx3s-85f"
    assert sorted(path.name for path in folder.iterdir()) == ["bitstream.json", "nextpnr.json", "ulx3s-85f.bit"]
    assert json.loads((folder / "bitstream.json").read_text()) == report.entries()
    bits = (folder / "ulx3s-85f.bit").read_bytes()
    assert bits.startswith(b"\xff\x00") and bytes.fromhex("ffffbdb3") in bits[:200]  # comment, preamble
    assert bytes.fromhex(f"e2000000{IDCODE_85F:08x}") in bits[:300]  # the chip that the file is for
    router = json.loads((folder / "nextpnr.json").read_text())
    clock = max(router["fmax"].values(), key=lambda found: found["constraint"])
    assert report["clock_mhz"] == 50 == pytest.approx(clock["constraint"], rel=1e-3)  # the PLL's clock was known
    assert report["fmax_mhz"] == round(clock["achieved"], 2) > 50
    assert report["cells"]["EHXPLLL"]["used"] == 1
    assert 15 <= report["cells"]["TRELLIS_IO"]["used"] <= 17  # clock, button, line, eight LEDs, gate, the other chip's
    estimates = json.loads((accelerator / "estimates.json").read_text())
    assert report["cells"]["TRELLIS_FF"]["used"] > estimates["total"]["ff"] / 2  # nothing was optimised away
    assert report["estimate"] == estimates["total"]
    assert report["reply"] == {
        "status": 1, "class": 1, "broken_bit": 7, "unsure_bit": 6, "score": 1, "scores": 2,
        "margin": load(accelerator).output.margin_bits // 8,
    }  # fmt: skip
    assert report["pictures_per_second"] == {"line": 4687.5, "accelerator": 50e6 / 64}


@pytest.mark.slow
@pytest.mark.parametrize("board", sorted(set(open_boards()) - {"ulx3s-85f"}))
def test_every_board(accelerator, tmp_path, board):
    """Every board is placed, routed and packed, with a gate."""
    name = load(accelerator).output.classes[0]
    report = make(accelerator, board, tmp_path / "out", rejecting=Rejecting((name,), 1000, 50, False))
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == sorted(["bitstream.json", "nextpnr.json", report.file]) and report.bytes > 50_000
    assert report.fmax_mhz > report.clock_mhz and len(report.clocks) == 1
    flops = sum(entry["used"] for kind, entry in report.cells.items() if "FF" in kind)
    estimates = json.loads((accelerator / "estimates.json").read_text())
    assert flops > estimates["total"]["ff"] / 2  # nothing was optimised away


@pytest.mark.parametrize("board", open_boards())
def test_every_port_of_a_board_has_a_pin(board):
    """The pins are a file of another language, in which a name that is no port would be passed over."""
    (flow,) = (flow for flow in FLOWS if board in flow.BOARDS)
    top = flow.BOARDS[board].top
    header = (HW / "boards" / f"{top}.v").read_text().split(");")[0]
    ports = set()
    for width, name in re.findall(r"^  (?:in|out)put +wire +(?:\[(\d+):0\] )?(\w+)", header, re.MULTILINE):
        ports |= {f"{name}[{i}]" for i in range(int(width) + 1)} if width else {name}
    assert len(re.findall(r"put +wire", header)) == len({port.split("[")[0] for port in ports}) >= 8
    pins = re.findall(r'^(?:LOCATE COMP|IO_LOC) "([^"]+)"(?: SITE)? "?(\w+)"?;', pins_of(flow, top), re.MULTILINE)
    assert {port for port, _ in pins} == ports and len({pin for _, pin in pins}) == len(pins) == len(ports)
    kinds = re.findall(r'^(?:IOBUF|IO_PORT)(?: PORT)? "([^"]+)".* IO_TYPE=', pins_of(flow, top), re.MULTILINE)
    assert set(kinds) == ports


def pins_of(flow, top):
    return (HW / "boards" / f"{top}.{flow.PINS}").read_text()


@pytest.mark.parametrize(
    ("board", "options", "words"),
    [
        ("zcu102", {}, "'zcu102' is not known; built here: ulx3s-12f, .*tang-nano-20k; with Vivado: pynq-z1, pynq-z2"),
        ("pynq-z2", {"baud": 9600}, "--clock-mhz and --baud are of other boards than pynq-z2"),
        ("icebreaker", {}, "'icebreaker' is not known; built here: ulx3s-12f"),
        ("tang-nano-9k", {"clock_mhz": 54.0}, "--clock-mhz 54 is not possible; tang-nano-9k runs with its 27 MHz here"),
        ("pynq-z2", {"rejecting": Rejecting(("a",), 9, 1, False)}, "--reject is of other boards than pynq-z2"),
        (
            "ulx3s-25f",
            {"rejecting": Rejecting(("rust",), 9, 1, False)},
            "--reject 'rust': the network has no such class",
        ),
        ("ulx3s-25f", {"rejecting": Rejecting((), 9, 0, False)}, "--gate-length 0 is out of range; the gate takes 1"),
        ("ulx3s-85f", {"clock_mhz": 500.0}, "--clock-mhz 500 is out of range"),
        ("ulx3s-85f", {"baud": 12_000_000}, "--baud 12000000 is out of range; ulx3s-85f takes 1200 to 3000000"),
    ],
)
def test_refused_before_any_work(accelerator, tmp_path, board, options, words):
    with pytest.raises(UserError, match=words):
        make(accelerator, board, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_nobodys_folder_is_overwritten(accelerator, tmp_path):
    (tmp_path / "notes.txt").write_text("precious")
    with pytest.raises(UserError, match=r"not ours"):
        make(accelerator, "ulx3s-85f", tmp_path)


def test_too_slow_is_told_with_the_way_out():
    clocks = {"clk": {"achieved": 94.21, "constraint": 120.0}, "usb": {"achieved": 99.0, "constraint": 48.0}}
    with pytest.raises(
        UserError, match=r"reaches 94\.2 MHz on b and 120 MHz were asked for; give --clock-mhz at most 94"
    ):
        check_timing(clocks, 120.0, 25.0, "b")
    check_timing({"clk": {"achieved": 120.0, "constraint": 120.0}}, 120.0, 25.0, "b")


def test_too_large_is_told_by_the_routers_table():
    log = (
        "Info: Device utilisation:\n"
        "Info: \t          TRELLIS_FF:   30001/  24288   123%\n"
        "Info: \t        TRELLIS_COMB:   29368/  24288   120%\n"
        "Info: \t        TRELLIS_RAMW:       0/   3036     0%\n"
    )
    assert overfull(log) == ["30,001 TRELLIS_FF of 24,288", "29,368 TRELLIS_COMB of 24,288"]
