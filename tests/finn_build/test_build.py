"""From model.onnx to an accelerator folder: what the folder holds and promises, and what is refused."""

import json
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bnn.errors import UserError
from bnn.integer.layers import Conv, Pad
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.write import write_qonnx
from finn_build import adapter, boards
from finn_build.boards import Board, check_fits, find_board
from finn_build.build import build
from finn_build.frame_sites import flags_sites, sync_sites
from finn_build.in_flight import flag_depth
from finn_build.manifest import load
from tests.support.networks import FORMS, random_network


@pytest.fixture
def model(tmp_path):
    """Write a small bottleneck network, with the metadata that training adds."""
    network = random_network("bottleneck", hidden=5)
    data = {"neuraljet.data": json.dumps({"source": "biscuits", "size": [12, 12], "color": "gray", "seed": 0})}
    network = IntegerNetwork.chain(network.input_shape, network.layers, network.classes, data)
    write_qonnx(network, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def test_folder_holds_what_the_next_steps_need(model, tmp_path):
    result = build(model, tmp_path / "acc", board="Pynq-Z2")
    manifest = load(tmp_path / "acc")  # every hash is checked
    assert manifest.top == "nj_accelerator" and manifest.part == "xc7z020clg400-1" and manifest.board == "pynq-z2"
    assert (tmp_path / "acc" / "model.onnx").read_bytes() == model.read_bytes()
    assert manifest.data == {"source": "biscuits", "size": [12, 12], "color": "gray", "seed": 0}
    assert manifest.output.classes == ("c0", "c1", "c2") and manifest.input.beats_per_frame == 144
    assert manifest.cycles_per_frame == result["cycles_per_frame"] == 144 and result["fps"] == 200e6 / 144
    assert manifest.tools["finn-plus"] and manifest.tools["qonnx"]
    on_disk = {str(p.relative_to(tmp_path / "acc")) for p in (tmp_path / "acc").rglob("*") if p.is_file()}
    assert on_disk == {*manifest.files, "manifest.json"}
    top = (tmp_path / "acc" / "rtl" / "nj_accelerator.v").read_text()
    for layer in manifest.layers:
        assert f" {layer.module} u_{layer.name} (" in top and f"{layer.stream}_tdata" in top
        assert f"rtl/{layer.module}.v" in manifest.files and layer.fold >= 1
    assert [layer.operator for layer in manifest.layers if layer.operator != "StreamFIFO_rtl"] == [
        "JetConv_rtl", "BinaryMaxPool_rtl", "BinaryConv_rtl", "JetConv_rtl", "BinaryDense_rtl", "BinaryDense_rtl",
        "ScoreArgMax_rtl",
    ]  # fmt: skip
    estimates = json.loads((tmp_path / "acc" / "estimates.json").read_text())
    assert [row["name"] for row in estimates["layers"]] == [layer.name for layer in manifest.layers]
    assert all(row["lut"] > 0 and row["dsp"] == 0 for row in estimates["layers"])
    frames = sync_sites(144, 8) + flags_sites(flag_depth(manifest.frames_in_flight))
    layers = sum(row["lut"] for row in estimates["layers"])
    assert estimates["total"]["lut"] == layers + frames == result["estimate"]["lut"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["acc", "model.onnx"]


def test_names_of_classes_are_kept_and_plain_in_the_text_of_circuits(tmp_path):
    network = random_network("bottleneck", hidden=5)
    names = ("schön & gut", "👍", "<script>\\")
    network = IntegerNetwork.chain(network.input_shape, network.layers, names, {})
    write_qonnx(network, tmp_path / "model.onnx")
    build(tmp_path / "model.onnx", tmp_path / "acc")
    assert load(tmp_path / "acc").output.classes == names
    top = (tmp_path / "acc" / "rtl" / "nj_accelerator.v").read_text()
    assert top.isascii() and top.splitlines()[0] == "// Classifier of 12x12 pictures: schon_gut, u1f44d, _script_"


def test_the_same_model_gives_the_same_files(model, tmp_path):
    build(model, tmp_path / "a")
    build(model, tmp_path / "b")
    assert load(tmp_path / "a") == load(tmp_path / "b")
    build(model, tmp_path / "b", fps=1000.0)  # an output of this program may be replaced
    assert load(tmp_path / "b").fps == 1000.0 and load(tmp_path / "a").fps is None


@pytest.mark.parametrize("form", FORMS)
def test_less_speed_takes_less_hardware(form, tmp_path):
    write_qonnx(random_network(form, height=16, width=16, outputs=32), tmp_path / "model.onnx")
    fast = build(tmp_path / "model.onnx", tmp_path / "fast")
    slow = build(tmp_path / "model.onnx", tmp_path / "slow", fps=100e6 / 2048, clock_mhz=100.0)
    assert fast["cycles_per_frame"] == 256 and slow["cycles_per_frame"] <= 2048
    assert slow["fps"] >= 100e6 / 2048
    assert slow["cycles_per_frame"] > 256 and slow["estimate"]["lut"] < fast["estimate"]["lut"]
    assert all(row["cycles_per_frame"] <= 2048 for row in slow["layers"])


def test_fps_beyond_the_clock_says_the_maximum(model, tmp_path):
    with pytest.raises(UserError, match=r"--fps 2e\+06 .*200 MHz.*at most 1388888 frames/s.*144 clocks"):
        build(model, tmp_path / "acc", fps=2e6)
    assert build(model, tmp_path / "acc", fps=1388888)["cycles_per_frame"] == 144


@pytest.mark.parametrize(("option", "value"), [("fps", 0.0), ("fps", float("nan")), ("clock_mhz", -1.0)])
def test_rates_must_be_positive(model, tmp_path, option, value):
    with pytest.raises(UserError, match=option.replace("_", "-")):
        build(model, tmp_path / "acc", **{option: value})


# --- refusals, which leave nothing behind ---


def edited(model, change):
    proto = onnx.load(model)
    change(proto)
    onnx.save(proto, model)


def float_weights(proto):
    for tensor in proto.graph.initializer:
        if tensor.name == "Conv_2_weight":
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float32(0.7), tensor.name))


def relu(proto):
    node = helper.make_node("Relu", ["MaxPool_0_out"], ["relu_out"], "Relu_7")
    place = next(i for i, n in enumerate(proto.graph.node) if n.name == "MaxPool_0")
    proto.graph.node[place + 1].input[0] = "relu_out"
    proto.graph.node.insert(place + 1, node)


def zero_padding(proto):
    for tensor in proto.graph.initializer:
        if tensor.name == "Pad_1_value":
            tensor.CopyFrom(numpy_helper.from_array(np.array(0, np.float32), tensor.name))


def unannotated_zero_padding(proto):
    zero_padding(proto)
    kept = [a for a in proto.graph.quantization_annotation if a.tensor_name not in ("MaxPool_0_out", "Pad_1_value")]
    del proto.graph.quantization_annotation[:]
    proto.graph.quantization_annotation.extend(kept)


def float_input(proto):
    kept = [a for a in proto.graph.quantization_annotation if a.tensor_name != "image"]
    del proto.graph.quantization_annotation[:]
    proto.graph.quantization_annotation.extend(kept)


def external(proto):
    tensor = next(t for t in proto.graph.initializer if t.name == "Conv_0_weight")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")


def metadata(proto):
    for entry in proto.metadata_props:
        if entry.key == "neuraljet.data":
            entry.value = "[1, 2]"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (float_weights, r"Conv_2 \(Conv\).*float"),
        (relu, r"Relu_7 \(Relu\).*not supported.*MultiThreshold"),
        (zero_padding, r"Pad_1 \(Pad\).*\+-1 map.*-1"),
        (unannotated_zero_padding, r"Pad_1 \(Pad\).*\+-1 map.*-1"),
        (float_input, r"'image'.*UINT8"),
        (external, r"Conv_0_weight.*another file"),
        (metadata, r"neuraljet\.data"),
    ],
)
def test_unfit_models_are_refused(model, tmp_path, change, words):
    edited(model, change)
    with pytest.raises(UserError, match=words):
        build(model, tmp_path / "acc")
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("content", [b"", b"not onnx", bytes(range(256)) * 8])
def test_what_is_no_onnx_file_is_refused(tmp_path, content):
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(UserError, match=r"model\.onnx.*ONNX"):
        build(tmp_path / "model.onnx", tmp_path / "acc")
    assert not (tmp_path / "acc").exists()


def test_a_folder_of_somebody_else_is_kept(model, tmp_path):
    (tmp_path / "acc").mkdir()
    (tmp_path / "acc" / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match="not ours"):
        build(model, tmp_path / "acc")
    assert (tmp_path / "acc" / "thesis.tex").read_text() == "mine"


def test_a_failure_while_writing_leaves_the_old_folder(model, tmp_path, monkeypatch):
    build(model, tmp_path / "acc")
    before = load(tmp_path / "acc")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        build(model, tmp_path / "acc", fps=10.0)
    assert load(tmp_path / "acc") == before and len(list(tmp_path.iterdir())) == 2


# --- boards ---


def test_boards_are_those_that_finn_knows():
    from finn.util.basic import alveo_part_map, pynq_part_map

    known = {name.lower(): part for name, part in {**pynq_part_map, **alveo_part_map}.items()}
    assert {name: board.part for name, board in boards.boards().items()} == known


def test_unknown_board_is_refused_with_the_list(model, tmp_path):
    with pytest.raises(UserError, match=r"'pynq-z9'.*pynq-z1, pynq-z2.*u55c"):
        build(model, tmp_path / "acc", board="pynq-z9")


def test_what_does_not_fit_is_refused(model, tmp_path, monkeypatch):
    total = {"lut": 60000, "ff": 10, "bram18": 281, "uram": 0, "dsp": 0}
    with pytest.raises(UserError, match=r"pynq-z2.*60,000 LUT of 53,200, 281 BRAM18 of 280; ask for fewer"):
        check_fits(find_board("PYNQ-Z2"), total)
    check_fits(find_board("zcu104"), total)
    small = Board("postage-stamp", "xc7z020clg400-1", 100, 100, 1, 0, 0)
    monkeypatch.setattr(boards, "boards", lambda: {"postage-stamp": small})
    with pytest.raises(UserError, match="does not fit postage-stamp"):
        build(model, tmp_path / "acc", board="postage-stamp")
    assert not (tmp_path / "acc").exists()


# --- without finn-plus ---


def test_without_finn_plus_it_says_how_to_install_it(model, tmp_path, monkeypatch):
    find = adapter.importlib.util.find_spec
    monkeypatch.setattr(adapter.importlib.util, "find_spec", lambda name: None if name == "finn" else find(name))
    with pytest.raises(UserError, match=r"finn-plus is not installed.*make setup.*pip install"):
        build(model, tmp_path / "acc")
    assert not (tmp_path / "acc").exists()


def test_neither_clock_counts_nor_recognition_need_finn_plus():
    code = "import sys; sys.modules['finn'] = None; import hw.cycles, hw.bits, finn_build.recognise"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_padding_moves_behind_the_channel_sums(model, tmp_path):
    """The model pads before the 1x1 Conv, the hardware in the jet convolution, and the manifest tells it."""
    build(model, tmp_path / "acc")
    sums = next(layer for layer in load(tmp_path / "acc").layers if layer.name == "sums_0")
    network = random_network("bottleneck", hidden=5)
    assert isinstance(network.layers[4], Pad) and isinstance(network.layers[5], Conv)
    assert sums.pad_crop == 1 and sums.shape == (6, 6, 4) and sums.onnx_tensor == "Conv_1_out" and sums.signed
    assert sums.decode.scale == 2 and sums.decode.offset == tuple((-network.layers[5].weight.sum((1, 2, 3))).tolist())
