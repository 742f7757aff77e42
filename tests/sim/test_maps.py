"""Accelerators of whole pictures are exact in every cell, whatever waits, and a fault in one is found."""

import shutil

import numpy as np
import pytest
from PIL import Image

from bnn.errors import UserError
from bnn.integer.maps import over
from bnn.model.spec import Block, NetworkSpec
from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from finn_build.choose import untrained
from finn_build.manifest import load
from finn_build.trust import opened
from neuraljet.opened import open_folder
from sim.maps import verify_map
from tests.support.sealing import reseal

SPEC = NetworkSpec(
    "cells", (Block(4, form="jets", padding=False, pool=2), Block(6, form="binary", padding=False, pool=2))
)
HEIGHT, WIDTH = 29, 42


@pytest.fixture(scope="module")
def accelerator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("map")
    write_qonnx(over(untrained(SPEC, (1, 18, 18), 3), HEIGHT, WIDTH), folder / "model.onnx")
    build(folder / "model.onnx", folder / "acc")
    return folder / "acc"


def test_every_cell_is_exact_at_a_pixel_per_clock(accelerator):
    found = verify_map(accelerator, frames=5)
    assert found.passed and found.mismatches == 0 and found.wrong_frames == 0, found
    assert (found.rows, found.columns, found.cells, found.runs) == (3, 7, 2 * 5 * 21, 2)
    assert found.rates.cycles_per_frame == HEIGHT * WIDTH == load(accelerator).cycles_per_frame
    assert found.first_mismatch is None and (accelerator / "verification.json").is_file()


def test_every_cell_is_exact_when_both_sides_wait(accelerator, tmp_path):
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{number}.png")
    found = verify_map(accelerator, tmp_path, backpressure=0.3, points=0)
    assert found.passed and found.frames == 3 and found.cells == 3 * 21, found


def test_a_picture_of_another_size_is_refused(accelerator, tmp_path):
    Image.fromarray(np.zeros((HEIGHT, WIDTH + 1), np.uint8)).save(tmp_path / "wide.png")
    with pytest.raises(
        UserError, match=f"is {HEIGHT}x{WIDTH + 1} and the accelerator takes frames of {HEIGHT}x{WIDTH}"
    ):
        verify_map(accelerator, tmp_path)
    with pytest.raises(UserError, match="has 1 pictures"):
        Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8)).save(tmp_path / "wide.png")
        verify_map(accelerator, tmp_path, frames=2)


def test_a_map_is_built_in_rtl_alone(accelerator, tmp_path):
    with pytest.raises(UserError, match="whole pictures are built in RTL alone"):
        build(accelerator / "model.onnx", tmp_path / "acc", backend="rtl,argmax=hls")
    assert not (tmp_path / "acc").exists()


@pytest.mark.parametrize("open_it", [opened, open_folder])
def test_what_takes_one_result_a_frame_refuses_a_map(accelerator, open_it):
    with pytest.raises(UserError, match="has a map of 3x7 cells"), open_it(accelerator):
        pass


def wrong_accelerator(accelerator, folder):
    """Return a copy whose model.onnx has another weight than its RTL."""
    shutil.copytree(accelerator, folder)
    network = over(untrained(SPEC, (1, 18, 18), 3), HEIGHT, WIDTH)
    weight = network.layers[-2].weight.copy()
    weight[1, 2, 0, 0] *= -1
    layers = [*network.layers[:-2], type(network.layers[-2])(weight), network.layers[-1]]
    write_qonnx(network.with_layers(layers), folder / "model.onnx")
    reseal(folder)
    return folder


def test_a_wrong_weight_is_found(accelerator, tmp_path, monkeypatch):
    monkeypatch.setattr("sim.maps._look_into", lambda *_: None)
    found = verify_map(wrong_accelerator(accelerator, tmp_path / "wrong"), frames=1, points=0, trust=True)
    assert not found.passed and found.wrong_frames == 1 and 0 < found.mismatches <= 21


@pytest.mark.slow  # Verilator compiles a tap for each stream
def test_the_layer_of_a_wrong_weight_is_named(accelerator, tmp_path):
    found = verify_map(wrong_accelerator(accelerator, tmp_path / "wrong"), frames=1, points=0, trust=True)
    assert not found.passed and found.first_mismatch is not None
    assert found.first_mismatch.where is not None and found.first_mismatch.where.layer == "score_sums_0"
