"""manifest.json: what is written is read back, and what was tampered with is refused with a reason."""

import json

import pytest

from bnn.errors import UserError
from finn_build.manifest import load
from tests.sealing import seal
from tests.sim.tiny import tiny_accelerator


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
    ],
)
def test_wrong_entries_are_refused(acc, change, words):
    edit(acc, change)
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
    with pytest.raises(UserError, match="outside"):
        load(acc)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe"])
def test_what_is_no_manifest_is_refused(acc, text):
    (acc / "manifest.json").write_bytes(text)
    with pytest.raises(UserError, match=r"manifest\.json"):
        load(acc)


def test_a_folder_without_manifest_is_refused(tmp_path):
    with pytest.raises(UserError, match="neuraljet build"):
        load(tmp_path)
