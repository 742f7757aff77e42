"""The cards of datasets/, and how they change the loading of a set."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bnn.data import load
from bnn.data.cards import Card, cards, checksum, read_card
from bnn.errors import UserError
from bnn.model.spec import SIZES
from bnn.training.augment import AUGMENTATIONS

DATASETS = Path(__file__).parents[2] / "datasets"


@pytest.mark.parametrize("name", ["biscuits", "bsdata", "lemon", "mnist", "pcb", "screws"])
def test_every_card_is_complete(name: str) -> None:
    card = cards()[name]
    assert card.name == name and card.title and card.origin and card.licence and card.split and card.floor_method
    assert len(card.classes) >= 2 and set(card.pictures) == {"train", "test"}
    assert card.color in ("gray", "rgb") and card.network in (None, *SIZES) and card.steps != 0
    assert set(card.augment) <= set(AUGMENTATIONS)
    assert len(card.size) == 2 and card.floor is not None and 0 < card.floor < 1
    assert card.checksum is None if name == "biscuits" else re.fullmatch("[0-9a-f]{64}", str(card.checksum))


GOOD = (DATASETS / "screws.toml").read_text().replace("color", "steps = 60\ncolor", 1)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("size = [32, 32]", "", "missing or unknown: size"),
        ("size = [32, 32]", "sizes = [32, 32]", "missing or unknown: size, sizes"),
        ("size = [32, 32]", "size = [32]", "size must be a list of 2"),
        ("size = [32, 32]", "size = [32, 4096]", "size = .*is not allowed"),
        ("size = [32, 32]", "size = 32", "size must be a list"),
        ("steps = 60", "steps = true", "steps is 'True' and must be of type int"),
        ("steps = 60", "steps = -3", "steps = '-3' is not allowed"),
        ("steps = 60", "steps = " + "9" * 5000, "not valid TOML"),
        ('color = "gray"', 'color = "blue"', "color = 'blue' is not allowed"),
        ('color = "gray"', 'color = "gray"\nnetwork = "../../x.toml"', "network = '../../x.toml' is not allowed"),
        ("train = 300", "train = -1", "pictures = .*is not allowed"),
        ("[floor]", "[[floor]]", "missing or unknown: floor"),
        ("accuracy = 0.90", "accuracy = nan", "floor = 'nan' is not allowed"),
        ('classes = ["missing", "present"]', 'classes = ["missing"]', "classes = .*is not allowed"),
        ('checksum = "aa', 'checksum = "zz', "checksum = .*is not allowed"),
        ("title = ", "title = [", "not valid TOML"),
        ("title = ", "x = " + "[" * 5000, "not valid TOML"),
        ("title", "\udcff", "no UTF-8 at byte 0"),
    ],
)
def test_a_damaged_card_is_refused_by_its_entry(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD
    (tmp_path / "screws.toml").write_text(GOOD.replace(old, new, 1), errors="surrogateescape")
    with pytest.raises(UserError, match=f"dataset card screws.toml.*{words}") as caught:
        read_card(tmp_path / "screws.toml")
    assert "\n" not in str(caught.value)


def test_a_card_that_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * (1 << 20) + b"\n")
    for name, words in (("pipe", "is no file"), ("large", "more than 1 MiB"), ("gone", "is no file")):
        with pytest.raises(UserError, match=words):
            read_card(tmp_path / f"{name}.toml")


def test_names_that_are_no_utf_8_have_a_checksum(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")).write_bytes(b"1")
    assert re.fullmatch("[0-9a-f]{64}", checksum(tmp_path))


def test_the_checksum_sees_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"1")
    before = checksum(tmp_path)
    (tmp_path / ".hidden").write_bytes(b"2")
    assert checksum(tmp_path) == before
    (tmp_path / "a" / "x").write_bytes(b"2")
    assert checksum(tmp_path) != before
    (tmp_path / "a" / "x").write_bytes(b"1")
    assert checksum(tmp_path) == before
    (tmp_path / "a" / "x").rename(tmp_path / "a" / "y")
    assert checksum(tmp_path) != before


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """$NEURALJET_DATA with a set "toys" of 12x10 pictures, whose card wants 16x8 RGB and classes not in order."""
    for label, name in enumerate(("alpha", "beta")):
        (tmp_path / "toys" / name).mkdir(parents=True)
        for index in range(4):
            pixels = np.full((12, 10), 10 * index + 100 * label, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "toys" / name / f"{index}.png")
    card = Card(
        name="toys", title="Toys", origin="here", licence="CC0", classes=("beta", "alpha"), split="none",
        pictures={"train": 6, "test": 2}, size=(16, 8), color="rgb", network="small", steps=1, augment=(),
        floor=0.5, floor_method="guess", checksum=checksum(tmp_path / "toys"),
    )  # fmt: skip
    monkeypatch.setattr("bnn.data.known_cards", lambda: {"toys": card})
    monkeypatch.setenv("NEURALJET_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.filterwarnings("error")
def test_a_card_gives_defaults(shelf: Path) -> None:
    data = load("toys")
    assert data.card is not None and data.card.title == "Toys"
    assert data.classes == ("beta", "alpha") and data.train_images.shape == (6, 16, 8, 3)
    assert data.train_images[data.train_labels == 0].min() >= 100
    assert load("toys", size=(10, 10), color="gray").train_images.shape[1:] == (10, 10, 1)
    assert load(shelf / "toys").card is data.card  # by path: the name and the checksum agree


def test_a_changed_set_is_warned_of_and_read(shelf: Path) -> None:
    extra = shelf / "toys" / "gamma"
    extra.mkdir()
    for index in range(2):
        Image.fromarray(np.full((12, 10), index, np.uint8)).save(extra / f"{index}.png")
    with pytest.warns(UserWarning, match="toys differs from what its card"):
        data = load("toys")
    assert data.classes == ("alpha", "beta", "gamma")
    assert load(shelf / "toys").card is None  # by path: another set of that name


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["bsdata", "lemon", "screws", "mnist"])
def test_the_real_sets_are_as_their_cards_say(name: str) -> None:
    base = os.environ.get("NEURALJET_DATA")
    if not base or not (Path(base) / name).is_dir():
        pytest.skip(f"{name} is not under $NEURALJET_DATA")
    data, card = load(name), cards()[name]
    assert data.card is card and data.classes == card.classes
    assert {"train": len(data.train_images), "test": len(data.test_images)} == card.pictures
    assert data.train_images.shape[1:3] == card.size
