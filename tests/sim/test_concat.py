"""Networks with concatenations are exact on random pictures, in RTL and in C++."""

import pytest

from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from finn_build.manifest import load
from sim.accelerator import verify
from sim.cppsim import verify_cppsim
from sim.proofs.prove import prove
from tests.support.concatenated import random_concat

FRAMES = 8
LATER = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 20)]


@pytest.mark.parametrize("seed", [0, 1, 2, *LATER])
def test_random_networks_are_exact(seed, tmp_path):
    network = random_concat(seed)
    write_qonnx(network, tmp_path / "model.onnx")
    rate = 200e6 / (network.input_shape[1] * network.input_shape[2] * (1, 4, 16)[seed % 3])
    promised = build(tmp_path / "model.onnx", tmp_path / "acc", fps=rate)["cycles_per_frame"]
    assert any(layer.operator == "Concat_rtl" for layer in load(tmp_path / "acc").layers)
    for stalls in (0.0, 0.3):
        report = verify(tmp_path / "acc", "random", frames=FRAMES, backpressure=stalls)
        assert report["passed"], report
        assert stalls or report["cycles_per_frame"] <= promised
    proof = prove(tmp_path / "acc")
    assert proof["passed"]


def test_their_cpp_is_exact(tmp_path):
    write_qonnx(random_concat(1), tmp_path / "model.onnx")
    build(tmp_path / "model.onnx", tmp_path / "acc", backend="hls")
    report = verify_cppsim(tmp_path / "acc", "random", frames=FRAMES)
    assert report["passed"], report
