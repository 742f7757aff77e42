"""build, verify and synth as a user meets them: one whole run, and every wrong input."""

import json
import shutil

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from PIL import Image

from bnn.integer.layers import Bias, Conv, Dense, Pad, Threshold
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.write import write_qonnx
from finn_build.manifest import load
from tests.neuraljet.test_cli import one_sentence, run
from tests.support.foreign import Block, Recipe, export, network
from tests.support.sealing import reseal


@pytest.fixture(scope="module")
def accelerator(tmp_path_factory):
    """Build an accelerator of the tiny network; tests that change it take a copy."""
    from neuraljet import build
    from tests.neuraljet.conftest import tiny_network

    folder = tmp_path_factory.mktemp("accelerator")
    write_qonnx(tiny_network(), folder / "tiny.onnx")
    build(folder / "tiny.onnx", folder / "acc")
    return folder / "acc"


def test_build_verify_synth_end_with_their_keys(capsys, tiny_model, tmp_path):
    acc = tmp_path / "acc"
    status, out, _ = run(capsys, "build", tiny_model, "--out", acc, "--json")
    assert status == 0
    assert {"cycles_per_frame", "seconds"} <= json.loads(out.splitlines()[-1]).keys()
    built = json.loads(out.splitlines()[-1])
    assert built["cycles_per_frame"] == 64 and built["search_seconds"] < built["seconds"]
    table = out.splitlines()
    for line, row in zip(table[1:], built["layers"], strict=False):
        assert line.startswith(row["name"]) and row["variant"] in line
        assert row["instead_of"] is None or line.endswith(row["instead_of"]["variant"])

    status, out, _ = run(capsys, "verify", acc, "--data", "random", "--frames", 40, "--backpressure", 0.3, "--json")
    assert status == 0
    result = json.loads(out.splitlines()[-1])
    keys = {"frames", "mismatches", "cycles_per_frame", "latency_cycles", "cycles_per_second", "seconds"}
    assert keys <= result.keys()
    assert (result["frames"], result["mismatches"]) == (40, 0)

    status, out, _ = run(capsys, "verify", acc, "--data", "random", "--frames", 3, "--netlist", "--json")
    assert status == 0 and out.startswith("netlist of ")
    result = json.loads(out.splitlines()[-1])
    assert (result["frames"], result["mismatches"], result["family"]) == (3, 0, "xc7")
    assert json.loads((acc / "verification.json").read_text())["frames"] == 40

    status, out, _ = run(capsys, "synth", acc, "--json")
    assert status == 0
    result = json.loads(out.splitlines()[-1])
    assert {"lut", "ff", "lutram", "srl", "ramb18", "dsp", "layers", "seconds"} <= result.keys()
    assert result["lut"] > 0 and result["dsp"] == 0


def test_bitstream_for_a_zynq_board_without_vivado(capsys, accelerator, tmp_path, monkeypatch):
    from finn_build import vivado

    monkeypatch.setattr(vivado.shutil, "which", lambda program: None)
    out = tmp_path / "out"
    status, text, _ = run(capsys, "bitstream", accelerator, "--board", "pynq-z2", "--out", out)
    assert status == 0 and text.startswith("Vivado is not on PATH: take the folder") and (out / "build.tcl").is_file()


def test_ip_names_itself_and_its_registers(capsys, accelerator, tmp_path):
    status, out, _ = run(capsys, "ip", accelerator, "--out", tmp_path / "ip", "--json")
    assert status == 0 and "neuraljet:ip:nj_accelerator_ip:1.0" in out and "0x20 model_hash_0" in out
    result = json.loads(out.splitlines()[-1])
    assert result["registers"]["errors"] == 0x18 and (tmp_path / "ip" / "component.xml").is_file()
    status, _, err = run(capsys, "ip", tmp_path / "ip", "--out", tmp_path / "other")
    assert status == 2
    one_sentence(err, "not an accelerator folder", "neuraljet build")


@pytest.mark.parametrize(
    "command", [("ip",), ("bitstream", "--board", "pynq-z2"), ("bitstream", "--board", "ulx3s-85f")]
)
def test_nothing_is_made_in_place_of_the_accelerator(capsys, accelerator, command):
    status, _, err = run(capsys, command[0], accelerator, "--out", accelerator, *command[1:])
    assert status == 2
    one_sentence(err, f"--out {accelerator} is the accelerator folder itself", "choose another folder")


def test_build_with_fifos_sized_by_simulation(capsys, tiny_model, tmp_path):
    status, out, _ = run(capsys, "build", tiny_model, "--out", tmp_path / "acc", "--fifos", "simulate", "--json")
    assert status == 0
    built = json.loads(out.splitlines()[-1])
    assert "FIFOs: " in out and built["fifos"]["runs"] >= 2
    depths = built["fifos"]["depths"]
    assert sum(layer["operator"] == "StreamFIFO_rtl" for layer in built["layers"]) == len(depths)
    assert [place["depth"] for place in built["fifos"]["places"] if place["depth"]] == list(depths.values())


def test_sizing_fifos_needs_rtl(capsys, tiny_model, tmp_path):
    arguments = ("build", tiny_model, "--out", tmp_path / "acc", "--fifos", "simulate", "--backend", "hls")
    status, _, err = run(capsys, *arguments)
    assert status == 2 and "needs RTL" in err and "--backend rtl" in err
    assert not (tmp_path / "acc").exists()


def test_build_takes_the_place_of_its_own_folder_only(capsys, tiny_model, tmp_path):
    acc = tmp_path / "acc"
    assert run(capsys, "build", tiny_model, "--out", acc)[0] == 0
    assert run(capsys, "build", tiny_model, "--out", acc)[0] == 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    status, _, err = run(capsys, "build", tiny_model, "--out", tmp_path / "mine")
    assert status == 2
    one_sentence(err, "not ours")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def refused(capsys, model, tmp_path, *words):
    status, _, err = run(capsys, "build", model, "--out", tmp_path / "acc")
    assert status == 2
    one_sentence(err, *words)
    assert not [p for p in tmp_path.iterdir() if "acc" in p.name]


def test_build_a_file_that_is_no_onnx(capsys, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"\x89PNG not a model")
    refused(capsys, tmp_path / "model.onnx", tmp_path, "model.onnx", "ONNX")


def test_build_an_unsupported_operator(capsys, tiny_model, tmp_path):
    model = onnx.load(tiny_model)
    pool = next(node for node in model.graph.node if node.op_type == "MaxPool")
    pool.CopyFrom(helper.make_node("Softplus", list(pool.input), list(pool.output), "Softplus_7"))
    onnx.save(model, tiny_model)
    refused(capsys, tiny_model, tmp_path, "Softplus_7", "Softplus", "MaxPool")


def test_build_float_weights(capsys, tiny_model, tmp_path):
    model = onnx.load(tiny_model)
    weight = next(t for t in model.graph.initializer if t.name == "Conv_0_weight")
    values = numpy_helper.to_array(weight).copy()
    values.flat[0] = 0.25
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    onnx.save(model, tiny_model)
    refused(capsys, tiny_model, tmp_path, "Conv_0", "0.25")


def test_build_a_bipolar_map_padded_with_one(capsys, tmp_path):
    r = np.random.default_rng(0)
    layers = (
        Pad(1, 0), Conv(r.choice([-1, 1], (4, 1, 3, 3))), Threshold(np.zeros(4, np.int64)),
        Pad(1, 1), Conv(r.choice([-1, 1], (4, 4, 3, 3))), Threshold(np.zeros(4, np.int64)),
        Dense(r.choice([-1, 1], (4 * 64, 2))), Bias(np.zeros(2, np.int64)),
    )  # fmt: skip
    write_qonnx(IntegerNetwork.chain((1, 8, 8), layers, ("a", "b")), tmp_path / "model.onnx")
    refused(capsys, tmp_path / "model.onnx", tmp_path, "Pad_1", "-1 or 0")


def test_build_a_file_of_another_program(capsys, tmp_path):
    """The file does not say what its pixels are. With --pixels it is built."""
    recipe = Recipe(shape=(1, 6, 6), input="sign", blocks=(Block(outputs=2),), classes=2)
    path = export(network(recipe), recipe.shape, tmp_path / "model.onnx")
    refused(capsys, path, tmp_path, "UINT8", "--pixels unit", "--pixels byte")
    status, out, _ = run(capsys, "build", path, "--out", tmp_path / "acc", "--pixels", "unit", "--json")
    assert status == 0 and json.loads(out.splitlines()[-1])["notes"] == []
    assert (tmp_path / "acc" / "source.onnx").read_bytes() == path.read_bytes()


def test_build_again_keeps_the_file_that_was_imported(capsys, tmp_path):
    """A build from an accelerator folder or a file in it, in place or elsewhere, keeps source.onnx, and says so."""
    recipe = Recipe(shape=(1, 6, 6), input="sign", blocks=(Block(outputs=2),), classes=2)
    path = export(network(recipe), recipe.shape, tmp_path / "other.onnx")
    acc = tmp_path / "acc"
    assert run(capsys, "build", path, "--out", acc, "--pixels", "byte")[0] == 0
    first = load(acc)
    for model, out in ((acc / "model.onnx", acc), (acc, acc), (acc / "source.onnx", acc), (acc, tmp_path / "else")):
        status, text, _ = run(capsys, "build", model, "--out", out)
        assert status == 0 and load(out) == first, (model, out)
        assert (f"note: {acc / 'source.onnx'} is built" in text) == (model != acc / "source.onnx")
        assert (out / "source.onnx").read_bytes() == path.read_bytes()

    shutil.copy(acc / "model.onnx", tmp_path / "model.onnx")
    status, text, _ = run(capsys, "build", tmp_path / "model.onnx", "--out", tmp_path / "alone")
    assert status == 0 and "that is not beside it, so verify cannot execute it" in text
    assert "source.onnx" not in load(tmp_path / "alone").files


def test_build_of_an_accelerator_folder(capsys, accelerator, tmp_path):
    """The folder stands for its network; a damaged one is refused."""
    assert run(capsys, "build", accelerator, "--out", tmp_path / "acc")[0] == 0
    assert load(tmp_path / "acc") == load(accelerator)
    (tmp_path / "acc" / "model.onnx").write_bytes(b"x")
    status, _, err = run(capsys, "build", tmp_path / "acc", "--out", tmp_path / "again")
    assert status == 2
    one_sentence(err, "model.onnx", "does not match its hash")


def test_build_too_many_frames_per_second(capsys, tiny_model, tmp_path):
    status, _, err = run(capsys, "build", tiny_model, "--out", tmp_path / "acc", "--fps", 1e9)
    assert status == 2
    one_sentence(err, "3125000")  # 200 MHz / 64 clocks
    assert not (tmp_path / "acc").exists()


def test_build_an_unknown_board(capsys, tiny_model, tmp_path):
    status, _, err = run(capsys, "build", tiny_model, "--out", tmp_path / "acc", "--board", "pynq-z9")
    assert status == 2
    one_sentence(err, "pynq-z9", "pynq-z2")


def test_build_without_finn_plus(capsys, tiny_model, tmp_path, monkeypatch):
    from finn_build import adapter

    monkeypatch.setattr(adapter.importlib.util, "find_spec", lambda name, *_: None)
    refused(capsys, tiny_model, tmp_path, "finn-plus", "make setup")


def test_verify_pictures_of_another_size(capsys, accelerator, tmp_path):
    for name in ("good", "bad"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for i in range(8):
            picture = np.full((9, 12), 20 * i + len(name), np.uint8)
            Image.fromarray(picture).save(tmp_path / "pictures" / name / f"{i}.png")
    status, _, err = run(capsys, "verify", accelerator, "--data", tmp_path / "pictures")
    assert status == 2
    one_sentence(err, "9x12", "8x8", "--resize")
    status, out, _ = run(capsys, "verify", accelerator, "--data", tmp_path / "pictures", "--resize")
    assert status == 0
    assert "0 mismatches" in out


def test_verify_without_a_compiler(capsys, accelerator, monkeypatch):
    from sim import runner

    monkeypatch.setattr(runner.shutil, "which", lambda program: None if program == "g++" else f"/usr/bin/{program}")
    status, _, err = run(capsys, "verify", accelerator, "--data", "random")
    assert status == 2
    one_sentence(err, "g++", "install")


@pytest.mark.parametrize("command", ["verify", "synth"])
def test_a_changed_file_is_noticed(capsys, accelerator, tmp_path, command):
    shutil.copytree(accelerator, tmp_path / "acc")
    changed = sorted((tmp_path / "acc" / "rtl").glob("jet_conv*.v"))[0]
    changed.write_text(changed.read_text() + "// touched\n")
    status, _, err = run(capsys, command, tmp_path / "acc")
    assert status == 2
    one_sentence(err, changed.name)


def test_a_wrong_weight_is_traced_to_its_layer(capsys, accelerator, tmp_path):
    """RTL that is not the network's makes verify fail, exit with 1 and name the layer."""
    import re

    shutil.copytree(accelerator, tmp_path / "acc")
    layer = sorted((tmp_path / "acc" / "rtl").glob("jet_conv*_conv.sv"))[0]
    text = layer.read_text()
    found = re.search(r"nj_reach .*\.Invert\((\d+)'h([0-9a-f]+)\)", text)
    assert found
    wrong = found.group().replace(f"Invert({found[1]}'h{found[2]}", f"Invert({found[1]}'h{int(found[2], 16) ^ 1:x}")
    layer.write_text(text.replace(found.group(), wrong))
    reseal(tmp_path / "acc", known=False)
    status, _, err = run(capsys, "verify", tmp_path / "acc", "--data", "random")
    assert status == 2 and f"{layer.name} is not what `neuraljet build` makes of its network" in err
    assert "--trust" in err and err.count("\n") == 1
    status, out, _ = run(capsys, "verify", tmp_path / "acc", "--data", "random", "--json", "--trust")
    assert status == 1
    result = json.loads(out.splitlines()[-1])
    assert result["mismatches"] > 0
    name = layer.stem.removesuffix("_conv")
    assert result["first_mismatch"]["layer"] == name
    assert f"differs first in layer {name}" in out
