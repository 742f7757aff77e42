"""Picture files of all kinds: which values they give, and which are refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from bnn.data import load, pictures
from bnn.errors import UserError

GRADIENT = np.arange(12 * 16, dtype=np.uint8).reshape(12, 16)


def read(path: Path) -> np.ndarray:
    return pictures.decode(path.read_bytes(), path)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".pgm", ".gif", ".webp", ".tga", ".PNG"])
def test_lossless_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    Image.fromarray(GRADIENT).save(path, **({"lossless": True} if suffix == ".webp" else {}))
    assert suffix.lower() in pictures.suffixes()
    assert np.array_equal(read(path), GRADIENT)


def test_jpeg(tmp_path: Path) -> None:
    Image.fromarray(GRADIENT).save(tmp_path / "x.jpg", quality=100)
    assert np.abs(read(tmp_path / "x.jpg").astype(int) - GRADIENT).max() < 10


def test_color_is_kept_and_gray_stored_as_color_is_gray(tmp_path: Path) -> None:
    color = np.stack([GRADIENT, GRADIENT[::-1], GRADIENT // 2], axis=2)
    Image.fromarray(color).save(tmp_path / "c.png")
    assert np.array_equal(read(tmp_path / "c.png"), color)
    Image.fromarray(GRADIENT).convert("RGB").save(tmp_path / "g.png")
    assert np.array_equal(read(tmp_path / "g.png"), GRADIENT)


def test_palette_and_bilevel(tmp_path: Path) -> None:
    two = Image.fromarray(GRADIENT).convert("1", dither=Image.Dither.NONE)
    two.save(tmp_path / "b.png")
    assert np.array_equal(read(tmp_path / "b.png"), np.where(GRADIENT > 127, 255, 0))
    palette = Image.fromarray((GRADIENT % 2).astype(np.uint8)).convert("P")
    palette.putpalette([10, 20, 30, 200, 100, 50])
    palette.save(tmp_path / "p.png")
    assert np.array_equal(read(tmp_path / "p.png"), np.array([[10, 20, 30], [200, 100, 50]])[GRADIENT % 2])


def test_transparency_is_laid_over_white(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:4] = (200, 10, 20, 255)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    expected = np.full((8, 8, 3), 255)
    expected[:4] = (200, 10, 20)
    assert np.array_equal(read(tmp_path / "x.png"), expected)


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: a quarter turn clockwise makes the picture upright
    Image.fromarray(GRADIENT).save(tmp_path / "x.png", exif=exif)
    assert np.array_equal(read(tmp_path / "x.png"), np.rot90(GRADIENT, -1))


def two_classes(root: Path, first: np.ndarray, second: np.ndarray, suffix: str = ".png") -> Path:
    for name, pixels in (("a", first), ("b", second)):
        for index in range(2):
            (root / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels + pixels.dtype.type(index)).save(root / name / f"{index}{suffix}")
    return root


@pytest.mark.parametrize(("bits", "suffix"), [(8, ".png"), (10, ".png"), (12, ".tif"), (14, ".png"), (16, ".tif")])
def test_deep_pictures_keep_their_top_bits(tmp_path: Path, bits: int, suffix: str) -> None:
    top = np.full((8, 8), (1 << bits) - 2, np.uint16)
    data = load(two_classes(tmp_path, top, top // 2, suffix))
    values = {int(v) for side in (data.train_images, data.test_images) for v in side.ravel()}
    assert values == {(v + i) >> (bits - 8) for v in (int(top[0, 0]), int(top[0, 0]) // 2) for i in range(2)}


def test_deep_pictures_are_scaled(tmp_path: Path) -> None:
    steps = np.repeat(np.repeat(np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000, 2, 0), 2, 1)
    data = load(two_classes(tmp_path, steps, steps + np.uint16(7)), size=(8, 8))
    assert data.train_images.shape[1:] == (8, 8, 1)
    first = next(p for p, name in zip(data.train_images, data.train_names, strict=True) if name.startswith("a/"))
    assert abs(int(first[4, 4, 0]) - (36_000 >> 8)) <= 4 and first[7, 7, 0] > 235


def test_color_of_a_set(tmp_path: Path) -> None:
    gray = np.stack([GRADIENT] * 3, axis=2)
    assert load(two_classes(tmp_path / "gray", gray, gray + np.uint8(9))).train_images.shape[3] == 1
    color = gray.copy()
    color[..., 1] //= 2
    mixed = two_classes(tmp_path / "mixed", gray, color)
    data = load(mixed)
    assert data.train_images.shape[3] == 3
    assert np.array_equal(data.train_images[0, ..., 0], data.train_images[0, ..., 2])  # of class a: gray
    assert load(mixed, color="gray").train_images.shape[3] == 1
    assert load(tmp_path / "gray", color="rgb").train_images.shape[3] == 3
    luma = np.asarray(Image.open(mixed / "b" / "0.png").convert("L"))
    every = load(mixed, color="gray")
    assert any(np.array_equal(p[..., 0], luma) for side in (every.train_images, every.test_images) for p in side)


def test_scaling_averages(tmp_path: Path) -> None:
    board = (np.indices((16, 16)).sum(0) % 2 * 255).astype(np.uint8)
    small = pictures.resize(board, (8, 8))
    assert small.shape == (8, 8) and abs(int(small[4, 4]) - 127) <= 2


@pytest.mark.filterwarnings("ignore")  # Pillow warns about metadata that it skips
@pytest.mark.parametrize("keep", [0, 5, 60, 0.5, 0.9])
def test_truncated_pictures(tmp_path: Path, keep: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)
    for suffix in (".png", ".jpg", ".tif", ".bmp"):
        path = tmp_path / f"cut{suffix}"
        Image.fromarray(noise).save(path)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(keep * len(whole)) if isinstance(keep, float) else keep])
        with pytest.raises(UserError, match=f"cut{suffix} is damaged or no picture.*replace or remove it"):
            read(path)


@pytest.mark.filterwarnings("ignore")  # Pillow warns about metadata that it skips
def test_damaged_bytes_never_crash(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    for suffix in (".png", ".jpg", ".tif", ".gif", ".bmp", ".tga", ".ppm"):
        path = tmp_path / f"x{suffix}"
        Image.fromarray(GRADIENT).convert("RGB").save(path)
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(60):
            hurt = whole.copy()
            hurt[generator.integers(0, len(hurt), 6)] = generator.integers(0, 256, 6)
            try:
                assert pictures.decode(hurt.tobytes(), path).dtype in (np.uint8, np.uint16)
            except UserError as error:
                assert path.name in str(error)


def test_no_picture_at_all(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("<html>404</html>")
    with pytest.raises(UserError, match=r"x.png is damaged or no picture; replace or remove it"):
        read(tmp_path / "x.png")
    (tmp_path / "x.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    assert ".eps" not in pictures.suffixes()  # reading one would start ghostscript
    with pytest.raises(UserError, match="no picture"):
        read(tmp_path / "x.eps")


def test_a_picture_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(GRADIENT).save(tmp_path / "x.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    with pytest.raises(UserError, match=r"x.png unpacks to more pixels"):
        read(tmp_path / "x.png")


def test_a_text_bomb(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "x" * 5_000_000, zip=True)
    Image.fromarray(GRADIENT).save(tmp_path / "x.png", pnginfo=info)
    with pytest.raises(UserError, match=r"x.png is damaged"):
        read(tmp_path / "x.png")


def test_pixels_that_are_not_8_or_16_bits(tmp_path: Path) -> None:
    Image.fromarray(GRADIENT.astype(np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(UserError, match=r"floating-point.*8 or 16 bits"):
        read(tmp_path / "f.tif")
    Image.fromarray(GRADIENT.astype(np.int32) * 1000).save(tmp_path / "i.tif")
    with pytest.raises(UserError, match=r"outside 0..65535.*8 or 16 bits"):
        read(tmp_path / "i.tif")
