"""The parameters of the modules in front of an accelerator, and how a camera's frames lie on its stream."""

import numpy as np
from numpy.typing import NDArray

from bnn.camera import RGB, Camera, Raw
from hw.bits import literal


def view_parameters(camera: Camera) -> dict[str, int | str]:
    """Return the parameters of nj_camera_view."""
    y, x, height, width = camera.region
    weights, three = camera.weights(), camera.format in RGB
    return {
        "Height": camera.height,
        "Beats": camera.line_beats,
        "Top": y,
        "Left": x // camera.beat,
        "Rows": height,
        "Columns": width // camera.beat,
        "Pixels": camera.beat,
        "Values": 3 if three else 1,
        "Depth": camera.depth,
        "Channels": camera.channels,
        "Mosaic": int(camera.mosaic is not None and camera.channels == 3),
        "Cell": literal(["rgb".index(letter) for letter in camera.mosaic or "rggb"], 2),
        "Order": literal([_order(camera.format).index(letter) for letter in "rgb"], 2),
        "Bin": camera.bin,
        "Weight": literal(list(weights), 16),
    }


def _order(form: str) -> str:
    """Return the channels of a pixel in RGB, that in the lowest bits first."""
    return form[:3] if form in RGB else "rgb"


def beats_of(camera: Camera, frame: Raw) -> NDArray[np.uint8]:
    """Return a frame's beats as bytes [lines, beats of a line, bytes of a beat], the lowest first."""
    if camera.pixel_bits == 8:
        return frame.reshape(camera.height, camera.line_beats, camera.beat)
    values = frame.astype(np.uint32)
    if values.ndim == 3:
        order = ["rgb".index(letter) for letter in _order(camera.format)]
        values = (values[..., order] << np.array([0, 8, 16], np.uint32)).sum(axis=2, dtype=np.uint32)
    pixels = values.reshape(camera.height, camera.line_beats, camera.beat)
    bits = (pixels[..., None] >> np.arange(camera.pixel_bits, dtype=np.uint32)) & 1
    together = bits.reshape(camera.height, camera.line_beats, -1).astype(np.uint8)
    return np.packbits(together, axis=2, bitorder="little")


def frame_of(camera: Camera, beats: NDArray[np.uint8]) -> Raw:
    """Return the frame of whose lines and beats these are the bytes: what `beats_of` takes."""
    if camera.pixel_bits == 8:
        return beats.reshape(camera.height, camera.width)
    used = camera.beat * camera.pixel_bits
    bits = np.unpackbits(beats.reshape(-1, beats.shape[-1]), axis=1, bitorder="little")[:, :used]
    weights = 1 << np.arange(camera.depth, dtype=np.uint16)
    values = (bits.reshape(camera.height, camera.width, -1, camera.depth) * weights).sum(axis=3, dtype=np.uint16)
    if camera.format not in RGB:
        return values[..., 0]
    return values[..., [_order(camera.format).index(letter) for letter in "rgb"]].astype(np.uint8)
