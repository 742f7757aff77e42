"""A network of tiles over whole pictures: each cell is the tile network at its place, in NumPy, torch and QONNX."""

import numpy as np
import pytest

from bnn.errors import UserError
from bnn.integer.freeze import FrozenNetwork
from bnn.integer.layers import Bias, Conv, Threshold
from bnn.integer.maps import is_map, over, pitch, tile_of
from bnn.integer.network import IntegerNetwork
from bnn.model.spec import Block, NetworkSpec
from bnn.qonnx.execute import execute
from bnn.qonnx.file import load_model
from bnn.qonnx.read import read_qonnx
from bnn.qonnx.write import write_qonnx
from finn_build.choose import untrained
from tests.support.networks import random_network

COARSE = (Block(4, form="jets", padding=False, pool=2), Block(6, form="binary", padding=False, pool=2))
SPECS = {
    "dense": (NetworkSpec("dense", COARSE), 18, (30, 41)),
    "pooled": (NetworkSpec("pooled", COARSE, head="pooled"), 20, (20, 37)),  # rows that fill no window
    "hidden": (NetworkSpec("hidden", COARSE, hidden=(8,)), 18, (33, 26)),
    "stride": (NetworkSpec("stride", (Block(5, form="binary", padding=False, stride=2), COARSE[1])), 19, (40, 31)),
    "sums": (NetworkSpec("sums", (COARSE[0], Block(5, padding=False, pool=2, pooling="sum"))), 22, (38, 30)),
    "one pixel": (NetworkSpec("one", (*COARSE, Block(3, form="binary", padding=False))), 22, (39, 50)),
}


def tile_and_map(name: str) -> tuple[IntegerNetwork, IntegerNetwork, np.ndarray]:
    spec, side, size = SPECS[name]
    tile = untrained(spec, (1, side, side), 3)
    pictures = np.random.default_rng(1).integers(0, 256, (2, 1, *size), np.uint8)
    return tile, over(tile, *size), pictures


@pytest.mark.parametrize("name", SPECS)
def test_each_cell_is_the_tile_network_at_its_place(name):
    tile, whole, pictures = tile_and_map(name)
    side, step = tile.input_shape[1], pitch(whole)
    scores = whole.run(pictures)
    rows, columns = ((length - side) // step + 1 for length in pictures.shape[2:])
    assert scores.shape == (2, 3, rows, columns) and rows * columns > 1
    for y in range(rows):
        for x in range(columns):
            crop = pictures[:, :, y * step : y * step + side, x * step : x * step + side]
            assert np.array_equal(scores[:, :, y, x], tile.run(np.ascontiguousarray(crop)))


@pytest.mark.parametrize("name", ["dense", "hidden", "sums"])
def test_torch_and_qonnx_make_the_same_map(name, tmp_path):
    import torch

    _, whole, pictures = tile_and_map(name)
    scores = whole.run(pictures)
    frozen = FrozenNetwork(whole)(torch.from_numpy(pictures)).numpy()
    assert np.array_equal(np.rint(frozen).astype(np.int64), scores) and np.array_equal(np.rint(frozen), frozen)
    write_qonnx(whole, tmp_path / "map.onnx")
    executed, classes = execute(load_model(tmp_path / "map.onnx"), pictures)
    assert np.array_equal(executed, scores) and np.array_equal(classes, whole.classify(scores))
    again = read_qonnx(tmp_path / "map.onnx")
    assert np.array_equal(again.run(pictures), scores)
    assert is_map(again) and tile_of(again) == tile_of(whole) and pitch(again) == pitch(whole)


def test_a_network_of_tiles_is_no_map():
    tile, whole, _ = tile_and_map("dense")
    assert is_map(whole) and not is_map(tile)
    with pytest.raises(UserError, match="--frame"):
        tile_of(tile)
    metadata = {"neuraljet.data": "{}", "kept": "1"}
    found = over(IntegerNetwork(tile.input_shape, tile.nodes, tile.classes, metadata), 30, 30)
    assert found.metadata == {"kept": "1", "neuraljet.tile": "18x18"}


@pytest.mark.parametrize(
    ("network", "size", "why"),
    [
        (random_network("binary"), (40, 40), "pads the tile at its edges"),
        (untrained(SPECS["dense"][0], (1, 18, 18), 3), (17, 40), "out of range"),
        (untrained(SPECS["dense"][0], (1, 18, 18), 3), (40, 4097), "widths from 18 to 4096"),
        (untrained(SPECS["dense"][0], (1, 18, 26), 3), (40, 40), "square"),
        (untrained(NetworkSpec("e", COARSE, head="elman", head_width=4), (1, 18, 18), 3), (40, 40), "row by row"),
        (
            untrained(NetworkSpec("s", (COARSE[0], Block(5, padding=False, pool=0, pooling="sum"))), (1, 18, 22), 3),
            (40, 40),
            "sums a whole tile",
        ),
    ],
)
def test_what_has_no_form_over_whole_pictures_is_refused(network, size, why):
    with pytest.raises(UserError, match=why):
        over(network, *size)


def test_a_bias_of_a_map_is_added_to_each_channel():
    layers = (Conv(np.array([1, -1]).reshape(2, 1, 1, 1)), Threshold(np.array([3, -5])), Bias(np.array([10, 20])))
    found = IntegerNetwork.chain((1, 1, 2), layers, ("a", "b")).run(np.array([[[[2, 7]]]], np.uint8))
    assert found.tolist() == [[[[9, 11]], [[21, 19]]]]
