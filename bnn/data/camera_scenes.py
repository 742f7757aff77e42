"""Scenes: whole frames of a camera that looks at biscuits passing by on a belt. Synthetic, not photographs.

Each is a picture of bnn.data.biscuits, enlarged to three quarters of the region of interest. From scene to scene it
moves along the region, and up and down in it. The belt goes on round it, and every camera pixel has noise of its own.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bnn.camera import RGB, Camera, Raw
from bnn.data import biscuits

NOISE = 9  # values of a pixel's noise, from -4 to 4
STEPS = 16  # places along the region


def scenes(camera: Camera, count: int, seed: int, side: str) -> tuple[Iterator[Raw], NDArray[np.int64]]:
    """Return frames that this camera delivers, one at a time, and the labels of all; `side` as biscuits.render."""
    pictures, labels = biscuits.render(count, seed, side)
    generator = np.random.default_rng([seed, 2 + ("train", "test").index(side)])
    return (_scene(camera, index, picture, generator) for index, picture in enumerate(pictures)), labels


def _scene(camera: Camera, index: int, picture: NDArray[np.uint8], generator: np.random.Generator) -> Raw:
    y, x, height, width = camera.region
    edge = 3 * min(height, width) // 4
    right = (width - edge) * (index % STEPS) // (STEPS - 1)
    down = int(generator.integers(0, height - edge + 1))
    large = np.asarray(Image.fromarray(picture).resize((edge, edge), Image.Resampling.BILINEAR))
    above, before = y + down, x + right
    around = ((above, camera.height - above - edge), (before, camera.width - before - edge))
    scene = np.pad(large, around, mode="edge").astype(np.int16)
    scene += generator.integers(0, NOISE, scene.shape, np.uint8)
    scene = np.clip(scene - NOISE // 2, 0, 255).astype(np.uint16) << (camera.depth - 8)
    if camera.depth > 8:
        return scene | generator.integers(0, 1 << (camera.depth - 8), scene.shape, np.uint16)
    narrow = scene.astype(np.uint8)
    return np.repeat(narrow[..., None], 3, axis=2) if camera.format in RGB else narrow
