"""A tiny accelerator becomes a file for the board. A request that cannot be met is refused in a sentence."""

import json

import pytest

from bnn.errors import UserError
from bnn.qonnx.write import write_qonnx
from finn_build.bitstream import make
from finn_build.bitstream.ecp5 import check_timing, overfull
from finn_build.build import build
from finn_build.manifest import load
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
    clock = next(found for name, found in router["fmax"].items() if name.endswith("clk"))
    assert report["clock_mhz"] == 50 == pytest.approx(clock["constraint"], rel=1e-3)  # the PLL's clock was known
    assert report["fmax_mhz"] == round(clock["achieved"], 2) > 50
    assert report["cells"]["EHXPLLL"]["used"] == 1
    assert 12 <= report["cells"]["TRELLIS_IO"]["used"] <= 14  # clock, button, line, eight LEDs, the other chip's
    estimates = json.loads((accelerator / "estimates.json").read_text())
    assert report["cells"]["TRELLIS_FF"]["used"] > estimates["total"]["ff"] / 2  # nothing was optimised away
    assert report["estimate"] == estimates["total"]
    assert report["reply"] == {
        "status": 1, "class": 1, "broken_bit": 7, "unsure_bit": 6, "score": 1, "scores": 2,
        "margin": load(accelerator).output.margin_bits // 8,
    }  # fmt: skip
    assert report["pictures_per_second"] == {"line": 4687.5, "accelerator": 50e6 / 64}


@pytest.mark.parametrize(
    ("board", "options", "words"),
    [
        ("zcu102", {}, "'zcu102' is not known; built here: ulx3s-85f; with Vivado: pynq-z1, pynq-z2"),
        ("pynq-z2", {"baud": 9600}, "--clock-mhz and --baud are of other boards than pynq-z2"),
        ("icebreaker", {}, "'icebreaker' is not known; built here: ulx3s-85f"),
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
