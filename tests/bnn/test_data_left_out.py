"""Other files in folders of pictures are read, left out with a note, or refused by a sentence."""

import os
import shutil
import socket
from pathlib import Path

import pytest

from bnn.data import load, walk
from bnn.errors import UserError
from tests.support.pictures import Maker, counts, refused


def test_thumbnails_beside_pictures(make: Maker) -> None:
    make.classes()
    make.many("good/thumbs")
    data = load(make.root)
    assert counts(data) == ([3, 3], [1, 1], None)
    assert data.notes == ("left out: thumbnails in folders inside class folders (4, such as good/thumbs)",)


def test_archives_alone(make: Maker) -> None:
    make.text("good.zip", b"PK\3\4")
    refused(make, "no picture that can be read, only archives, to be unpacked")


def test_what_systems_and_programs_leave_behind(make: Maker) -> None:
    make.classes()
    make.classes(".ipynb_checkpoints")
    make.put("good/.ipynb_checkpoints/0-checkpoint.png", "good/@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg")
    for name in ("good/._0.png", "__MACOSX/good/._0.png", ".DS_Store", "good/Thumbs.db", "desktop.ini"):
        make.text(name, b"\0\5\x16\7junk")
    data = load(make.root)
    assert data.classes == ("bad", "good") and counts(data) == ([3, 3], [1, 1], None)
    assert data.notes == (
        "left out: hidden or system files or folders (3, such as .DS_Store)",
        "left out: copies that Jupyter keeps (2, such as .ipynb_checkpoints)",
        "left out: folders that macOS packs into archives (1: __MACOSX)",
        "left out: files that macOS writes beside others (1: good/._0.png)",
        "left out: folders of thumbnails that a NAS made (1: good/@eaDir)",
    )


def test_other_files_are_told_of(make: Maker) -> None:
    make.classes()
    for name in ("README.md", "labels.csv", "docs/a.txt"):
        make.text(name)
    make.text("good/IMG_1.HEIC", b"\0\0\0\x18ftypheic")
    make.text("good/a.svg", "<svg/>")
    make.text("good/a.pdf", b"%PDF-1.4")
    make.text("bad/film.mp4")
    make.text("more.zip", b"PK\3\4")
    make.put("top.png", "good/3_mask.png")
    Path(make.root / "bad" / "0.png").rename(make.root / "bad" / "without_an_ending")
    data = load(make.root)
    assert counts(data) == ([3, 3], [1, 1], None)
    assert data.notes == (
        "left out: files that are no pictures (3, such as README.md)",
        "left out: videos, to be saved as single frames (1: bad/film.mp4)",
        "read: files whose names do not say that they are pictures (1: bad/without_an_ending)",
        "left out: HEIC or AVIF pictures, to be saved as JPEG or PNG (1: good/IMG_1.HEIC)",
        "left out: drawings or documents, to be saved as PNG (2, such as good/a.pdf)",
        "left out: masks beside their pictures (1: good/3_mask.png)",
        "left out: archives, to be unpacked (1: more.zip)",
        "left out: folders without a picture (1: docs)",
        "left out: pictures beside the class folders (1: top.png)",
    )


def test_a_class_of_files_that_are_not_read(make: Maker) -> None:
    make.classes()
    make.text("ugly/IMG_1.HEIC")
    refused(make, "ugly has no picture that can be read, only HEIC")
    shutil.rmtree(make.root)
    make.text("good/IMG_1.HEIC")
    refused(make, "no picture that can be read, only HEIC")


def test_odd_names_of_classes_and_files(make: Maker) -> None:
    make.classes(good="👍", bad="👎")
    assert load(make.root).classes == ("👍", "👎")
    shutil.rmtree(make.root)
    make.classes(good="0", bad="1")
    make.put("0/a\nb.png", "0/ä ö.png")
    make.text("0/line\nbreak.txt")
    os.rename(make.root / "0" / "0.png", os.fsencode(make.root / "0") + b"/\xff.png")  # no UTF-8
    data = load(make.root)
    assert data.classes == ("0", "1") and counts(data) == ([4, 3], [2, 1], None)
    assert data.notes == ("left out: files that are no pictures (1: 0/line\\nbreak.txt)",)


def test_links(make: Maker, tmp_path: Path) -> None:
    make.classes()
    (make.root / "good").rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", make.root / "good")
    os.symlink("..", make.root / "bad" / "up")
    os.symlink(make.root, make.root / "bad" / "round")
    os.symlink("/nowhere.txt", make.root / "bad" / "gone.txt")
    make.put("more/a.png", "more/b.png")
    (make.root / "more").rename(tmp_path / "more")
    os.symlink(tmp_path / "more", make.root / "bad" / "further")
    data = load(make.root)
    assert data.classes == ("bad", "good") and counts(data)[0] == [4, 3]
    assert data.notes == (
        "left out: links to nothing (1: bad/gone.txt)",
        "left out: links to a folder that they lie in (2, such as bad/round)",
        "read: pictures in folders inside class folders, as of the class outside (2, such as bad/further/a.png)",
    )
    os.symlink("/nowhere.png", make.root / "bad" / "gone.png")
    refused(make, "gone.png cannot be read", "a link to nothing")


def test_pipes_sockets_and_devices_are_not_opened(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    make.classes()
    os.mkfifo(make.root / "good" / "pipe.png")
    os.mkfifo(make.root / "good" / "pipe")
    os.symlink("/dev/zero", make.root / "good" / "device.png")
    monkeypatch.chdir(make.root / "bad")  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as ear:
        ear.bind("socket.png")
        data = load(make.root)
    assert counts(data) == ([3, 3], [1, 1], None)
    assert data.notes == ("left out: named pipes, sockets or devices (4, such as bad/socket.png)",)
    with pytest.raises(UserError, match=r"pipe.png is a pipe, socket or device"):
        walk.read_regular(make.root / "good" / "pipe.png", 1)


def test_too_many_files(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    make.classes()
    monkeypatch.setattr(walk, "MOST_FILES", 9)
    refused(make, "more than 9 files below it")


def test_a_folder_that_may_only_be_read(make: Maker) -> None:
    make.classes()
    make.root.chmod(0o555)
    assert load(make.root).classes == ("bad", "good")
    make.root.chmod(0o755)
