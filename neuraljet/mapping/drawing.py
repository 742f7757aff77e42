"""A picture with the boxes of what was found in it drawn, as a PNG."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from bnn.data.frames import Frame
from bnn.storage.names import plain
from neuraljet.mapping.boxes import Truth, matched
from neuraljet.mapping.cells import Box, Detection

FOUND, RIGHT, WRONG, DRAWN = (255, 160, 0), (0, 200, 60), (240, 40, 40), (60, 140, 255)


def drawn(
    image: Frame, found: Sequence[Detection], truths: Sequence[Truth] | None, classes: Sequence[str]
) -> bytes:  # fmt: skip
    """Return the picture [H, W, C] as a PNG with a box and a class for each detection.

    truths: boxes that somebody drew, in blue; detections that found one are green then, others red. None: no boxes are
    known, and detections are orange.
    """
    picture = Image.fromarray(np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image)
    pen = ImageDraw.Draw(picture)
    for truth in truths or ():
        _box(pen, truth.box, DRAWN)
    places = [None] * len(found) if truths is None else matched(found, truths)
    for each, place in zip(found, places, strict=True):
        colour = FOUND if truths is None else WRONG if place is None else RIGHT
        _box(pen, each.box, colour)
        pen.text((each.box.left + 2, each.box.top + 1), plain(classes[each.label]), fill=colour)
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def _box(pen: ImageDraw.ImageDraw, box: Box, colour: tuple[int, int, int]) -> None:
    pen.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), outline=colour, width=2)
