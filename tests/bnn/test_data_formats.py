"""Files of every format, depth and size are read exactly, read with a note, or refused by a sentence."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from bnn.data import load
from tests.support.pictures import PER_CLASS, SIDE, Maker, refused


def test_depths_that_differ_by_class(make: Maker) -> None:
    make.classes()
    for i in range(PER_CLASS):
        deep = make.random.integers(30_000, 50_000, (SIDE, SIDE)).astype(np.uint16)
        Image.fromarray(deep).save(make.root / "good" / f"{i}.png")
    data = load(make.root)
    assert data.notes == ("4 of 8 pictures have 16 bits: the upper 8 of 16 are kept",)
    deep = data.train_images[data.train_labels == data.classes.index("good")]
    assert deep.min() >= 30_000 >> 8 and deep.max() <= 50_000 >> 8


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png16(pixels: np.ndarray) -> bytes:
    """Return a PNG of 16-bit colour, [H, W, 3], which Pillow cannot write."""
    rows = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels))
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def tiff16(pixels: np.ndarray) -> bytes:
    """Return a TIFF of 16-bit colour, [H, W, 3], as scanners write it."""
    data, (height, width, _) = pixels.astype("<u2").tobytes(), pixels.shape
    bits = 8 + len(data) + 2 + 12 * 9 + 4
    tags = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, bits), (259, 3, 1, 1), (262, 3, 1, 2)]
    tags += [(273, 4, 1, 8), (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, len(data))]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    directory = b"\x09\0" + entries + bytes(4) + struct.pack("<3H", 16, 16, 16)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + directory


def test_every_format_is_read_with_its_values(make: Maker) -> None:
    """The pictures around it have the same size, so nothing is scaled."""
    gray, color = make.pixels(), make.pixels(120, SIDE, SIDE, 3)
    deep = make.random.integers(0, 4096, (SIDE, SIDE)).astype(np.uint16)
    wide = make.random.integers(0, 65536, (SIDE, SIDE, 3)).astype(np.uint16)
    cmyk, rgba = make.pixels(120, SIDE, SIDE, 4), make.pixels(120, SIDE, SIDE, 4)
    exif = Image.Exif()
    exif[0x112] = 6
    other = Image.fromarray(make.pixels())
    make.classes()
    folder = make.root / "good"
    expected: dict[str, np.ndarray] = {}

    def save(name: str, picture: Image.Image, shows: np.ndarray, **options: object) -> None:
        picture.save(folder / name, **options)
        expected[name] = shows

    one = Image.fromarray(gray)
    save("turned.png", one, np.rot90(gray, -1), exif=exif)
    for name in ("a.bmp", "a.pgm", "a.tga", "UP.PNG", "a.tif"):
        save(name, one, gray)
    save("really_png.jpg", one, gray, format="PNG")
    save("animated.gif", one, gray, save_all=True, append_images=[other, other])
    save("pages.tif", one, gray, save_all=True, append_images=[other])
    save("color.webp", Image.fromarray(color), color, lossless=True)
    palette = Image.fromarray(color).quantize(16)
    white = np.zeros((SIDE, SIDE, 4), np.uint8)
    white[:, SIDE // 2 :, 3] = 255  # black on the right
    shows = np.where(np.arange(SIDE) < SIDE // 2, 255, 0) * np.ones((SIDE, 1), int)
    save("cmyk.jpg", Image.fromarray(white, "CMYK"), shows, quality=100, subsampling=0)
    save("palette.png", palette, np.asarray(palette.convert("RGB")))
    save("g16.png", Image.fromarray(deep), deep >> 4)
    save("g16.tiff", Image.fromarray(deep), deep >> 4)
    save("cmyk.tif", Image.fromarray(cmyk, "CMYK"), np.asarray(Image.fromarray(cmyk, "CMYK").convert("RGB")))
    alpha = rgba[..., 3:].astype(int)
    over_white = (rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    save("rgba.png", Image.fromarray(rgba), over_white)
    (folder / "c16.png").write_bytes(png16(wide))
    (folder / "c16.tif").write_bytes(tiff16(wide))
    expected |= {"c16.png": wide >> 8, "c16.tif": wide >> 8}
    data = load(make.root)
    assert data.train_images.shape[1:] == (SIDE, SIDE, 3)
    images = dict(zip(data.train_names + data.test_names, (*data.train_images, *data.test_images), strict=True))
    for name, shows in expected.items():
        want = shows if shows.ndim == 3 else np.repeat(shows[..., None], 3, 2)
        off = np.abs(images[f"good/{name}"].astype(int) - want).max()
        assert off <= {"rgba.png": 1, "cmyk.jpg": 8}.get(name, 0), name  # rounding of a blend, and JPEG
    assert data.notes == (
        "2 of 26 pictures have 16 bits: the upper 8 of 12 are kept",
        "left out: files' pages or frames after the first (2, such as good/animated.gif)",
        "read: colour pictures of 16 bits, of which the upper 8 are kept (2, such as good/c16.png)",
    )


def test_sizes_that_differ_are_told_of(make: Maker) -> None:
    make.classes()
    Image.fromarray(make.pixels(120, 1, 1)).save(make.root / "good" / "one.png")
    data = load(make.root)
    assert data.train_images.shape[1:] == (64, 64, 1)
    assert data.notes == (
        "pictures are of several sizes, such as 12x12 and 1x1 pixels: all are stretched to 64x64 (see --size)",
    )
    assert load(make.root, size=(12, 12)).notes == ()


def test_a_large_picture_among_small_ones(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    make.classes()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)  # 300 are under twice that: Pillow warns
    Image.fromarray(make.pixels(120, 15, 20)).save(make.root / "good" / "big.png")
    assert "12x12 and 15x20 pixels" in load(make.root).notes[0]
    Image.new("1", (300, 300)).save(make.root / "good" / "bomb.png")
    refused(make, "bomb.png unpacks to more pixels", "bomb")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("zero.png", b"", "damaged or no picture"),
        ("dl.jpg", b"<html>403", "damaged or no picture"),
        ("phone.jpg", b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC or AVIF picture or a video; save it as JPEG or PNG"),
    ],
)
def test_files_that_only_seem_pictures(make: Maker, name: str, content: bytes, words: str) -> None:
    make.classes()
    make.text(f"good/{name}", content)
    refused(make, name, words)


def test_float_pixels(make: Maker) -> None:
    make.classes()
    Image.fromarray(make.pixels().astype(np.float32)).save(make.root / "good" / "f.tiff")
    refused(make, "f.tiff has floating-point pixels", "8 or 16 bits")


def test_a_picture_file_too_large(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    make.classes()
    monkeypatch.setattr("bnn.data.frames.MOST_BYTES", 1 << 20)
    make.text("good/huge.bmp", bytes((1 << 20) + 1))
    refused(make, "huge.bmp has more than 1 MiB")
