"""A camera in front of an accelerator: whole frames, right and disturbed, come out as the integer functions say."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from bnn.camera import Camera
from bnn.errors import UserError
from bnn.qonnx.read import read_qonnx
from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from finn_build.manifest import load
from hw.camera import beats_of, frame_of
from sim import accelerator, design, disturbed
from sim.bench import Bench
from sim.camera import verify_camera
from sim.pictures import choose_pictures
from tests.bnn.test_data_camera import raw_of
from tests.support.networks import random_network

VIDEO = Camera(28, 48, (4, 8, 24, 32), 2, 2)
FRAMES = Camera(32, 40, (0, 8, 32, 24), 2, 4, "bayer-grbg10", "frame")
KINDS = {disturbed.RIGHT, disturbed.BEGUN, disturbed.RESET, *disturbed.VIDEO}


def accelerator_of(camera: Camera, folder: Path, fps: float | None = None) -> Path:
    height, width = camera.size
    network = random_network("binary", height=height, width=width, colors=camera.channels, seed=2)
    write_qonnx(network, folder / "model.onnx")
    build(folder / "model.onnx", folder / "acc", camera=camera, fps=fps)
    return folder / "acc"


@pytest.fixture(scope="module")
def acc(tmp_path_factory) -> Path:
    return accelerator_of(VIDEO, tmp_path_factory.mktemp("video"))


def test_video_is_exact_in_every_stage_and_every_broken_frame_is_told(acc):
    found = accelerator.verify(acc, "random", 4, points=0, camera_frames=40)
    camera = found.camera
    assert found.passed and camera is not None and camera.right
    assert set(camera.events) == KINDS and camera.frames == 41
    assert 10 < camera.broken < camera.ended - 15 and camera.ended >= camera.results > 30
    assert camera.pixels >= camera.results * 12 * 16


def test_frames_by_their_ends_alone_behind_a_mosaic_into_a_folded_network(tmp_path):
    acc = accelerator_of(FRAMES, tmp_path, fps=0.4 * 200e6 / (16 * 12))
    camera = accelerator.verify(acc, "random", 4, points=0, camera_frames=16).camera
    assert camera is not None and camera.right and set(camera.events) == {"right", "too short", "too long"}
    assert camera.ended == camera.results == 17 and camera.broken == 17 - camera.events["right"]


FAULTS = [  # a file of the front, what stands there, and what is planted
    ("nj_camera_sync.sv", "(frame_q && told_q) ||", ""),
    ("nj_camera_bin.sv", "x_last ? '0 : x_q + 1'b1", "'0"),
    ("nj_camera_accelerator.v", "broken || results_tuser", "results_tuser"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "old", "new"), FAULTS)
def test_a_fault_in_front_of_the_network_is_found(acc, tmp_path, name, old, new):
    changed = tmp_path / "acc"
    shutil.copytree(acc, changed)
    text = (changed / "rtl" / name).read_text()
    assert old in text
    (changed / "rtl" / name).write_text(text.replace(old, new, 1))
    manifest = load(acc)
    bench = Bench(changed, manifest, design.rtl(changed, manifest))
    pictures = choose_pictures(manifest, "random", 4, False, 1)
    found = verify_camera(bench, read_qonnx(acc / "model.onnx"), pictures, 12)
    assert found is not None and found.mismatches


def test_the_manifest_holds_the_camera_and_the_estimate_counts_it(acc, tmp_path):
    assert load(acc).camera == VIDEO
    without = build(acc / "model.onnx", tmp_path / "without")
    again = build(acc / "model.onnx", tmp_path / "with", camera=VIDEO)
    assert again.estimate.lut > without.estimate.lut + 50 and "million pixels a second" in again.notes[-1]
    with pytest.raises(UserError, match=r"--camera-frames 3: .* was built without a camera"):
        accelerator.verify(tmp_path / "without", "random", 4, points=0, camera_frames=3)


def test_a_camera_of_other_pictures_is_refused(acc, tmp_path):
    with pytest.raises(UserError, match=r"makes pictures of 14x24x1 .* and the network takes 12x16x1"):
        build(acc / "model.onnx", tmp_path / "acc", camera=Camera(28, 48, bin=2))
    assert not (tmp_path / "acc").exists()


@pytest.mark.parametrize("form", ["gray8", "raw10", "raw12", "gbr888", "bayer-rggb12"])
def test_beats_hold_the_frame(form):
    camera = Camera(16, 24, (0, 0, 16, 16), 2, 4, form)
    raw = raw_of(camera)
    beats = beats_of(camera, raw)
    assert beats.shape == (16, 6, camera.tdata_bits // 8) and np.array_equal(frame_of(camera, beats), raw)
