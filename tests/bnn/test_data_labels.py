"""Tables of labels: what they say of each picture, how they may be written, and every refusal."""

from pathlib import Path

import numpy as np
import pytest

from bnn.data import DataSource, load, load_again
from bnn.errors import UserError
from tests.support.pictures import Maker, counts


@pytest.fixture
def table(make: Maker) -> Path:
    """Make 16 pictures in one folder and a table of two classes and four lots."""
    make.put(*(f"p{i:02}.png" for i in range(16)))
    rows = [f"p{i:02}.png,{'gut' if i % 2 else 'nicht gut'},lot{i // 4}" for i in range(16)]
    make.text("labels.csv", "\n".join(["path,class,lot", *rows]) + "\n")
    return make.root / "labels.csv"


def refused(make: Maker, labels: Path, match: str, **options: str) -> None:
    with pytest.raises(UserError, match=match) as caught:
        load(make.root, labels=labels, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_classes_are_those_of_the_table(make: Maker, table: Path) -> None:
    make.put("other.png")
    data = load(make.root, labels=table)
    assert data.classes == ("gut", "nicht gut") and counts(data) == ([6, 6], [2, 2], None)
    for name, label in zip(data.train_names, data.train_labels, strict=True):
        assert data.classes[label] == ("gut" if int(name[1:3]) % 2 else "nicht gut")
    assert data.notes[0] == "classes are those of labels.csv, and folders mean nothing"
    assert "left out: pictures that labels.csv does not name (1: other.png)" in data.notes


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_how_programs_write_tables(make: Maker, table: Path, separator: str, encoding: str) -> None:
    text = table.read_text().replace(",", separator).replace("nicht gut", '"ä;b,c"').replace("\n", "\r\n")
    table.write_bytes((text + "\r\n").encode(encoding))
    assert load(make.root, labels=table).classes == ("gut", "ä;b,c")


def test_sides_of_the_table_are_kept(make: Maker, table: Path) -> None:
    rows = table.read_text().split()
    sides = ["split", *(["train"] * 8 + ["Val"] * 4 + ["TEST"] * 4)]
    lines = table.read_text().splitlines()
    table.write_text("\n".join(f"{line},{side}" for line, side in zip(lines, sides, strict=True)))
    data = load(make.root, labels=table)
    assert (
        rows
        and counts(data) == ([4, 4], [2, 2], [2, 2])
        and data.validation_names == tuple(f"p{i:02}.png" for i in range(8, 12))
    )
    table.write_text(table.read_text().replace("TEST", "train"))
    assert counts(load(make.root, labels=table)) == ([6, 6], [2, 2], None)
    table.write_text(table.read_text().replace("Val", "later"))
    refused(make, table, "line 10: split is 'later'; write train, validation or test")
    table.write_text(table.read_text().replace("later", "train"))
    refused(make, table, "has only train in its column split")


def test_paths_begin_at_the_pictures_or_at_the_table(make: Maker, table: Path, tmp_path: Path) -> None:
    before = load(make.root, labels=table)
    elsewhere = tmp_path / "tables"
    elsewhere.mkdir()
    there = elsewhere / "labels.csv"
    there.write_text(table.read_text())
    assert load(make.root, labels=there).train_names == before.train_names
    there.write_text(table.read_text().replace("p0", f"..\\{make.root.name}\\p0"))
    assert load(make.root, labels=there).train_names == before.train_names


def test_accents_that_are_stored_in_two_ways(make: Maker, table: Path) -> None:
    (make.root / "p00.png").rename(make.root / "scho\u0308n.png")
    table.write_text(table.read_text().replace("p00.png", "sch\u00f6n.png"))
    data = load(make.root, labels=table)
    assert "scho\u0308n.png" in data.train_names + data.test_names


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("path,", "where,", r"no column path \(columns: where, class, lot\); it needs a row of names first"),
        ("path,class,lot\n", "", r"no column path and no column class \(columns: p00.png, nicht gut, lot0\)"),
        ("class,lot", "label,class", r"(?s)^(?!.*two columns)"),
        ("lot\n", "class\n", "two columns for the class"),
        ("path,class,lot", "path,class,path", "two columns for the path"),
        ("p03.png", "p02.png", "line 5: p02.png is on line 4 too"),
        ("p03.png", "./p02.png", "line 5: p02.png is on line 4 too"),
        ("p03.png", "gone.png", "line 5: there is no picture gone.png in .*paths begin at that folder"),
        ("p03.png", "", "line 5 has no path"),
        ("p03.png,gut", "p03.png,", "line 5 has no class; write one"),
        ("p03.png,gut", "p03.png, ", "line 5 has no class; write one"),
        ("p03.png,gut", "p03.png,a\u202eb", "line 5: class .* is not allowed: it holds '.u202e'"),
        ("p03.png,gut", "p03.png,gut,x", "line 5 has 4 columns and line 1 3"),
        ("p03.png,gut", 'p03.png,"gut', "is not CSV"),
        ("nicht gut", "gut", "has only one class"),
    ],
)
def test_tables_that_cannot_be(make: Maker, table: Path, old: str, new: str, match: str) -> None:
    text = table.read_text()
    assert old in text
    table.write_text(text.replace(old, new))
    if match.startswith("(?s)"):
        assert load(make.root, labels=table).classes  # the exact name wins over another that means the same
    else:
        refused(make, table, match)


def test_files_that_are_no_tables(make: Maker, table: Path, tmp_path: Path) -> None:
    refused(make, tmp_path / "gone.csv", "--labels .*gone.csv cannot be read .No such file")
    refused(make, make.root, "cannot be read|no file")
    table.write_bytes(table.read_text().replace("gut", "schön").encode("latin-1"))
    refused(make, table, "is not UTF-8 at byte .*CSV UTF-8")
    table.write_bytes("path,class\n".encode("utf-16"))
    refused(make, table, "is not UTF-8")
    table.write_text("")
    refused(make, table, r"no column path and no column class \(columns: none\)")
    table.write_text("path,class\n\n")
    refused(make, table, "a row of names and no picture")


def test_pictures_stay_inside(make: Maker, table: Path, tmp_path: Path) -> None:
    outside = Maker(tmp_path / "outside")
    outside.put("x.png")
    table.write_text(table.read_text().replace("p03.png", "../outside/x.png"))
    refused(make, table, "x.png is outside .*; give the folder that holds all pictures")
    table.write_text(table.read_text().replace("../outside/x.png", str(tmp_path / "outside" / "x.png")))
    refused(make, table, "x.png is outside")


def test_a_training_finds_its_pictures_again(make: Maker, table: Path) -> None:
    data = load(make.root, labels=table, group_by="lot")
    source = DataSource(str(make.root), data.train_images.shape[1:3], "gray", 0, labels=str(table), group_by="lot")
    again = load_again(source, (12, 12), "gray")
    assert again.digest == data.digest and again.test_names == data.test_names


def test_sets_that_are_no_files_have_no_tables(table: Path) -> None:
    for option in ({"labels": table}, {"group_by": "x"}):
        with pytest.raises(UserError, match="is for pictures that are files, and biscuits are drawn; leave it out"):
            load("biscuits", **option)


def test_groups_of_a_column(make: Maker, table: Path) -> None:
    for seed in range(8):
        data = load(make.root, labels=table, group_by="LOT", seed=seed)
        lots = [{int(name[1:3]) // 4 for name in names} for names in (data.train_names, data.test_names)]
        assert not lots[0] & lots[1] and counts(data) == ([6, 6], [2, 2], None)
        assert data.train_groups is not None and len(np.unique(data.train_groups)) == 3
    assert "the column lot makes 4 groups, and each stays on one side" in "; ".join(data.notes)
    refused(
        make, table, "lott does not name a group in any .*columns of the table are path, class, lot", group_by="lott"
    )


def test_a_column_called_group_counts_by_itself(make: Maker, table: Path) -> None:
    table.write_text(table.read_text().replace("lot\n", "group\n").replace("p15.png,gut,lot3", "p15.png,gut,"))
    data = load(make.root, labels=table)
    assert data.train_groups is not None
    assert "read: pictures without a group, each on its own (1: p15.png)" in data.notes
