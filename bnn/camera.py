"""A camera in front of an accelerator, and the exact integers that the network sees of its frames.

    bits     a pixel of 10 or 12 bits keeps its upper 8
    crop     the region of interest, in camera pixels
    bin      a pixel of the network is the mean of a block of N x N camera pixels, rounded half up:
             (sum + weights // 2) // weights

In this order. The weights make colours: gray of RGB is (R + 2 G + B) / 4, weighed before the one rounding. Behind a
mosaic (Bayer) a block's red is the mean of its red pixels, as are green and blue, and its gray is the mean of all its
pixels, which weighs them 1 : 2 : 1 too; so a mosaic needs an even N, and nothing is interpolated.

>>> Camera(80, 128, bin=8).size
(10, 16)
"""

import re
from dataclasses import dataclass
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnn.errors import UserError

MOST_SIDE = 8192  # camera pixels
SMALLEST, LARGEST = 8, 1024  # pixels of a side of what the network sees: bnn.data.pictures
MOST_BIN = 16
BEATS = (1, 2, 4)
FRAMINGS = ("video", "frame")
RGB = ("rgb888", "gbr888")  # channels from the lowest bits up; gbr888 is how AXI4-Stream Video packs RGB
MOSAICS = ("rggb", "bggr", "grbg", "gbrg")  # the colours of a row from the left, then of the row below
DEPTHS = (8, 10, 12)
FORMATS = ("gray8", "raw10", "raw12", *RGB, *(f"bayer-{mosaic}{depth}" for mosaic in MOSAICS for depth in DEPTHS))
Raw = NDArray[Any]  # a frame: uint8 or uint16 [H, W], or uint8 [H, W, 3]


@dataclass(frozen=True)
class Camera:
    """What a camera delivers, and which part of it the network sees. UserError for what cannot be."""

    height: int
    width: int
    roi: tuple[int, int, int, int] | None = None  # y, x, height, width in camera pixels; None: the whole frame
    bin: int = 1
    beat: int = 1  # pixels that come at once
    format: str = "gray8"
    framing: str = "video"  # video: start of frame and ends of lines are marked; frame: ends of frames are
    color: str | None = None  # gray or rgb, of what the network sees; None: as the camera's

    def __post_init__(self) -> None:
        _one_of("format", self.format, FORMATS)
        _one_of("framing", self.framing, FRAMINGS)
        _one_of("beat", self.beat, BEATS)
        if not 1 <= self.bin <= MOST_BIN:
            raise UserError(f"camera: bin {self.bin} is out of range; give a number from 1 to {MOST_BIN}")
        for name, side in (("height", self.height), ("width", self.width)):
            if not SMALLEST <= side <= MOST_SIDE:
                raise UserError(f"camera: {name} {side} is out of range; allowed: {SMALLEST} to {MOST_SIDE} pixels")
        if self.roi is None:
            object.__setattr__(self, "roi", (0, 0, self.height, self.width))
        colors = ("gray",) if not self.colored else ("rgb", "gray")
        if self.color is None:
            object.__setattr__(self, "color", colors[0])
        _one_of(f"format {self.format}: color", self.color, colors)
        self._check_fit()

    def _check_fit(self) -> None:
        y, x, height, width = self.region
        if self.mosaic and (self.bin % 2 or self.height % 2 or self.width % 2):
            raise UserError(
                f"camera: format {self.format} needs an even bin and even sides, for a block must hold every colour; "
                f"{self.height}x{self.width} with bin {self.bin} is not"
            )
        if self.width % self.beat:
            raise UserError(f"camera: a line of {self.width} pixels is no whole number of beats of {self.beat}")
        if min(y, x) < 0 or min(height, width) < 1:
            raise UserError(f"camera: roi {_shown(self.region)}: sides must be at least 1, and places at least 0")
        if y + height > self.height or x + width > self.width:
            raise UserError(
                f"camera: roi {_shown(self.region)} (Y,X,HEIGHT,WIDTH) reaches beyond the frame of "
                f"{self.height}x{self.width}; move or shrink it"
            )
        across = lcm(self.bin, self.beat)
        for name, value, unit in (("Y", y, self.bin), ("HEIGHT", height, self.bin), ("X", x, across),
                                  ("WIDTH", width, across)):  # fmt: skip
            if value % unit:
                near = value // unit * unit
                raise UserError(
                    f"camera: {name} {value} of roi {_shown(self.region)} is no multiple of {unit} (bin {self.bin}, "
                    f"beat {self.beat}); give --roi Y,X,HEIGHT,WIDTH with {name} {near} or {near + unit}"
                )
        if not all(SMALLEST <= side <= LARGEST for side in self.size):
            raise UserError(
                f"camera: the network would see {self.size[0]}x{self.size[1]} pixels, and each side must be {SMALLEST} "
                f"to {LARGEST}; choose another roi or bin"
            )

    @property
    def region(self) -> tuple[int, int, int, int]:
        """The region of interest: y, x, height, width."""
        assert self.roi is not None
        return self.roi

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what the network sees."""
        return self.region[2] // self.bin, self.region[3] // self.bin

    @property
    def channels(self) -> int:
        """How many the network sees."""
        return 3 if self.color == "rgb" else 1

    @property
    def mosaic(self) -> str | None:
        """The colours of a 2x2 cell, row by row; None where every pixel has all of its colours."""
        return self.format[6:10] if self.format.startswith("bayer-") else None

    @property
    def colored(self) -> bool:
        """Does the camera see colours?"""
        return self.format in RGB or self.mosaic is not None

    @property
    def depth(self) -> int:
        """The bits of a value."""
        return 8 if self.format in RGB else int(re.sub(r"\D", "", self.format))

    @property
    def pixel_bits(self) -> int:
        """The bits of a pixel on the camera's stream."""
        return 24 if self.format in RGB else self.depth

    @property
    def tdata_bits(self) -> int:
        """The width of the camera's stream: the pixels of a beat, the first lowest, filled up to whole bytes."""
        return -(-self.beat * self.pixel_bits // 8) * 8

    @property
    def line_beats(self) -> int:
        """The beats of a line."""
        return self.width // self.beat

    def weights(self) -> tuple[int, ...]:
        """Return the sum of the weights in a block, of each channel that the network sees: what a sum is divided by."""
        block = self.bin * self.bin
        if self.color == "gray":
            return (4 * block if self.format in RGB else block,)
        return (block // 4, block // 2, block // 4) if self.mosaic else (block,) * 3

    def refuse_unfit(self, raw: Raw, name: str) -> None:
        """Raise UserError, which names the picture, unless it is a frame as this camera delivers."""
        if raw.shape[:2] != (self.height, self.width):
            raise UserError(
                f"{name} is {raw.shape[0]}x{raw.shape[1]} pixels (height x width), and the camera's frames are "
                f"{self.height}x{self.width}; give whole frames of the camera, or say --camera "
                f"{raw.shape[0]}x{raw.shape[1]}"
            )
        if raw.ndim == 3 and self.format not in RGB:
            what = "one value a pixel, its mosaic" if self.mosaic else "gray"
            raise UserError(
                f"{name} has colours, and a camera of format {self.format} delivers {what}; save the frames as they "
                "come from the camera, or say another --format"
            )
        deep = raw.dtype != np.uint8
        if deep != (self.depth > 8) or (deep and int(raw.max()) >> self.depth):
            has = f"a value of {int(raw.max())}" if deep else "8 bits"
            raise UserError(
                f"{name} has {has}, and a camera of format {self.format} delivers {self.depth} bits"
                f"{', up to ' + str((1 << self.depth) - 1) if deep else ''}; save the frames as they come from the "
                "camera, or say another --format"
            )

    def agreed(self, size: tuple[int, int] | None, color: str | None) -> tuple[int, int]:
        """Return the size that the network sees. UserError when another size or colour is asked for."""
        if size not in (None, self.size) or color not in (None, self.color):
            asked = " ".join(filter(None, (size and f"{size[0]}x{size[1]}", color)))
            raise UserError(
                f"the camera makes the pictures {self.size[0]}x{self.size[1]} and {self.color}, and {asked} is asked "
                "for; nothing is scaled behind a camera: leave it out, or choose another roi or bin"
            )
        return self.size

    def view(self, raw: Raw) -> NDArray[np.uint8]:
        """Return what the network sees of a frame that fits: uint8 [H, W, C]."""
        sums, height, width = self.sums(self.cropped(narrow(raw, self.depth))), *self.size
        weights = np.array(self.weights(), np.int64)
        means = (sums + weights // 2) // weights
        assert means.shape == (height, width, self.channels)
        return means.astype(np.uint8)

    def seen(self, picture: Raw, name: str) -> NDArray[np.uint8]:
        """Return `view` as pictures are, [H, W] or [H, W, 3]; UserError when it is no frame of this camera."""
        self.refuse_unfit(picture, name)
        view = self.view(picture)
        return view if self.channels == 3 else view[..., 0]

    def cropped(self, frame: Raw) -> Raw:
        """Return the region of interest of [H, W] or [H, W, C]."""
        y, x, height, width = self.region
        return frame[y : y + height, x : x + width]

    def sums(self, region: Raw) -> NDArray[np.int64]:
        """Return the weighed sums over blocks, [H, W, C], of a region of 8-bit values."""
        wide = region.astype(np.int64)
        if self.format in RGB:
            wide = wide if wide.ndim == 3 else np.repeat(wide[..., None], 3, axis=2)
            if self.color == "gray":
                wide = wide[..., 0] + 2 * wide[..., 1] + wide[..., 2]
        elif self.mosaic and self.color == "rgb":
            wide = wide[..., None] * self._filters(wide.shape[0], wide.shape[1])
        height, width = self.size
        blocks = wide.reshape(height, self.bin, width, self.bin, self.channels)
        summed: NDArray[np.int64] = blocks.sum(axis=(1, 3))
        return summed

    def _filters(self, height: int, width: int) -> NDArray[np.int64]:
        """Return which colour each pixel has, 0 and 1 [H, W, 3]; regions begin at even places."""
        assert self.mosaic
        cell = np.array([["rgb".index(letter) for letter in self.mosaic[i : i + 2]] for i in (0, 2)])
        colors = np.tile(cell, (-(-height // 2), -(-width // 2)))[:height, :width]
        return (colors[..., None] == np.arange(3)).astype(np.int64)


def narrow(raw: Raw, depth: int) -> NDArray[np.uint8]:
    """Return the upper 8 of the `depth` bits of each value."""
    return raw if raw.dtype == np.uint8 else (raw >> (depth - 8)).astype(np.uint8)


def read_camera(
    size: str, roi: str | None = None, bin: int = 1, beat: int = 1, format: str = "gray8", framing: str = "video",
    color: str | None = None,
) -> Camera:  # fmt: skip
    """Return the camera of the options; UserError names the one that cannot be read."""
    sides = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size)
    if not sides:
        raise UserError(f"--camera {size[:60]!r} is not HEIGHTxWIDTH, such as 800x1280")
    region = None
    if roi is not None:
        places = re.fullmatch(r"(\d{1,5}),(\d{1,5}),(\d{1,5}),(\d{1,5})", roi)
        if not places:
            raise UserError(f"--roi {roi[:60]!r} is not Y,X,HEIGHT,WIDTH in camera pixels, such as 16,256,768,768")
        region = (int(places[1]), int(places[2]), int(places[3]), int(places[4]))
    return Camera(int(sides[1]), int(sides[2]), region, bin, beat, format, framing, color)


def _one_of(name: str, value: Any, allowed: tuple[Any, ...]) -> None:
    if value not in allowed:
        raise UserError(f"camera: {name} {str(value)[:60]!r} is not possible; choose {', '.join(map(str, allowed))}")


def _shown(region: tuple[int, ...]) -> str:
    return ",".join(map(str, region))
