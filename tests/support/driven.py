"""Accelerators for the driver, with frames and the reference's results; and bitstream folders for boards."""

import dataclasses

import numpy as np

from bnn.qonnx.write import write_qonnx
from bnn.storage.records import sha256
from finn_build import board_folder as bitstreams
from finn_build.build import build
from finn_build.manifest import load
from finn_build.operating import point_in


@dataclasses.dataclass(frozen=True)
class Case:
    """An accelerator, frames [N, H, W, C] for it, and the reference's results for them."""

    acc: object
    frames: np.ndarray
    scores: np.ndarray
    classes: np.ndarray


def case_of(folder, network, planes):
    write_qonnx(network, folder / "model.onnx")
    build(folder / "model.onnx", folder / "acc")
    scores = network.run(planes)
    return Case(folder / "acc", planes.transpose(0, 2, 3, 1), scores, network.classify(scores))


def bitstream_of(acc, folder):
    """Make a bitstream folder as `neuraljet bitstream` leaves it; its .bit holds arbitrary bytes."""
    folder.mkdir()
    (folder / bitstreams.BIT).write_bytes(b"bits")
    manifest = load(acc)
    point = point_in(acc, manifest.output, manifest.model_sha256)
    description = bitstreams.Bitstream(
        bitstreams.FORMAT, bitstreams.VERSION, "pynq-z2", "xc7z020clg400-1", manifest.input, manifest.output, 100.0,
        manifest.cycles_per_frame, point, manifest.model_sha256, {bitstreams.BIT: sha256(folder / bitstreams.BIT)},
    )  # fmt: skip
    (folder / bitstreams.FILE).write_text(description.to_json())
    return folder
