"""Pictures, heat maps and kernels as PNG files inside the page."""

import base64
import io

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

LEAST = 96  # pixels of the shorter side, below which a picture is magnified by a whole number
TOWARDS, AGAINST = np.array([213, 94, 0]), np.array([0, 114, 178])  # vermilion and blue, told apart by all eyes
OPAQUE = 0.75  # of the strongest place of a heat map


def embedded(picture: NDArray[np.uint8], least: int = LEAST) -> Markup:
    """Return a picture [H, W], [H, W, 1] or [H, W, 3] as the address of an image in the page."""
    flat = picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
    factor = max(1, -(-least // min(flat.shape[:2])))
    flat = flat.repeat(factor, axis=0).repeat(factor, axis=1)
    written = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(flat)).save(written, "PNG", optimize=True)
    return Markup("data:image/png;base64," + base64.b64encode(written.getvalue()).decode())


def heated(picture: NDArray[np.uint8], heat: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Lay a heat map [H, W] over a picture [H, W, C], as [H, W, 3]: vermilion where it is above zero, blue below."""
    gray = picture.astype(np.float64).mean(axis=2, keepdims=True).repeat(3, axis=2)
    strongest = float(np.abs(heat).max())
    strength = (np.abs(heat) / strongest if strongest else np.zeros_like(heat))[..., None] * OPAQUE
    colour = np.where((heat > 0)[..., None], TOWARDS, AGAINST)
    return np.rint(gray * (1 - strength) + colour * strength).astype(np.uint8)


def diverging(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return a picture [H, W, 3] of numbers [H, W]: white is zero, blue above it, vermilion below."""
    most = max(1, int(np.abs(values).max()))
    strength = (np.abs(values) / most)[..., None]
    colour = np.where((values > 0)[..., None], AGAINST, TOWARDS)
    return np.rint(255 * (1 - strength) + colour * strength).astype(np.uint8)


def visible_noise(noise: NDArray[np.int16], strength: int) -> NDArray[np.uint8]:
    """Return noise [H, W, C] from -strength to strength as a picture, from black to white."""
    return np.rint((noise.astype(np.float64) / strength + 1) * 127.5).astype(np.uint8)
