"""A hand-made accelerator folder, the smallest that `sim.accelerator.verify` can check."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bnn.integer.layers import Bias, Conv, Dense, MaxPool, Threshold
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.write import write_qonnx
from finn_build.manifest import VERSION
from tests.support.sealing import seal

RTL = Path(__file__).parents[1] / "sim" / "rtl"
HEIGHT, WIDTH = 8, 8
CLASSES = ["left", "middle", "right"]


def tiny_network() -> tuple[IntegerNetwork, np.ndarray]:
    """Return the network and its dense weights [32, 3]."""
    weight = np.random.default_rng(4).choice(np.array([-1, 1]), (32, 3))
    layers = (
        Conv(np.array([1, -1]).reshape(2, 1, 1, 1)),
        Threshold(np.array([100, -60])),
        MaxPool(2),
        Dense(weight),
        Bias(np.array([-2, 1, 4])),
    )
    return IntegerNetwork.chain((1, HEIGHT, WIDTH), layers, tuple(CLASSES)), weight


def tiny_accelerator(folder: Path, faults: Mapping[str, str] | None = None, data: dict | None = None) -> Path:
    """Write the folder. faults: pieces of the RTL's text and what replaces them; each must occur exactly once."""
    network, weight = tiny_network()
    (folder / "rtl").mkdir(parents=True)
    (folder / "mem").mkdir()
    shutil.copy(RTL / "nj_accelerator.v", folder / "rtl")
    layers = (RTL / "tiny_layers.sv").read_text()
    for right, wrong in (faults or {}).items():
        assert layers.count(right) == 1, right
        layers = layers.replace(right, wrong)
    (folder / "rtl" / "tiny_layers.sv").write_text(layers)
    # weights[beat][o * 2 + c] from [c * 16 + beat, o]
    bits = (weight.reshape(2, 16, 3).transpose(1, 2, 0).reshape(16, 6) > 0).astype(int)
    (folder / "mem" / "weights.mem").write_text(
        "\n".join(f"{sum(b << i for i, b in enumerate(row)):x}" for row in bits)
    )
    write_qonnx(network, folder / "model.onnx")
    write_manifest(folder, data or {})
    return folder


def write_manifest(folder: Path, data: dict) -> None:
    def digest(path: Path) -> str:
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def layer(name, tensor, source, stream, shape, bits, signed, scale, offset, cycles):
        return {
            "name": name, "operator": name, "module": f"tiny_{name}", "onnx_tensor": tensor,
            "inputs": [source], "stream": stream, "shape": shape,
            "bits": bits, "signed": signed, "decode": {"scale": scale, "offset": [offset] * shape[2]},
            "pad_crop": 0, "fold": 1, "cycles_per_frame": cycles, "source_nodes": [tensor.removesuffix("_out")],
        }  # fmt: skip

    size = HEIGHT * WIDTH
    half = [HEIGHT // 2, WIDTH // 2, 2]
    names = ["rtl/nj_accelerator.v", "rtl/tiny_layers.sv", "mem/weights.mem", "model.onnx"]
    manifest = {
        "format": "neuraljet-accelerator",
        "version": VERSION,
        "top": "nj_accelerator",
        "input": {
            "height": HEIGHT, "width": WIDTH, "channels": 1, "bits": 8, "tdata_bits": 8,
            "beats_per_frame": HEIGHT * WIDTH,
        },
        "output": {
            "tdata_bits": 72, "class_bits": 8, "broken_bit": 7, "unsure_bit": 6, "score_bits": 16, "margin_bits": 16,
            "value_bits": 14, "classes": CLASSES,
        },
        "layers": [
            layer("threshold", "Threshold_0_out", "pixels", "bits", [HEIGHT, WIDTH, 2], 1, False, 2, -1, size),
            layer("pool", "MaxPool_0_out", "bits", "pooled", half, 1, False, 2, -1, size),
            layer("dense", "scores", "pooled", "scores", [1, 1, 3], 16, True, 1, 0, 16),
        ],
        "clock_mhz": 200.0,
        "fps": None,
        "ramb18_sites": 160,
        "cycles_per_frame": HEIGHT * WIDTH,
        "frames_in_flight": 2,
        "board": None,
        "part": None,
        "backend": "rtl",
        "fifos": {},
        "data": data,
        "tools": {},
        "model_sha256": digest(folder / "model.onnx"),
        "files": {name: digest(folder / name) for name in names},
    }  # fmt: skip
    seal(folder, manifest)
