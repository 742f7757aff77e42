"""What the network sees of a camera's frames: exact integers, compared with the plainest loops over pixels."""

import itertools

import numpy as np
import pytest
from PIL import Image

from bnn.camera import FORMATS, Camera, read_camera
from bnn.data import camera_scenes, load, load_again
from bnn.data.frames import Fit
from bnn.data.source import DataSource, parse_source
from bnn.errors import UserError
from bnn.storage.records import entries, parse_json

ROI = (6, 12, 48, 60)
CELLS = {"r": 0, "g": 1, "b": 2}


def raw_of(camera: Camera, seed: int = 0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    shape = (camera.height, camera.width, *([3] if camera.format in ("rgb888", "gbr888") else []))
    return draw.integers(0, 1 << camera.depth, shape).astype(np.uint8 if camera.depth == 8 else np.uint16)


def by_loops(camera: Camera, raw: np.ndarray) -> np.ndarray:
    """Return what the network sees, as the module's docstring says it, in exact fractions."""
    (y0, x0, _, _), n = camera.region, camera.bin
    seen = np.zeros((*camera.size, camera.channels), np.int64)
    for row, column, channel in itertools.product(*map(range, seen.shape)):
        total = weights = 0
        for y, x in itertools.product(range(n), range(n)):
            place = (y0 + row * n + y, x0 + column * n + x)
            value = raw[place].astype(int) >> (camera.depth - 8)
            if raw.ndim == 3 and camera.color == "gray":
                terms = [(int(value[0]), 1), (int(value[1]), 2), (int(value[2]), 1)]
            elif raw.ndim == 3:
                terms = [(int(value[channel]), 1)]
            elif camera.mosaic and camera.color == "rgb":
                color = CELLS[camera.mosaic[2 * (place[0] % 2) + place[1] % 2]]
                terms = [(int(value), int(color == channel))]
            else:
                terms = [(int(value), 1)]
            total += sum(v * w for v, w in terms)
            weights += sum(w for _, w in terms)
        seen[row, column, channel] = (2 * total + weights) // (2 * weights)  # the mean, halves rounded up
    return seen


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("color", ["gray", "rgb"])
def test_what_the_network_sees_is_the_mean_of_blocks(form: str, color: str) -> None:
    if color == "rgb" and form in ("gray8", "raw10", "raw12"):
        with pytest.raises(UserError, match=f"format {form}: color 'rgb' is not possible; choose gray"):
            Camera(60, 84, ROI, 6, 2, form, color=color)
        return
    camera = Camera(60, 84, ROI, 6, 2, form, color=color)
    raw = raw_of(camera)
    camera.refuse_unfit(raw, "x")
    assert camera.view(raw).dtype == np.uint8 and np.array_equal(camera.view(raw), by_loops(camera, raw))


@pytest.mark.parametrize("n", [1, 3])
def test_odd_blocks_and_none(n: int) -> None:
    for form, color in (("gray8", "gray"), ("raw12", "gray"), ("rgb888", "rgb"), ("rgb888", "gray")):
        camera = Camera(36, 48, (6, 12, 24, 36), n, 1, form, color=color)
        raw = raw_of(camera)
        assert np.array_equal(camera.view(raw), by_loops(camera, raw))


def test_halves_are_rounded_up_and_white_stays_white() -> None:
    camera = Camera(16, 16, bin=2)
    raw = np.full((16, 16), 255, np.uint8)
    raw[0, 0], raw[0, 2:4] = 253, 254  # 254.5 and 254.5; 1018 / 4
    assert camera.view(raw)[0, :3, 0].tolist() == [255, 255, 255]
    raw[0, 0], raw[2:4, :2] = 252, [[0, 0], [0, 1]]
    assert camera.view(raw)[0, 0, 0] == 254 and camera.view(raw)[1, 0, 0] == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"roi": (4, 0, 64, 64), "bin": 8}, "Y 4 of roi 4,0,64,64 is no multiple of 8 .*with Y 0 or 8"),
        ({"roi": (0, 0, 64, 66), "bin": 3, "beat": 4}, "HEIGHT 64 .* no multiple of 3"),
        ({"roi": (0, 0, 63, 66), "bin": 3, "beat": 4}, "WIDTH 66 .* no multiple of 12"),
        ({"roi": (0, 64, 80, 80)}, "reaches beyond the frame of 80x128"),
        ({"roi": (0, -8, 80, 80)}, "sides must be at least 1"),
        ({"bin": 16}, "would see 5x8 pixels"),
        ({"bin": 17}, "bin 17 is out of range; give a number from 1 to 16"),
        ({"beat": 3}, "beat '3' is not possible; choose 1, 2, 4"),
        ({"format": "raw9"}, "format 'raw9' is not possible; choose gray8, raw10"),
        ({"framing": "lines"}, "framing 'lines' is not possible; choose video, frame"),
        ({"format": "bayer-rggb8"}, "needs an even bin"),
        ({"height": 4}, "height 4 is out of range; allowed: 8 to 8192"),
        ({"width": 126, "beat": 4}, "no whole number of beats of 4"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        Camera(**({"height": 80, "width": 128} | settings))


def test_options_are_read() -> None:
    assert read_camera("800x1280", "16,256,768,768", 8, 2) == Camera(800, 1280, (16, 256, 768, 768), 8, 2)
    with pytest.raises(UserError, match="--camera '800' is not HEIGHTxWIDTH"):
        read_camera("800")
    with pytest.raises(UserError, match="--roi '1,2' is not Y,X,HEIGHT,WIDTH"):
        read_camera("80x128", "1,2")


@pytest.mark.parametrize(
    ("camera", "frame", "words"),
    [
        (Camera(16, 16), np.zeros((16, 18), np.uint8), "x is 16x18 pixels .* --camera 16x18"),
        (Camera(16, 16), np.zeros((16, 16, 3), np.uint8), "x has colours, .* gray8 delivers gray"),
        (
            Camera(16, 16, bin=2, format="bayer-rggb8"),
            np.zeros((16, 16, 3), np.uint8),
            "delivers one value a pixel, its mosaic",
        ),
        (Camera(16, 16), np.zeros((16, 16), np.uint16), "x has a value of 0, and .* delivers 8 bits"),
        (Camera(16, 16, format="raw10"), np.zeros((16, 16), np.uint8), "x has 8 bits, .* delivers 10 bits"),
        (Camera(16, 16, format="raw10"), np.full((16, 16), 1024, np.uint16), "a value of 1024, .* up to 1023"),
    ],
)
def test_pictures_that_no_such_camera_delivers_are_refused(camera: Camera, frame: np.ndarray, words: str) -> None:
    with pytest.raises(UserError, match=words):
        camera.seen(frame, "x")


def test_a_folder_of_frames(tmp_path) -> None:
    camera = Camera(24, 32, (4, 8, 16, 20), 2, 2, "raw10")
    for name in ("bad", "good"):
        (tmp_path / name).mkdir()
        for index in range(6):
            Image.fromarray(raw_of(camera, 10 * index + len(name))).save(tmp_path / name / f"{index}.png")
    data = load(tmp_path, camera=camera)
    assert data.test_images.shape[1:] == (8, 10, 1) and not data.bits
    for name, image in zip(data.test_names, data.test_images, strict=True):
        raw = raw_of(camera, 10 * int(name[-5]) + len(name.split("/")[0]))
        assert np.array_equal(image, camera.view(raw))
        fitted, scaled = Fit(8, 10, 1, camera=camera).read(tmp_path / name)
        assert np.array_equal(fitted, image) and not scaled
    source = DataSource(str(tmp_path), (8, 10), "gray", 0, camera=camera)
    again = parse_source(parse_json(source_text(source)))
    assert again == source and load_again(again).digest == data.digest == load_again(again, (8, 10), "gray").digest
    with pytest.raises(UserError, match="makes the pictures 8x10 and gray, and 64x64 is asked for"):
        load(tmp_path, size=(64, 64), camera=camera)


def source_text(source: DataSource) -> bytes:
    import json

    return json.dumps(entries(source)).encode()


def test_a_record_of_an_impossible_camera_is_refused() -> None:
    content = entries(DataSource("x", camera=Camera(80, 128)))
    content["camera"]["beat"] = 3
    with pytest.raises(ValueError, match="beat '3' is not possible"):
        parse_source(content)


@pytest.mark.parametrize("form", ["gray8", "raw10", "rgb888", "bayer-rggb12"])
def test_scenes_are_frames_of_the_camera_and_the_part_moves(form: str) -> None:
    camera = Camera(96, 160, (8, 16, 80, 128), 4, 2, form)
    frames, labels = camera_scenes.scenes(camera, 40, 3, "test")
    views = []
    for frame in frames:
        camera.refuse_unfit(frame, "scene")
        views.append(camera.view(frame))
    again, _ = camera_scenes.scenes(camera, 40, 3, "test")
    assert np.array_equal(views, [camera.view(frame) for frame in again]) and len(labels) == 40
    belts = np.std(np.array(views, float)[..., 0], axis=(1,)).argmax(axis=1)  # where the columns vary most
    assert belts.max() - belts.min() >= 8
