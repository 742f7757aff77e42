"""Find the layer that differs: tap every stream, and compare what one frame leaves there with the reference."""

import re
import string
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnn.errors import UserError
from finn_build.manifest import Manifest, StreamLayer
from sim.frames import unpack_stream
from sim.verification import Difference

BENCHES = Path(__file__).resolve().parent / "benches"


def write_taps(manifest: Manifest, top_source: Path, folder: Path) -> Path:
    """Write taps.sv: one nj_tap bound to each layer's stream in the top; tap <i> writes tap_<i>.hex."""
    template = string.Template((BENCHES / "tap.sv.in").read_text())
    text = top_source.read_text()
    parts = []
    for index, layer in enumerate(manifest.layers):
        data, valid, ready = (_wire(text, layer.stream, end, top_source) for end in ("tdata", "tvalid", "tready"))
        height, width, channels = layer.shape
        parts.append(
            template.substitute(
                top=manifest.top, index=index, file=f"tap_{index}.hex", width=channels * layer.bits,
                beats=height * width, data=data, valid=valid, ready=ready,
            )
        )  # fmt: skip
    path = folder / "taps.sv"
    path.write_text("".join(parts))
    return path


def _wire(text: str, stream: str, end: str, source: Path) -> str:
    found = re.search(rf"\b{re.escape(stream)}_{end}\b", text, re.IGNORECASE)
    if found is None:
        raise UserError(
            f"{source.name} has no wire {stream}_{end}, which its manifest names; build the accelerator again"
        )
    return found.group()


def first_difference(
    manifest: Manifest, tensors: Mapping[str, NDArray[np.int64]], folder: Path, last: bool
) -> Difference | None:
    """Compare tap_<i>.hex with the reference's tensors [1, C, H, W] or [1, C], and return what differs first.

    Values are those of the ONNX tensor: scale * stream + offset[c]. `last`: no frame followed, so
    that more beats than the frame has are a difference too.
    """
    for index, layer in enumerate(manifest.layers):
        if layer.onnx_tensor not in tensors:
            continue
        expected = _expected(layer, tensors[layer.onnx_tensor])
        beats = [int(line, 16) for line in (folder / f"tap_{index}.hex").read_text().split()]
        total = expected.shape[0] * expected.shape[1]
        raw, count = unpack_stream(beats, layer.shape, layer.bits, layer.signed)
        got = raw * layer.decode.scale + np.asarray(layer.decode.offset, np.int64)
        wrong = (got != expected).any(axis=2).reshape(-1)
        wrong[count:] = True
        if wrong.any():
            y, x = divmod(int(np.argmax(wrong)), expected.shape[1])
            absent = y * expected.shape[1] + x >= count
            c = 0 if absent else int(np.argmax(got[y, x] != expected[y, x]))
            return Difference(
                layer.name, layer.operator, layer.onnx_tensor, (y, x, c),
                expected=int(expected[y, x, c]), got=None if absent else int(got[y, x, c]),
                elements_wrong=int((got != expected).sum()), elements=int(expected.size),
                beats=count, beats_expected=total,
            )  # fmt: skip
        if last and count > total:
            return Difference(
                layer.name, layer.operator, layer.onnx_tensor, None,
                elements=int(expected.size), beats=count, beats_expected=total,
            )  # fmt: skip
    return None


def behind_the_streams(manifest: Manifest) -> Difference:
    """Name the last layer: all streams are right, so what differs is made behind the last of them."""
    layer = manifest.layers[-1]
    return Difference(layer.name, layer.operator, layer.onnx_tensor, None)


def _expected(layer: StreamLayer, tensor: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the part of the reference's tensor that the stream carries, as [H, W, C]."""
    value = tensor[0].transpose(1, 2, 0) if tensor.ndim == 4 else tensor[0].reshape(1, 1, -1)
    crop = layer.pad_crop
    if crop:
        value = value[crop:-crop, crop:-crop]
    if value.shape != tuple(layer.shape):
        raise UserError(
            f"layer {layer.name} streams {tuple(layer.shape)} (height, width, channels) and {layer.onnx_tensor} is "
            f"{value.shape}; manifest.json and model.onnx do not belong together, build the accelerator again"
        )
    return value


def expected_stream(layer: StreamLayer, tensor: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what the layer streams when the model's tensor is `tensor`, [N, C, H, W] or [N, C]: [N, H, W, C]."""
    maps = np.stack([_expected(layer, frame[None]) for frame in tensor])
    return (maps - np.asarray(layer.decode.offset, np.int64)) // layer.decode.scale
