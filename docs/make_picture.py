"""Draw docs/chain.png, the picture of the README: biscuits in, the steps of the chain, a class out.

python docs/make_picture.py
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bnn.data.biscuits import CLASSES, render

WIDTH, HEIGHT, CELL = 1200, 300, 60
STEPS = (
    ("pictures", "one folder per class"),
    ("train", "a small binary network"),
    ("build", "a circuit for an FPGA"),
    ("verify", "every test picture"),
    ("ip, bitstream", "to your board"),
)
COLORS = {"good": (46, 125, 50), "broken": (198, 40, 40), "crooked": (239, 108, 0)}


def main() -> None:
    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(picture)
    font, small = ImageFont.load_default(22), ImageFont.load_default(15)
    images, labels = render(120, 0, "test")
    for row, name in enumerate(CLASSES):
        for column, index in enumerate(np.flatnonzero(labels == row)[:8]):
            tile = Image.fromarray(images[index]).resize((CELL - 6, CELL - 6), Image.Resampling.LANCZOS)
            x, y = 16 + column * CELL, 16 + row * CELL
            draw.rectangle((x, y, x + CELL - 3, y + CELL - 3), COLORS[name])
            picture.paste(tile, (x + 2, y + 2))
        draw.text((16 + 8 * CELL + 8, 16 + row * CELL + 18), name, COLORS[name], font)
    for i, line in enumerate(
        (
            "in: the camera's pixels, one per clock",
            "out: the class and a score for each class",
            "integers only: no multiplier, no processor",
        )
    ):
        draw.text((660, 34 + i * 48), line, (55, 71, 79), font)
    for i, (name, what) in enumerate(STEPS):
        x = 16 + i * 237
        draw.rounded_rectangle((x, 218, x + 206, 284), 10, (236, 239, 241), (55, 71, 79), 2)
        draw.text((x + 103, 238), name, (38, 50, 56), font, anchor="mm")
        draw.text((x + 103, 265), what, (84, 110, 122), small, anchor="mm")
        if i:
            draw.line((x - 29, 251, x - 6, 251), (55, 71, 79), 3)
            draw.polygon(((x - 2, 251), (x - 12, 245), (x - 12, 257)), (55, 71, 79))
    picture.save(Path(__file__).parent / "chain.png", optimize=True)


if __name__ == "__main__":
    main()
