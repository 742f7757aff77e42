"""The modules at both ends of an accelerator take what is estimated, by synthesis."""

import pytest

from finn_build.frame_sites import flags_sites, sync_sites
from finn_build.netlist import count_cells
from finn_build.synthesis import map_design
from hw.text import sources_of

SYNCS = ((144, 8), (784, 8), (4096, 8), (4096, 24), (65536, 8))  # beats of a frame, bits of a beat
DEPTHS = (4, 8, 16, 32, 64)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return the counts of each instance."""
    folder = tmp_path_factory.mktemp("frames")
    bits = sum(bits for _, bits in SYNCS)
    lines, low = [], 0
    for i, (beats, width) in enumerate(SYNCS):
        part = f"[{low}+:{width}]"
        lines.append(
            f"nj_frame_sync #(.Beats({beats}), .DataBits({width})) u_sync_{i} (.clk_i, .rst_i, .s_valid_i(v_i[{i}]), "
            f".s_ready_o(r_o[{i}]), .s_data_i(d_i{part}), .s_last_i(l_i[{i}]), .m_valid_o(v_o[{i}]), "
            f".m_ready_i(r_i[{i}]), .m_data_o(d_o{part}), .room_i(m_i[{i}]), .end_o(e_o[{i}]), "
            f".end_broken_o(b_o[{i}]), .frame_error_o(f_o[{i}]), .error_pulse_o(p_o[{i}]));"
        )
        low += width
    for i, depth in enumerate(DEPTHS):
        k = len(SYNCS) + i
        lines.append(
            f"nj_frame_flags #(.Depth({depth})) u_flags_{depth} (.clk_i, .rst_i, .end_i(l_i[{k}]), "
            f".broken_i(m_i[{k}]), .room_o(f_o[{k}]), "
            f".s_valid_i(v_i[{k}]), .s_ready_o(r_o[{k}]), .m_valid_o(v_o[{k}]), "
            f".m_ready_i(r_i[{k}]), .m_broken_o(b_o[{k}]));"
        )
    each = len(SYNCS) + len(DEPTHS)
    ports = [f"input logic [{each - 1}:0] {name}" for name in ("v_i", "l_i", "r_i", "m_i")]
    ports += [f"output logic [{each - 1}:0] {name}" for name in ("r_o", "v_o", "e_o", "b_o", "f_o", "p_o")]
    ports += [f"input logic [{bits - 1}:0] d_i", f"output logic [{bits - 1}:0] d_o"]
    text = f"module ends(input logic clk_i, rst_i, {', '.join(ports)});\n" + "\n".join(lines) + "\nendmodule\n"
    (folder / "ends.sv").write_text(text)
    names = ["ends.sv"]
    for source in {*sources_of("nj_frame_sync"), *sources_of("nj_frame_flags")}:
        (folder / source.name).write_text(source.read_text())
        names.append(source.name)
    modules = map_design(folder, sorted(names), "ends", "xc7")["modules"]
    return {
        instance: count_cells(modules[cell["type"]], modules) for instance, cell in modules["ends"]["cells"].items()
    }


@pytest.mark.parametrize("index", range(len(SYNCS)))
def test_frame_sync(found, index):
    beats, bits = SYNCS[index]
    counts = found[f"u_sync_{index}"]
    assert abs(counts["sites"] - sync_sites(beats, bits)) <= 4
    assert counts["ff"] == (beats - 1).bit_length() + 7


@pytest.mark.parametrize("depth", DEPTHS)
def test_frame_flags(found, depth):
    counts = found[f"u_flags_{depth}"]
    assert abs(counts["sites"] - flags_sites(depth)) <= 2
    assert counts["ff"] == depth + depth.bit_length()
