"""What stands between a camera and an accelerator: its top module, its LUT sites, and the clock that it needs."""

from dataclasses import replace
from pathlib import Path

from bnn.camera import RGB, Camera
from bnn.errors import UserError
from bnn.storage.names import plain
from finn_build.built import Estimates
from finn_build.frame_sites import flags_sites, sync_sites
from finn_build.in_flight import flag_depth
from finn_build.manifest import Input, Output
from hw.bits import selection
from hw.camera import view_parameters
from hw.text import fill, sources_of

TOP = "nj_camera_accelerator"
MARKS = {
    "video": "TUSER with the first beat of a frame, TLAST with the last of each line; nj_camera_sync says what\n"
    "//         becomes of frames that are not so.",
    "frame": "TLAST with the last beat of a frame; TUSER means nothing; nj_frame_sync says what becomes of\n"
    "//         frames that are not so.",
}
USER = "    .s_user_i     (s_axis_tuser),\n    .s_cut_i      (frame_cut),\n"
CUT = {
    "video": "with TVALID: this beat is none, and the frame under way ends here, as nj_camera_fifo says. Else 0.",
    "frame": "means nothing.",
}
AHEAD = 2  # frames that may have ended in front of the accelerator and not yet in it


def check_camera(camera: Camera, size: Input) -> None:
    """Raise UserError unless the network takes what it would see."""
    seen = (*camera.size, camera.channels)
    if seen != (size.height, size.width, size.channels):
        raise UserError(
            f"the camera makes pictures of {seen[0]}x{seen[1]}x{seen[2]} (height x width x channels), and the network "
            f"takes {size.height}x{size.width}x{size.channels}; give the camera that it was trained with, or train it "
            "with this one"
        )


def write_front(folder: Path, camera: Camera, core: str, output: Output, in_flight: int) -> None:
    """Write rtl/nj_camera_accelerator.v and the modules that it needs beside those of the accelerator `core`."""
    target = folder / "rtl"
    modules = [_sync(camera), "nj_camera_view"]
    for path in (path for module in modules for path in sources_of(module)):
        (target / path.name).write_text(path.read_text())
    (target / f"{TOP}.v").write_text(_top(camera, core, output, in_flight))


def _sync(camera: Camera) -> str:
    return "nj_camera_sync" if camera.framing == "video" else "nj_frame_sync"


def _top(camera: Camera, core: str, output: Output, in_flight: int) -> str:
    y, x, height, width = camera.region
    if camera.framing == "video":
        sizes = {"Height": camera.height, "Beats": camera.line_beats}
    else:
        sizes = {"Beats": camera.height * camera.line_beats}
    bits = camera.beat * camera.pixel_bits
    sync = {
        "module": _sync(camera),
        "parameters": "\n".join(f"    .{name}({value})," for name, value in sizes.items()),
        "data_bits": bits,
        "user": USER if camera.framing == "video" else "",
    }
    parameters = view_parameters(camera).items()
    values = {
        "summary": f"A camera, and behind it a classifier: {', '.join(map(plain, output.classes))}",
        "beat": camera.beat,
        "pixel_bits": camera.pixel_bits,
        "format": camera.format,
        "height": camera.height,
        "width": camera.width,
        "marks": MARKS[camera.framing],
        "cut": CUT[camera.framing],
        "broken_bit": output.broken_bit,
        "rows": camera.size[0],
        "columns": camera.size[1],
        "top": y,
        "bottom": y + height - 1,
        "left": x,
        "right": x + width - 1,
        "bin": camera.bin,
        "point_bits": output.point_bits,
        "tdata_bits": camera.tdata_bits,
        "out_bits": output.tdata_bits,
        "class_bits": output.class_bits,
        "data_bits": bits,
        "seen_bits": 8 * camera.channels,
        "sync": fill("camera_sync.v.in", sync),
        "parameters": ",\n".join(f"    .{name}({value})" for name, value in parameters),
        "core": core,
        "flags": flag_depth(in_flight + AHEAD),
    }
    return fill(f"{TOP}.v.in", values)


def camera_sites(camera: Camera, in_flight: int) -> int:
    """Return the LUT sites in front of the accelerator, fitted to Yosys' counts (tests/finn_build/test_camera.py)."""
    places = (camera.height - 1).bit_length() + (camera.line_beats - 1).bit_length()
    if camera.framing == "video":
        sync = round(7 + 2.2 * places + camera.beat * camera.pixel_bits / 2)
    else:
        sync = sync_sites(camera.height * camera.line_beats, camera.beat * camera.pixel_bits)
    return sync + _view_sites(camera, places) + flags_sites(flag_depth(in_flight + AHEAD))


def _view_sites(camera: Camera, places: int) -> int:
    rows, columns = camera.size
    cropped = camera.region != (0, 0, camera.height, camera.width)
    counters = places * cropped + (columns - 1).bit_length() + (rows * columns - 1).bit_length()
    if camera.weights() == (1,) * camera.channels:
        return round(1.5 * counters)
    terms = 10 if camera.channels == 1 and camera.format in RGB else 8
    bits = terms + (camera.bin**2 - 1).bit_length()
    together = camera.beat if camera.bin % camera.beat == 0 else 1
    adders = bits * (together + 1) + bits - 2  # of a beat and of a line, and rounding
    banks, rest = divmod(columns, 64)
    memory = bits * banks + (bits if rest > 32 else bits // 2 + 1 if rest else 0) if camera.bin > 1 else 0
    chosen = selection(banks + (rest > 0), bits) if camera.bin > 1 else 0
    shifts = all(weight & (weight - 1) == 0 for weight in camera.weights())
    division = 0 if shifts else 8 * (bits + 10)
    return round(35 + 1.5 * counters + camera.channels * (adders + memory + chosen + division))


def with_front(estimates: Estimates, camera: Camera, in_flight: int) -> Estimates:
    """Return the estimates with the LUT sites in front of the accelerator in their total."""
    total = estimates.total
    return replace(estimates, total=replace(total, lut=total.lut + camera_sites(camera, in_flight)))


def least_ratio(camera: Camera, cycles: int) -> float:
    """Return how many times the camera's clock ours must be at least, when it gives a beat in each of its clocks.

    cycles: that the accelerator takes for a frame. Its pixels come in the last line of each row of blocks, one in
    bin / beat clocks.
    """
    rows, columns = camera.size
    split = 1.0 if camera.bin % camera.beat == 0 else float(camera.beat)
    pixel = cycles / (rows * columns)
    return max(split, pixel * camera.beat / camera.bin, cycles / (camera.height * camera.line_beats))


def ratio_note(camera: Camera, cycles: int, clock_mhz: float) -> str:
    """Say at build time how fast a camera may be that cannot wait."""
    ratio = least_ratio(camera, cycles)
    pixels = clock_mhz / ratio * camera.beat
    return (
        f"a camera that gives {camera.beat} pixel(s) in each of its clocks and cannot wait may have a clock of "
        f"{clock_mhz / ratio:.4g} MHz ({pixels:.4g} million pixels a second): ours must be {ratio:.3g} times as fast, "
        "or the camera is to be paused by TREADY"
    )
