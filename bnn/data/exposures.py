"""The frames of a camera as it delivers them, of which training saw a part."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from bnn.camera import RGB, Camera, Raw
from bnn.data import biscuits, camera_scenes, folder_of, pictures
from bnn.data.frames import read_file
from bnn.data.source import DataSource


def exposures(camera: Camera, source: DataSource | None, names: Sequence[str], seed: int) -> Iterator[Raw]:
    """Yield the frame of each test picture of `source`, in the order of `names`; random ones, without end, of None.

    UserError for a picture that is no frame of this camera.
    """
    if source is None:
        yield from _random(camera, seed)
    elif source.source == "biscuits":
        drawn, _ = camera_scenes.scenes(camera, biscuits.TEST, source.seed or 0, "test")
        yield from islice(drawn, len(names))
    else:
        root = folder_of(source.source)
        for name in names:
            frame = pictures.decode(read_file(root / name), root / name)
            camera.refuse_unfit(frame, name)
            yield frame


def _random(camera: Camera, seed: int) -> Iterator[Raw]:
    draw = np.random.default_rng(seed)
    shape = (camera.height, camera.width, *([3] if camera.format in RGB else []))
    while True:
        values = draw.integers(0, 1 << camera.depth, shape, np.uint16)
        yield values if camera.depth > 8 else values.astype(np.uint8)
