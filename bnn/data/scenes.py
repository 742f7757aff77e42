"""Whole pictures, each in its own size: what a network that was trained on tiles looks over."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bnn.data import pictures
from bnn.data.frames import Frame, read_file
from bnn.data.listing import listing
from bnn.data.notes import Notes
from bnn.errors import UserError
from bnn.storage.names import printable


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture of any size."""

    path: Path
    image: Frame  # uint8 [H, W, C]


def scenes(source: str | Path, channels: int, bits: int | None, notes: Notes) -> Iterator[Scene]:
    """Yield the pictures that `source` names (bnn.data.listing), in gray or colour as the network takes them, unscaled.

    channels: 1 or 3. bits: of 16-bit pictures, None when nobody knows. UserError names a picture that cannot be read.
    """
    if channels not in (1, 3):
        raise UserError(f"the network takes pictures of {channels} channels, and picture files have 1 or 3")
    for path in listing(source, notes).paths:
        yield Scene(path, read_scene(path, channels, bits, notes))


def read_scene(path: Path, channels: int, bits: int | None, notes: Notes | None = None) -> Frame:
    """Return the picture in a file as [H, W, C]. UserError says why when it cannot be read or has unknown bits."""
    picture = pictures.decode(read_file(path), path, notes)
    if picture.dtype.itemsize == 2 and (bits is None or int(picture.max()) >= 1 << bits):
        known = "the run does not say how many of them count" if bits is None else f"those of training use {bits} bits"
        raise UserError(f"{printable(path)} has 16 bits per pixel, and {known}; save it with 8")
    return pictures.colored(pictures.narrowed(picture, bits), "gray" if channels == 1 else "rgb")
