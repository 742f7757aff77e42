"""Accelerators in C++: a right one passes by layer and as a whole, and a planted fault is found and named."""

import json

import pytest

from bnn.errors import UserError
from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from finn_build.manifest import load
from finn_build.synthesis import synthesise
from sim.accelerator import verify
from sim.cppsim import verify_cppsim
from tests.support.foreign import Block, Hidden, Recipe, export, network
from tests.support.networks import random_network
from tests.support.sealing import reseal


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("cpp") / "model.onnx"
    write_qonnx(random_network("bottleneck", hidden=5), path)
    return path


@pytest.fixture(scope="module")
def accelerator(model, tmp_path_factory):
    out = tmp_path_factory.mktemp("built") / "acc"
    build(model, out, backend="hls", fps=300_000)
    return out


def test_every_layer_and_the_whole_are_exact(accelerator):
    report = verify_cppsim(accelerator, "random", frames=70)
    assert report["passed"] and report["mismatches"] == 0 and report["frames"] == 70
    names = [unit["name"] for unit in report["units"]]
    assert names[0] == "jet_conv_0" and names[-1] == "nj_accelerator" and "argmax" in names
    assert json.loads((accelerator / "cppsim.json").read_text()) == report.entries()


def test_a_network_of_others_is_exact(tmp_path):
    """It has quantized pixels, maps padded with true zeros, and a batch norm behind the scores."""
    recipe = Recipe(
        shape=(3, 9, 8), input="q8", blocks=(Block(outputs=4, padding=1), Block(outputs=6, padding=1)), end="norm"
    )
    path = export(network(recipe), recipe.shape, tmp_path / "model.onnx")
    build(path, tmp_path / "acc", pixels="unit", backend="hls")
    operators = {layer.operator for layer in load(tmp_path / "acc").layers}
    assert {"PixelTable_hls", "BinaryConv_hls", "ScoreAffine_hls"} <= operators
    assert "InsideMap = 1" in (tmp_path / "acc" / "hls" / "binary_conv_1.hpp").read_text()
    report = verify_cppsim(tmp_path / "acc", frames=20)
    assert report["passed"] and report["frames"] == 20, report


def test_dense_layers_of_three_bits_are_exact(tmp_path):
    """The layers copy their input inside."""
    hidden = (Hidden(5, bits=2), Hidden(4, bits=2, weight_bits=3))
    recipe = Recipe(shape=(1, 3, 4), input="sign", blocks=(), hidden=hidden, weight_bits=2, end="common")
    path = export(network(recipe), recipe.shape, tmp_path / "model.onnx")
    build(path, tmp_path / "acc", pixels="unit", backend="hls")
    assert "Copies = 6" in (tmp_path / "acc" / "hls" / "dense_1.hpp").read_text()
    report = verify_cppsim(tmp_path / "acc", frames=20)
    assert report["passed"], report


def test_a_planted_fault_is_named(accelerator, tmp_path):
    """Its layer and the whole network are wrong. The layers behind it are given the right input, and are right."""
    folder = tmp_path / "acc"
    folder.mkdir()
    manifest = json.loads((accelerator / "manifest.json").read_text())
    for name in [*manifest["files"], "manifest.json"]:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes((accelerator / name).read_bytes())
    header = folder / "hls" / "max_pool_0.hpp"
    call = "nj_max_pool<Layer>(in0_V, out0_V, minimum);"
    invert = "ap_uint<Layer::OutWidth> first = out0_V.read(); out0_V.write(~first);"
    text = header.read_text()
    assert text.count(call) == 1
    text = text.replace(call, f"{call} {invert}")
    header.write_text(text)
    reseal(folder)
    report = verify_cppsim(folder, "random", frames=5)
    wrong = {unit["name"] for unit in report["units"] if unit["mismatches"]}
    assert not report["passed"] and report["first_mismatch"]["layer"] == "max_pool_0"
    assert "max_pool_0" in wrong and wrong <= {"max_pool_0", "nj_accelerator"}


def test_single_layers_are_chosen_by_name(model, tmp_path):
    build(model, tmp_path / "acc", backend="rtl,dense_0=hls")
    manifest = load(tmp_path / "acc")
    assert manifest.in_cpp() == ("dense_0",)
    assert "hls/jet_conv_0.cpp" in manifest.files and "rtl/jet_conv_0.v" in manifest.files
    assert "rtl/dense_0.v" not in manifest.files
    script = (tmp_path / "acc" / "hls" / "build.tcl").read_text()
    assert "set layers {dense_0 nj_accelerator}" in script


@pytest.mark.parametrize(
    ("text", "message"), [("verilog", "'verilog' is unknown"), ("rtl,conv=hls", "no layer 'conv'")]
)
def test_unknown_backends_are_refused(model, tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        build(model, tmp_path / "acc", backend=text)
    assert not (tmp_path / "acc").exists()


def test_commands_that_need_rtl_say_so(accelerator, model, tmp_path):
    for command in (lambda: verify(accelerator, "random"), lambda: synthesise(accelerator)):
        with pytest.raises(UserError, match="C\\+\\+ for Vitis HLS"):
            command()
    build(model, tmp_path / "rtl")
    with pytest.raises(UserError, match="--backend hls"):
        verify_cppsim(tmp_path / "rtl", "random")
