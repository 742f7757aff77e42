"""Whole accelerators in Verilator give every score exactly, and keep the promised clocks per frame back to back."""

import pytest

from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from finn_build.manifest import load
from sim.accelerator import verify
from tests.support.networks import FORMS, depthwise_network, elman_network, random_network, sum_pool_network
from tests.support.sealing import reseal


def check(tmp_path, form, fps_fraction=None, frames=12, **options):
    check_network(tmp_path, random_network(form, **options), fps_fraction, frames)


def check_network(tmp_path, network, fps_fraction=None, frames=12):
    """Build, simulate noise, and compare everything. fps_fraction: the rate as a fraction of the fastest."""
    write_qonnx(network, tmp_path / "model.onnx")
    fps = None if fps_fraction is None else fps_fraction * 200e6 / (network.input_shape[1] * network.input_shape[2])
    promised = build(tmp_path / "model.onnx", tmp_path / "acc", fps=fps)["cycles_per_frame"]
    report = verify(tmp_path / "acc", "random", frames=frames)
    assert report["passed"], report
    assert report["cycles_per_frame"] == promised
    stalled = verify(tmp_path / "acc", "random", frames=frames, backpressure=0.3)
    assert stalled["passed"], stalled


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_exact_at_a_pixel_per_clock(tmp_path, form):
    check(tmp_path, form, seed=FORMS.index(form), height=16, width=12, colors=1 + 2 * (form == "binary"))


def test_folded_by_the_frame_rate(tmp_path):
    check(tmp_path, "bottleneck", fps_fraction=0.45, height=16, width=16, hidden=6)


@pytest.mark.parametrize("seed", [0, 1, 5])
def test_sums_of_windows_are_exact(tmp_path, seed):
    check_network(tmp_path, sum_pool_network(seed))


def test_a_recurrent_head_is_exact(tmp_path):
    check_network(tmp_path, elman_network(3), 0.3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_recurrent_heads_are_exact_in_many_networks(tmp_path, seed):
    check_network(tmp_path, elman_network(seed), (None, 0.5, 0.1)[seed % 3])


@pytest.mark.parametrize("seed", [0, 3])
def test_depthwise_convolutions_are_exact(tmp_path, seed):
    check_network(tmp_path, depthwise_network(seed), None if seed % 2 else 0.3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4, 22))
def test_depthwise_convolutions_are_exact_in_many_networks(tmp_path, seed):
    check_network(tmp_path, depthwise_network(seed), None if seed % 2 else 0.3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 23))
def test_sums_of_windows_are_exact_in_many_networks(tmp_path, seed):
    check_network(tmp_path, sum_pool_network(seed), None if seed % 3 else 0.2)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "options",
    [
        {"kernel": 5, "height": 15, "width": 14, "hidden": 5},
        {"padding": False, "height": 17, "width": 13},
        {"stride": 2, "height": 16, "width": 18, "colors": 3},
        {"first_stride": 2, "pool": 1, "height": 14, "width": 15},
        {"pool": 3, "height": 20, "width": 19, "classes": 7},
        {"fps_fraction": 0.7, "height": 16, "width": 16},
        {"fps_fraction": 0.13, "height": 12, "width": 16, "kernel": 5},
        {"fps_fraction": 0.3, "padding": False, "height": 16, "width": 16},
    ],
    ids=str,
)
def test_shapes_and_rates(tmp_path, form, options):
    check(tmp_path, form, **options)


def test_a_wrong_constant_is_found_in_its_layer(tmp_path):
    """A weight of the channel sums is negated. The comparison names that layer as the manifest does."""
    import re

    write_qonnx(random_network("bottleneck"), tmp_path / "model.onnx")
    build(tmp_path / "model.onnx", tmp_path / "acc")
    layer = tmp_path / "acc" / "rtl" / "sums_0_conv.sv"
    text = layer.read_text()
    found = re.search(r"\.Invert\((\d+)'h([0-9a-f]+)\)", text)
    assert found
    layer.write_text(text.replace(found.group(), f".Invert({found[1]}'h{int(found[2], 16) ^ 1:x})", 1))
    reseal(tmp_path / "acc")
    assert load(tmp_path / "acc")
    report = verify(tmp_path / "acc", "random", frames=6)
    assert not report["passed"] and report["first_mismatch"]["layer"] == "sums_0"
    assert report["first_mismatch"]["onnx_tensor"] == "Conv_1_out"
