"""manifest.json is read back as it was written, and refused with a reason when it was changed."""

import json

import pytest

from bnn.errors import UserError
from finn_build.manifest import load
from tests.support.sealing import seal
from tests.support.tiny import tiny_accelerator


@pytest.fixture
def acc(tmp_path):
    return tiny_accelerator(tmp_path / "acc", data={"source": "biscuits", "seed": 3})


def edit(acc, change):
    content = json.loads((acc / "manifest.json").read_text())
    change(content)
    seal(acc, content)


def test_what_is_written_is_read_back(acc):
    manifest = load(acc)
    assert manifest.input.height == 8 and manifest.output.classes == ("left", "middle", "right")
    assert manifest.layers[0].decode.offset == (-1, -1) and manifest.data == {"source": "biscuits", "seed": 3}
    assert json.loads(manifest.to_json()) == json.loads((acc / "manifest.json").read_text())


def outside(content):
    content["files"]["../secret"] = "0" * 64


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(format="other"), "format"),
        (lambda c: c.update(version=1), "version"),
        (lambda c: c.update(version=2), "version '2', this program reads 4; build the accelerator again"),
        (lambda c: c["layers"][0].pop("inputs"), r"layers\[0\].*inputs"),
        (lambda c: c["layers"][1].update(inputs=[]), "pool reads what none in front of it puts out"),
        (lambda c: c["layers"][0].update(inputs=["pooled"]), "threshold reads what none in front of it puts out"),
        (lambda c: c["layers"][2].update(inputs=["pixels"]), "every stream but that of the last layer must be read"),
        (lambda c: c["layers"][1].update(operator="StreamFIFO_rtl", inputs=["bits", "bits"]), "several inputs"),
        (lambda c: c.pop("top"), "top"),
        (lambda c: c.update(surprise=1), "surprise"),
        (lambda c: c.update(top="x; $finish"), "identifier"),
        (lambda c: c["layers"][1].update(stream="a b"), "identifier"),
        (lambda c: c["layers"][1].update(bits="1"), r"layers\[1\].bits"),
        (lambda c: c["layers"][1].update(shape=[1, 2]), "list of 3"),
        (lambda c: c["layers"][0]["decode"].update(offset=[0]), "offset"),
        (lambda c: c["input"].update(height=0), "at least 1"),
        (lambda c: c["input"].update(height=True), "input.height"),
        (lambda c: c.update(layers=[]), "layers"),
        (lambda c: c.update(data=[]), "data"),
        (outside, "inside"),
        (lambda c: c["files"].update({"/etc/passwd": "0" * 64}), "inside"),
        (lambda c: c["files"].update({"rtl/absent.sv": "0" * 64}), "absent.sv is missing"),
        (lambda c: c["files"].pop("model.onnx"), "model.onnx"),
        (lambda c: c.update(model_sha256="0" * 64), "model_sha256"),
        (lambda c: c.update(top="endmodule"), "identifier"),
        (lambda c: c["layers"][0].update(module="template"), "identifier"),
        (lambda c: c["layers"].append(c["layers"][-1]), "name twice"),
        (lambda c: c["layers"][1].update(stream=c["layers"][0]["stream"]), "stream twice"),
        (lambda c: c["layers"][1].update(module=c["top"]), "module twice, or that of the top"),
        (lambda c: c.update(cycles_per_frame=10**6), "the slowest layer takes 64"),
        (lambda c: c["layers"][2].update(cycles_per_frame=10**40), "at most"),
        (lambda c: c.update(clock_mhz=-1.0), "above 0"),
        (lambda c: c.update(fps=1e9), "too many for the 1e.09 frames/s promised"),
        (lambda c: c.update(ramb18_sites=-1), "ramb18_sites is out of range"),
        (lambda c: c.update(part="x]; exec rm"), "part 'x]; exec rm' is not that of board"),
        (lambda c: c.update(board="pynq-z2"), "is not that of board 'pynq-z2'"),
        (lambda c: c["output"].update(classes=["a\n`include", "b", "c"]), "class name"),
        (lambda c: c["output"].update(classes=["a", "a", "b"]), "one name"),
        (lambda c: c["output"].update(score_bits=8), "class, scores and margin take 48 bits and not 72"),
        (lambda c: c["output"].update(class_bits=1, tdata_bits=72), "class, scores and margin take"),
        (lambda c: c["output"].update(broken_bit=6), "broken_bit is 6"),
        (lambda c: c["output"].update(unsure_bit=5), "unsure_bit 5"),
        (lambda c: c["output"].update(value_bits=15), "scores of 15 bits do not fit"),
        (lambda c: c.update(frames_in_flight=0), "at least 1"),
        (lambda c: c["input"].update(beats_per_frame=1), "a beat must be a pixel"),
        (lambda c: c["layers"][0]["decode"].update(scale=0), "decode"),
        (lambda c: c.update(data={"source": ["x"]}), "does not say where pictures are"),
        (lambda c: c.update(data={"seed": "x"}), "does not say where pictures are"),
    ],
)
def test_wrong_entries_are_refused(acc, change, words):
    edit(acc, change)
    with pytest.raises(UserError, match=words):
        load(acc)


def test_entries_changed_by_hand_are_refused(acc):
    """Each entry may be valid by itself, but build did not write this combination."""
    content = json.loads((acc / "manifest.json").read_text())
    content["clock_mhz"] = 100.0
    (acc / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"manifest\.json: it was changed after it was written: its seal"):
        load(acc)


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ('"clock_mhz": 200.0', '"clock_mhz": NaN', "holds NaN"),
        ('"clock_mhz": 200.0', '"clock_mhz": 1e999', "too large a number"),
        ('"fps": null', '"fps": null, "fps": null', "'fps' stands twice"),
        ('"version": 4', '"version": 4.0', "version '4.0'"),
        ('"data": {', '"data": {"x": ' + "[" * 50_000, "not valid JSON"),
    ],
)
def test_what_json_leaves_open_is_refused(acc, right, wrong, words):
    text = (acc / "manifest.json").read_text()
    assert text.count(right) == 1
    (acc / "manifest.json").write_text(text.replace(right, wrong))
    with pytest.raises(UserError, match=words):
        load(acc)


def test_a_changed_file_is_refused(acc):
    with open(acc / "rtl" / "tiny_layers.sv", "a") as file:
        file.write("\n")
    with pytest.raises(UserError, match=r"tiny_layers\.sv does not match"):
        load(acc)


def test_a_link_to_outside_is_refused(acc, tmp_path):
    path = acc / "rtl" / "tiny_layers.sv"
    path.rename(tmp_path / "elsewhere.sv")
    path.symlink_to(tmp_path / "elsewhere.sv")
    with pytest.raises(
        UserError, match=r"tiny_layers\.sv leads outside the accelerator folder; build the accelerator again"
    ):
        load(acc)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe"])
def test_what_is_no_manifest_is_refused(acc, text):
    (acc / "manifest.json").write_bytes(text)
    with pytest.raises(
        UserError, match=r"manifest\.json is not (valid JSON \(.*\)|of format 'neuraljet-accelerator'); (build|make)"
    ):
        load(acc)


def test_a_folder_without_manifest_is_refused(tmp_path):
    with pytest.raises(
        UserError, match=r"is not an accelerator folder \(no manifest\.json there\); make one with `neuraljet build`"
    ):
        load(tmp_path)
