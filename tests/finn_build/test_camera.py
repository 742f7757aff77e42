"""What stands in front of an accelerator takes what is estimated, by synthesis, and the clock it needs is told."""

import pytest

from bnn.camera import Camera
from finn_build.camera import AHEAD, camera_sites, least_ratio, ratio_note
from finn_build.in_flight import flag_depth
from finn_build.netlist import count_cells
from finn_build.synthesis import map_design
from hw.camera import view_parameters
from hw.text import sources_of

CAMERAS = [
    Camera(800, 1280, (16, 256, 768, 768), 8, 2),
    Camera(480, 640, bin=4),
    Camera(128, 128),
    Camera(256, 384, (0, 0, 240, 384), 3, 4),
    Camera(800, 1280, (16, 256, 768, 768), 8, 4, "bayer-rggb10"),
    Camera(200, 400, (0, 0, 192, 384), 2, 2, "rgb888"),
]
MODULES = ("nj_camera_sync", "nj_camera_view", "nj_frame_flags")
FRONT = """module front(
  input logic clk_i, rst_i, sv, su, sl, mr, rv, rr, input logic [{w}-1:0] sd,
  output logic sr, mv, ml, er, ep, fv, fb, fs, output logic [{o}-1:0] md);
  logic [{w}-1:0] d;
  logic v, r, e, b, room;
  nj_camera_sync #(.Height({height}), .Beats({beats}), .DataBits({w})) u_sync (
    .clk_i, .rst_i, .s_valid_i(sv), .s_ready_o(sr), .s_data_i(sd), .s_user_i(su), .s_last_i(sl), .s_cut_i(1'b0),
    .m_valid_o(v), .m_ready_i(r), .m_data_o(d), .room_i(room), .end_o(e), .end_broken_o(b),
    .frame_error_o(er), .error_pulse_o(ep));
  nj_camera_view #({parameters}) u_view (
    .clk_i, .rst_i, .s_valid_i(v), .s_ready_o(r), .s_data_i(d), .m_valid_o(mv), .m_ready_i(mr), .m_data_o(md),
    .m_last_o(ml));
  nj_frame_flags #(.Depth({depth})) u_flags (
    .clk_i, .rst_i, .end_i(e), .broken_i(b), .room_o(room), .s_valid_i(rv), .s_ready_o(fs), .m_valid_o(fv),
    .m_ready_i(rr), .m_broken_o(fb));
endmodule
"""


@pytest.mark.slow
@pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: f"{camera.format}-{camera.height}-{camera.bin}")
def test_sites_in_front(tmp_path, camera):
    parameters = ", ".join(f".{name}({value})" for name, value in view_parameters(camera).items())
    text = FRONT.format(
        w=camera.beat * camera.pixel_bits, o=8 * camera.channels, height=camera.height, beats=camera.line_beats,
        parameters=parameters, depth=flag_depth(1 + AHEAD),
    )  # fmt: skip
    (tmp_path / "front.sv").write_text(text)
    names = ["front.sv"]
    for source in {source for module in MODULES for source in sources_of(module)}:
        (tmp_path / source.name).write_text(source.read_text())
        names.append(source.name)
    modules = map_design(tmp_path, sorted(names), "front", "xc7")["modules"]
    cells = modules["front"]["cells"].values()
    found = sum(count_cells(modules[cell["type"]], modules)["sites"] for cell in cells if cell["type"] in modules)
    assert abs(found - camera_sites(camera, 1)) <= 0.1 * found + 10, found


@pytest.mark.parametrize(
    ("camera", "cycles", "ratio"),
    [
        (CAMERAS[0], 96 * 96, 1.0),  # a pixel per clock, of which one comes in four clocks at the most
        (CAMERAS[0], 8 * 96 * 96, 2.0),  # a pixel in eight clocks
        (CAMERAS[3], 80 * 128, 4.0),  # beats of 4 pixels are taken one by one, as blocks of 3 cross them
        (CAMERAS[2], 2 * 128 * 128, 2.0),
    ],
)
def test_how_fast_the_clock_must_be(camera, cycles, ratio):
    assert least_ratio(camera, cycles) == ratio
    assert f"a clock of {200 / ratio:.4g} MHz" in ratio_note(camera, cycles, 200.0)
