"""One picture file -> one frame of a network, scaled and converted exactly as its training pictures were."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnn.camera import Camera
from bnn.data import pictures
from bnn.data.notes import Notes
from bnn.data.walk import read_regular
from bnn.errors import UserError
from bnn.storage.names import printable

Frame = NDArray[np.uint8]
MOST_BYTES = 1 << 29  # of one picture's file


@dataclass(frozen=True)
class Fit:
    """The frames that a network takes.

    >>> Fit(64, 48, 1).color
    'gray'
    """

    height: int
    width: int
    channels: int
    bits: int | None = None  # that 16-bit pictures use, as in training; None: nobody knows, and they are refused
    camera: Camera | None = None  # whose frames the pictures must be; None: they are scaled

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise UserError(
                f"the network takes pictures of {self.channels} channels, and picture files have 1 or 3; give frames "
                "to neuraljet.Accelerator instead"
            )

    @property
    def color(self) -> str:
        """Return "gray" or "rgb"."""
        return "gray" if self.channels == 1 else "rgb"

    def read(self, path: Path, notes: Notes | None = None) -> tuple[Frame, bool]:
        """Return the picture in the file `path` as [H, W, C], and whether it had to be scaled.

        notes: get what of the file is not read, such as further pages.
        UserError says why when it cannot be read, is damaged or does not fit.
        """
        picture = pictures.decode(read_file(path), path, notes)
        if self.camera is not None:
            return pictures.colored(self.camera.seen(picture, printable(path)), self.color), False
        fitting = pictures.resize(picture, (self.height, self.width))
        if fitting.dtype == np.uint16:
            self._check_depth(int(fitting.max()), path)
        scaled = picture.shape[:2] != fitting.shape[:2]
        return pictures.colored(pictures.narrowed(fitting, self.bits), self.color), scaled

    def _check_depth(self, brightest: int, path: Path) -> None:
        if self.bits is None:
            raise UserError(
                f"{printable(path)} has 16 bits per pixel, and the run does not say how many of them the camera uses; "
                "say so with --bits, or save it with 8"
            )
        if brightest >= 1 << self.bits:
            raise UserError(
                f"{printable(path)} has a pixel of {brightest}, and those of training use {self.bits} bits, up to "
                f"{(1 << self.bits) - 1}"
            )


def read_file(path: Path) -> bytes:
    """Return the bytes of a regular file of at most 512 MiB; UserError names it otherwise."""
    try:
        if os.path.isdir(path):
            raise UserError(f"{printable(path)} is a folder and no picture")
        data = read_regular(path, MOST_BYTES + 1)
    except OSError as error:
        raise UserError(f"{printable(path)} cannot be read ({error.strerror}); make it readable or remove it") from None
    except ValueError as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{printable(path)} is no path ({error})") from None
    if len(data) > MOST_BYTES:
        raise UserError(f"{printable(path)} has more than {MOST_BYTES >> 20} MiB; scale it down or remove it")
    return data
