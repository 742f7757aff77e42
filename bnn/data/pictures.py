"""One picture file -> one array: any format Pillow reads, upright, opaque, 8 or 16 bits."""

import io
import struct
import warnings
import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from bnn.camera import Camera
from bnn.data.notes import Notes
from bnn.errors import UserError
from bnn.storage.names import printable

SMALLEST, LARGEST = 8, 1024  # pixels per side
DEFAULT_SIZE = (64, 64)  # of pictures that differ in size
# Readers that start another program, or that only recognise a file and cannot decode it.
_NOT_READ = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "PDF"}
# Those whose further frames are pictures of their own, and not layers or sizes of the one.
_PAGED = {"GIF", "TIFF", "WEBP", "PNG", "MPO", "AVIF", "FLI", "DCX", "IM"}
_DEPTHS = (8, 10, 12, 14, 16)  # bits that cameras deliver in a 16-bit file
_UNREADABLE = (
    OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, AttributeError, OverflowError,
    ZeroDivisionError, NotImplementedError, MemoryError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's readers raise on damaged files; they do not keep to one exception."""


@cache
def suffixes() -> frozenset[str]:
    """Return the file name endings, lower case, that are taken for pictures."""
    known = Image.registered_extensions()
    return frozenset(end for end, kind in known.items() if kind in Image.OPEN and kind not in _NOT_READ)


def named_like_one(path: Path) -> bool:
    """Tell whether a file's name ends as those of pictures do."""
    return path.suffix.lower() in suffixes()


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(kind for kind in Image.OPEN if kind not in _NOT_READ)


def check_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return `size` (height, width) or raise UserError when a side is outside 8..1024."""
    height, width = size
    if not (SMALLEST <= height <= LARGEST and SMALLEST <= width <= LARGEST):
        raise UserError(
            f"size {height}x{width} is out of range: each side is {SMALLEST} to {LARGEST} pixels; "
            "choose another with --size HxW, for example --size 64x64"
        )
    return height, width


def decode(data: bytes, path: Path, notes: Notes | None = None) -> NDArray[Any]:
    """Decode the first frame of a picture file to uint8 [H, W], uint8 [H, W, 3] or uint16 [H, W].

    EXIF orientation is applied, transparency is laid over white, and colour stored for a gray picture
    (R = G = B everywhere) is dropped. `path` is only named in errors and in `notes`, which get what of the file
    is not read: later pages, the low bits of 16-bit colours, metadata that Pillow warns of.
    """
    notes = notes or Notes(path.parent)
    name = printable(path)
    try:
        with warnings.catch_warnings(record=True) as warned, Image.open(io.BytesIO(data), formats=_formats()) as opened:
            warnings.simplefilter("always")
            raw = _raw_mode(opened)
            opened.load()
            result = _to_array(ImageOps.exif_transpose(opened), name)
            if opened.format in _PAGED and _pages(opened) > 1:
                notes.leave("files' pages or frames after the first", path)
    except UserError:
        raise
    except Image.DecompressionBombError:
        raise UserError(
            f"{name} unpacks to more pixels than any camera delivers (a picture bomb?); remove it or scale it down"
        ) from None
    except _UNREADABLE as error:
        if data[4:8] == b"ftyp":
            raise UserError(f"{name} is a HEIC or AVIF picture or a video; save it as JPEG or PNG") from None
        known = str(error) and not isinstance(error, Image.UnidentifiedImageError)
        reason = f" ({printable(str(error))})" if known else ""
        raise UserError(f"{name} is damaged or no picture{reason}; replace or remove it") from None
    if any(not issubclass(warning.category, Image.DecompressionBombWarning) for warning in warned):
        notes.take("pictures with metadata that cannot be read", path)
    if result.dtype == np.uint8 and ";16" in raw:
        notes.take("colour pictures of 16 bits, of which the upper 8 are kept", path)
    return result


def _raw_mode(picture: Image.Image) -> str:
    """Return how the pixels lie in the file, as far as Pillow tells: "RGB;16B" for example."""
    tiles = getattr(picture, "tile", None)
    arguments = tiles[0][3] if tiles else ()
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def _pages(picture: Image.Image) -> int:
    try:
        return int(getattr(picture, "n_frames", 1))
    except _UNREADABLE:  # the first page was read, and no other is
        return 1


def _to_array(picture: Image.Image, name: str) -> NDArray[Any]:
    mode = picture.mode
    if mode == "F":
        raise UserError(f"{name} has floating-point pixels; save it with 8 or 16 bits per pixel")
    if mode == "I" or mode.startswith("I;16"):
        wide = np.asarray(picture)
        if wide.min() < 0 or wide.max() > 0xFFFF:
            raise UserError(f"{name} has pixel values outside 0..65535; save it with 8 or 16 bits per pixel")
        return wide.astype(np.uint16)
    if picture.has_transparency_data:
        opaque = Image.new("RGBA", picture.size, "white")
        opaque.alpha_composite(picture.convert("RGBA"))
        picture = opaque.convert("RGB")
    elif mode == "1":
        picture = picture.convert("L")
    if picture.mode == "L":
        return np.asarray(picture)
    color = np.asarray(picture.convert("RGB"))
    gray = color[..., 0]
    if np.array_equal(gray, color[..., 1]) and np.array_equal(gray, color[..., 2]):
        return np.ascontiguousarray(gray)
    return color


def resize(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Scale [H, W] or [H, W, 3] to `size`, each side on its own, averaging over what falls together."""
    height, width = size
    if picture.shape[:2] == (height, width):
        return picture
    if picture.dtype == np.uint8:
        return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))
    scaled = Image.fromarray(picture.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    return np.rint(np.asarray(scaled)).astype(picture.dtype)


def read_all(
    paths: Iterable[tuple[Path, bytes]],
    size: tuple[int, int] | None,
    may_resize: bool,
    notes: Notes | None = None,
    look: Callable[[NDArray[Any]], object] | None = None,
    camera: Camera | None = None,
) -> list[NDArray[Any]]:
    """Decode pictures to one common size; `look` gets each at its own size.

    `size` None means: that of the pictures when all agree and it is allowed, otherwise 64x64. When
    `may_resize` is False every picture must have the size already (that of the first when None). With a `camera` they
    are frames of it, and what the network sees of each is returned.
    """
    pictures: list[NDArray[Any]] = []
    own: tuple[int, int] | None = None  # the size all pictures had so far, while `size` is open
    for path, data in paths:
        picture = decode(data, path, notes)
        if look:
            look(picture)
        if camera:
            pictures.append(camera.seen(picture, printable(path)))
            continue
        has = (picture.shape[0], picture.shape[1])
        if not may_resize:
            size = check_size(size or has)
            if has != size:
                raise UserError(
                    f"{printable(path)} is {has[0]}x{has[1]} pixels (height x width) and not {size[0]}x{size[1]}; "
                    "add --resize to have pictures scaled"
                )
        elif size is None:
            differ, own = own is not None and has != own, own or has
            if differ or not all(SMALLEST <= side <= LARGEST for side in own):
                size = DEFAULT_SIZE
                pictures = [resize(earlier, size) for earlier in pictures]
                if notes:
                    sizes = f"{own[0]}x{own[1]}"
                    what = f"are of several sizes, such as {sizes} and {has[0]}x{has[1]}" if differ else f"are {sizes}"
                    notes.say(f"pictures {what} pixels: all are stretched to {size[0]}x{size[1]} (see --size)")
        pictures.append(picture if size is None else resize(picture, size))
    return pictures


def stack(pictures: Sequence[NDArray[Any]], color: str | None, notes: Notes | None = None) -> NDArray[np.uint8]:
    """Stack decoded pictures of one size to uint8 [N, H, W, C]; `color` None means gray when all are.

    16-bit pictures keep their top 8 bits, counted from the highest bit that the brightest pixel *of the
    whole set* uses (10, 12, 14 or 16 bits): a fixed shift, so brightness still compares between pictures.
    """
    bits = depth(pictures)
    if bits is not None and notes:
        deep = sum(p.dtype == np.uint16 for p in pictures)
        notes.say(f"{deep} of {len(pictures)} pictures have 16 bits: the upper 8 of {bits} are kept")
    narrow = [narrowed(p, bits) for p in pictures]
    if color is None:
        color = "gray" if all(p.ndim == 2 for p in narrow) else "rgb"
    height, width = narrow[0].shape[:2]
    result = np.empty((len(narrow), height, width, 1 if color == "gray" else 3), np.uint8)
    for index, picture in enumerate(narrow):
        result[index] = colored(picture, color)
    return result


def depth(pictures: Iterable[NDArray[Any]]) -> int | None:
    """Return how many bits the brightest of the 16-bit pictures uses (8, 10, 12, 14 or 16); None when none has 16."""
    deep = [int(p.max()) for p in pictures if p.dtype == np.uint16]
    return next(bits for bits in _DEPTHS if max(deep) < 1 << bits) if deep else None


def narrowed(picture: NDArray[Any], bits: int | None) -> NDArray[np.uint8]:
    """Return the upper 8 of the `bits` that a 16-bit picture uses; one of 8 bits stays as it is."""
    if picture.dtype != np.uint16:
        return picture
    assert bits is not None and int(picture.max()) < 1 << bits
    return (picture >> (bits - 8)).astype(np.uint8)


def colored(picture: NDArray[np.uint8], color: str) -> NDArray[np.uint8]:
    """Return [H, W] or [H, W, 3] as [H, W, 1] when `color` is gray, as [H, W, 3] when it is rgb."""
    if color == "rgb":
        return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    gray = picture if picture.ndim == 2 else np.asarray(Image.fromarray(picture).convert("L"))
    return gray[..., None]
