"""nj_rom's words are those of its file, and a simulation that does not find the file ends instead of reading zeros."""

from pathlib import Path

import pytest

from finn_build.synthesis import map_design
from finn_build.yosys import SynthesisError
from sim.modules import MODULE_ARGS, rtl_sources
from sim.runner import SimulationError, simulate

WORDS = [0x2A, 0x13, 0x07, 0x31, 0x3F]
READER = """
module rom_reader #(parameter bit Block = 1'b0) (
  input  logic clk_i, input logic [2:0] address_i, output logic [5:0] data_o
);
  nj_rom #(.Depth(5), .Bits(6), .Block(Block), .File("mem/words.mem")) u_rom (
    .clk_i, .ce_i(1'b1), .address_i, .data_o
  );
endmodule
"""


@pytest.fixture
def place(tmp_path):
    """Return a folder with the sources, and with mem/words.mem where `simulate` runs."""
    (tmp_path / "rom_reader.sv").write_text(READER)
    (tmp_path / "mem").mkdir()
    (tmp_path / "mem" / "words.mem").write_text("\n".join(f"{word:x}" for word in WORDS) + "\n")
    return tmp_path


def read_all(place: Path, work: Path, block: int, plusargs: tuple[str, ...] = ()):
    simulate(
        "rom_reader", [*rtl_sources("nj_rom"), place / "rom_reader.sv"], "tests.hw.rom_bench", work=work,
        parameters={"Block": block}, build_args=MODULE_ARGS, env={"NJ_ROM_WORDS": " ".join(map(str, WORDS))},
        plusargs=plusargs,
    )  # fmt: skip


@pytest.mark.parametrize("block", [0, 1])
def test_words_of_a_file(place, block):
    read_all(place, place, block)


@pytest.mark.parametrize("block", [0, 1])
def test_a_simulation_elsewhere_ends_with_an_error(place, tmp_path, block):
    with pytest.raises(SimulationError, match=r"nj_rom: there is no memory file mem/words\.mem; say with"):
        read_all(place, tmp_path / "elsewhere", block)


@pytest.mark.parametrize("block", [0, 1])
def test_a_simulation_elsewhere_is_told_where_the_file_is(place, tmp_path, block):
    read_all(place, tmp_path / "elsewhere", block, (f"+nj_root={place}",))
    with pytest.raises(SimulationError, match=r"there is no memory file /nowhere/mem/words\.mem"):
        read_all(place, place, block, ("+nj_root=/nowhere",))


@pytest.mark.parametrize("block", [0, 1])
def test_synthesis_takes_the_module_and_refuses_a_missing_file(place, block):
    source = READER.replace("Block = 1'b0", f"Block = 1'b{block}")
    (place / "rom_reader.sv").write_text(source)
    (place / "nj_rom.sv").write_text(rtl_sources("nj_rom")[-1].read_text())
    sources = ["nj_rom.sv", "rom_reader.sv"]
    modules = map_design(place, sources, "rom_reader", "xc7", ["mem/words.mem"])["modules"]
    assert any("nj_rom" in name for name in modules)
    with pytest.raises(SynthesisError, match=r"words\.mem"):
        map_design(place, sources, "rom_reader", "xc7")
