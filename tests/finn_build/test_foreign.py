"""Networks of other programs are built and simulated, and equal the execution of their file, or are refused."""

import numpy as np
import onnx
import pytest

from bnn.errors import UserError
from bnn.qonnx.read import read_qonnx
from finn_build.build import build
from finn_build.manifest import load
from sim.accelerator import verify
from tests.support.foreign import Block, Hidden, Recipe, export, network, random_recipe, rate_of
from tests.support.graphs import Net, tfc
from tests.support.sealing import reseal


def built(recipe, folder, **options):
    """Return the path of the model and the folder of its accelerator."""
    path = export(network(recipe), recipe.shape, folder / "model.onnx", recipe.input == "byte")
    result = build(path, folder / "acc", pixels=None if recipe.input == "byte" else recipe.pixels, **options)
    return path, folder / "acc", result


@pytest.mark.parametrize("seed", range(10))
def test_random_networks_are_exact(seed, tmp_path):
    """`python -m tests.benchmarks.foreign` takes a hundred."""
    recipe = random_recipe(seed, side=10, maps=4)
    _, acc, promised = built(recipe, tmp_path, fps=rate_of(recipe))
    report = verify(acc, frames=8)
    assert report["passed"] and report["data"] == "random", report
    source = report["source"]
    assert (source["frames"], source["mismatches"], source["notes"]) == (8, 0, promised["notes"])
    assert (source["classes_differ"], source["scores_beyond"], source["decisions_beyond"]) == (0, 0, 0)
    assert source["largest_difference"] <= source["bound"]
    assert report["cycles_per_frame"] == promised["cycles_per_frame"]


def test_zero_padding_folded(tmp_path):
    """A map of ones inside the frame lies beside the other maps; a window takes four clocks."""
    recipe = Recipe(
        shape=(1, 16, 16), blocks=(Block(outputs=4, pool=2, padding=1), Block(outputs=8, padding=1)), classes=3
    )
    _, acc, promised = built(recipe, tmp_path, fps=200e6 / 256)
    assert [row["fold"] for row in promised["layers"] if row["name"] == "binary_conv_1"] > [1]
    assert verify(acc, frames=8, backpressure=0.3)["passed"]


def test_large_kernels(tmp_path):
    """The layers are written from their weights, or hold them in a memory."""
    recipe = Recipe(shape=(1, 14, 13), blocks=(Block(outputs=3, kernel=7), Block(outputs=4, kernel=7)), classes=3)
    _, acc, promised = built(recipe, tmp_path)
    ways = {row["name"]: row["variant"] for row in promised["layers"]}
    assert ways["binary_conv_0"].startswith("adder graph") and ways["binary_conv_1"].startswith("memory")
    assert verify(acc, frames=8)["passed"]


def test_activations_of_two_bits(tmp_path):
    """Each becomes three +-1 maps, thresholds of one sum, pooled bit by bit; so do pixels in front of a dense layer."""
    block = Block(outputs=4, kernel=2, pool=2, bits=2)
    recipe = Recipe(shape=(1, 9, 10), blocks=(block, Block(outputs=5, kernel=2, bits=2)), hidden=(6,))
    _, acc, _ = built(recipe, tmp_path)
    assert [layer.shape[2] for layer in load(acc).computing()][:3] == [12, 12, 15]
    report = verify(acc, frames=30)
    assert report["passed"] and report["source"]["frames"] == 20, report

    recipe = Recipe(shape=(1, 5, 6), input="q2", blocks=(), hidden=(7,))
    (tmp_path / "dense").mkdir()
    _, acc, _ = built(recipe, tmp_path / "dense")
    assert load(acc).layers[0].shape == (5, 6, 2)
    assert verify(acc, frames=30)["passed"]


@pytest.mark.parametrize("clocks", [16, 256])
def test_dense_layers_of_three_bits(clocks, tmp_path):
    """An activation becomes seven maps. The layer that reads them makes six copies of each map inside."""
    hidden = (Hidden(6, bits=3), Hidden(5, bits=2, weight_bits=3))
    recipe = Recipe(shape=(1, 4, 4), input="sign", blocks=(), hidden=hidden, weight_bits=3, end="common")
    _, acc, promised = built(recipe, tmp_path, fps=200e6 / clocks)
    assert [layer.shape[2] for layer in load(acc).computing()][1:3] == [6 * 7, 5 * 3]
    report = verify(acc, frames=20)
    assert report["passed"] and report["cycles_per_frame"] == promised["cycles_per_frame"], report


def test_the_folder_holds_the_file_and_what_it_was_imported_as(tmp_path):
    path, acc, _ = built(Recipe(input="q8"), tmp_path)
    manifest = load(acc)
    assert (acc / "source.onnx").read_bytes() == path.read_bytes() and "source.onnx" in manifest.files
    assert read_qonnx(acc / "model.onnx").metadata["neuraljet.pixels"] == "unit"
    nodes = {node.name for node in onnx.load(acc / "model.onnx").graph.node}
    assert {name for layer in manifest.layers for name in layer.source_nodes} <= nodes | {"ArgMax"}


@pytest.mark.parametrize("end", ["none", "bias"])
def test_an_import_that_is_wrong_is_found(end, tmp_path):
    """The accelerator equals its model.onnx, which differs from source.onnx. That is found with and without a note."""
    _, acc, promised = built(Recipe(end=end), tmp_path)
    assert bool(promised["notes"]) == (end == "bias")
    proto = onnx.load(acc / "source.onnx")
    node = next(n for n in proto.graph.node if n.op_type == "BatchNormalization")
    node.input[1], node.input[2] = node.input[2], node.input[1]
    onnx.save(proto, acc / "source.onnx")
    reseal(acc)
    report = verify(acc, frames=8)
    assert report["mismatches"] == 0 and report["source"]["mismatches"] > 0 and not report["passed"]


def scores_of_a_convolution() -> Net:
    """Return a file with a free batch, a slope per channel, a pool, scores [N, 3, 1, 1] and Softmax."""
    net = Net(["N", 1, 8, 8]).conv(3, 1, 3).norm(3, 300.0).then("PRelu", np.full((3, 1, 1), 0.25)).sign()
    return net.then("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).conv(3, 3, 3).then("Softmax", axis=1)


def one_score() -> Net:
    """Return a file of 8-bit pixels, flattened by their shape, a dense layer and one score behind a Sigmoid."""
    net = Net([2, 1, 6, 6]).flatten_by_shape().then("Sub", 3.0).quant(1.0, 8).dense(36, 8).norm(8, 300.0).sign()
    return net.dense(8, 1).then("Add", 0.5).then("Sigmoid")


FILES = {
    "a convolution at the end": (lambda: scores_of_a_convolution().model(["N", 3, 1, 1]), 1, 3),
    "one score": (lambda: one_score().model([2, 1]), 2, 2),
    "the model zoo's TFC": (tfc, 0, 3),
}


@pytest.mark.parametrize("name", FILES)
def test_files_as_others_leave_them(name, tmp_path):
    make, notes, classes = FILES[name]
    onnx.save(make(), tmp_path / "model.onnx")
    promised = build(tmp_path / "model.onnx", tmp_path / "acc", pixels="unit" if make is tfc else "byte")
    assert len(promised["notes"]) == notes and len(load(tmp_path / "acc").output.classes) == classes
    report = verify(tmp_path / "acc", frames=9)
    assert report["passed"] and (report["mismatches"], report["source"]["mismatches"]) == (0, 0), report


def test_what_the_hardware_lacks_is_named_as_in_the_file(tmp_path):
    recipe = Recipe(shape=(1, 13, 12), input="sign", blocks=(Block(kernel=12),))
    path = export(network(recipe), recipe.shape, tmp_path / "model.onnx")
    with pytest.raises(
        UserError, match=r"/model.onnx: node /2/Conv \(Conv, BIPOLAR, BIPOLAR -> FLOAT32\): 12x12 in 1 groups; .*11x11"
    ):
        build(path, tmp_path / "acc", pixels="unit")
    assert not (tmp_path / "acc").exists()


def test_pixels_of_a_file_of_ours_are_bytes(tmp_path):
    _, acc, _ = built(Recipe(), tmp_path)
    with pytest.raises(
        UserError, match=r"--pixels unit contradicts .*model.onnx, which was imported with --pixels byte: leave it away"
    ):
        build(acc / "model.onnx", tmp_path / "again", pixels="unit")
