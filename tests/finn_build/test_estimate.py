"""An estimate gives the figures that build gives, and makes nothing."""

import json

import pytest

import hw.adders.module
import hw.matvec.module
from bnn.errors import UserError
from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from finn_build.estimate import estimate
from finn_build.frame_sites import flags_sites, sync_sites
from finn_build.in_flight import flag_depth
from finn_build.manifest import load
from tests.support.concatenated import random_concat
from tests.support.networks import FORMS, random_network


@pytest.mark.parametrize("form", FORMS)
def test_it_is_what_build_says(form, tmp_path, monkeypatch):
    """LUT sites, block RAMs and clocks are equal in total and by layer, and no file and no module is made."""
    network = random_network(form, seed=7, height=14, width=13, outputs=16, hidden=24, classes=4)
    write_qonnx(network, tmp_path / "model.onnx")
    for fps in (None, 200e6 / 1800):
        built = build(tmp_path / "model.onnx", tmp_path / "acc", fps=fps)
        with monkeypatch.context() as patch:
            patch.setenv("NEURALJET_CACHE", str(tmp_path / "none"))
            for module in (hw.adders.module, hw.matvec.module):
                patch.delattr(module, "fill")  # the functions that make text
            found = estimate(network, fps)
        assert not (tmp_path / "none").exists()
        total = built["estimate"]
        assert (found.lut, found.bram18, found.cycles_per_frame) == (
            total["lut"], total["bram18"], built["cycles_per_frame"]
        )  # fmt: skip
        rows = [row for row in built["layers"] if not row["name"].startswith("fifo")]
        assert [(e.name, e.variant, e.fold, e.cycles_per_frame, e.lut, e.bram18) for e in found.layers] == [
            tuple(row[key] for key in ("name", "variant", "fold", "cycles_per_frame", "lut", "bram18")) for row in rows
        ]
        assert found.fps == built["fps"] and list(found.notes) == built["notes"]


def test_forks_count(tmp_path):
    """Three layers read the first map here, and synthesis counts 7 LUT sites for such a fork."""
    network = random_concat(1)
    write_qonnx(network, tmp_path / "model.onnx")
    built = build(tmp_path / "model.onnx", tmp_path / "acc").estimate
    layers = json.loads((tmp_path / "acc" / "estimates.json").read_text())["layers"]
    manifest = load(tmp_path / "acc")
    depth, beats = flag_depth(manifest.frames_in_flight), manifest.input.beats_per_frame
    frames = sync_sites(beats, manifest.input.bits * manifest.input.channels) + flags_sites(depth)
    assert estimate(network).lut == built.lut == sum(layer["lut"] for layer in layers) + 7 + frames
    counters = (beats - 1).bit_length() + 7 + depth + depth.bit_length()
    assert built.ff == sum(layer["ff"] for layer in layers) + 3 + counters


def test_a_rate_out_of_reach_is_refused_as_by_build():
    with pytest.raises(UserError, match=r"--fps 1e\+09 is beyond .* at most 1388888 frames/s"):
        estimate(random_network("binary"), 1e9)


def test_a_module_counted_is_the_module_written():
    """This also holds for methods that are not the cheapest, except where pairs are equally frequent."""
    from tests.hw.test_ops import all_operators, jet_operator

    operators = [op for op in (*all_operators(), jet_operator(5, datatype="UINT8", kernel=5)) if hasattr(op, "made")]
    assert len(operators) > 4
    for op in operators:
        for fold in op.folds():
            written, counted = (each.folded({"Fold": fold, "PE": 0}).made() for each in (op, op.counted()))
            assert written.text and not counted.text
            for name in ("cycles", "latency", "sites", "blocks", "method"):
                assert getattr(written, name) == getattr(counted, name), (op.onnx_node.op_type, fold, name)
