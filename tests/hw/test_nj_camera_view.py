"""nj_camera_view gives what bnn.camera says that a network sees, to the bit, and at a beat per clock."""

import numpy as np
import pytest

from bnn.camera import Camera
from hw.camera import beats_of, view_parameters
from sim.modules import STALLS, Stall, run_streams
from tests.bnn.test_data_camera import raw_of

HEAVY = (*STALLS, Stall(0.0, 0.9, 2))


def check(camera, frames=2, stalls=HEAVY):
    """Send some frames; compare every pixel and the end of each, and return the run without stalls."""
    raws = [raw_of(camera, seed) for seed in range(frames)]
    raws[0][camera.height // 2 :] = (1 << camera.depth) - 1
    beats = np.concatenate([beats_of(camera, raw).reshape(-1, camera.tdata_bits // 8) for raw in raws])
    bits = camera.beat * camera.pixel_bits
    data = [int.from_bytes(beat.tobytes(), "little") & ((1 << bits) - 1) for beat in beats]
    views = np.stack([camera.view(raw) for raw in raws])
    expected = [int.from_bytes(pixel.tobytes(), "little") for pixel in views.reshape(-1, camera.channels)]
    results = run_streams(
        "nj_camera_view", view_parameters(camera), data, len(expected), stalls=stalls, watch=["m_last_o"]
    )
    pixels = camera.size[0] * camera.size[1]
    for stall, result in zip(stalls, results, strict=True):
        assert result.beats == expected, stall
        assert result.watched["m_last_o"][:-1] == [int(i % pixels == pixels - 1) for i in range(len(expected))]
    return results[0]


FORMS = [
    Camera(32, 40, (0, 8, 32, 32), 4, 2),
    Camera(32, 40, (0, 8, 32, 32), 4, 4, "raw12"),
    pytest.param(Camera(16, 24, (4, 8, 8, 8), 1, 1), marks=pytest.mark.slow),
    Camera(16, 24, (4, 8, 8, 8), 1, 4),
    Camera(24, 36, (0, 12, 24, 24), 3, 2),
    pytest.param(Camera(16, 24, (8, 8, 8, 8), 1, 2, "rgb888"), marks=pytest.mark.slow),
    Camera(24, 32, (0, 0, 24, 24), 3, 1, "gbr888"),
    Camera(16, 24, (0, 0, 16, 16), 2, 2, "gbr888", color="gray"),
    pytest.param(Camera(24, 24, bin=3, format="rgb888", color="gray"), marks=pytest.mark.slow),
    pytest.param(Camera(32, 40, (0, 8, 32, 32), 4, 2, "bayer-rggb8"), marks=pytest.mark.slow),
    Camera(16, 24, (0, 8, 16, 16), 2, 1, "bayer-grbg10"),
    Camera(16, 32, (0, 0, 16, 32), 2, 4, "bayer-bggr12"),
    pytest.param(Camera(48, 48, bin=6, beat=2, format="bayer-gbrg8"), marks=pytest.mark.slow),
    pytest.param(Camera(16, 24, (0, 8, 16, 16), 2, 2, "bayer-rggb8", color="gray"), marks=pytest.mark.slow),
]


@pytest.mark.parametrize(
    "camera", FORMS, ids=lambda camera: f"{camera.format}-{camera.color}-{camera.bin}-{camera.beat}"
)
def test_every_pixel_is_what_the_network_sees(camera):
    free = check(camera)
    if camera.bin % camera.beat == 0:
        assert free.in_cycles == list(range(len(free.in_cycles)))


def test_more_blocks_in_a_line_than_a_bank_of_memory_holds():
    check(Camera(16, 140, bin=2, beat=2), frames=1, stalls=STALLS[:1])
