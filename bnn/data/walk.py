"""What lies below a folder: pictures, and what is passed over and why.

Links to files and folders are followed. Nothing but regular files is ever opened: a named pipe would wait for ever.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bnn.data import pictures
from bnn.data.notes import Notes
from bnn.errors import UserError
from bnn.storage.names import one_form, printable

MOST_FILES = 1_000_000
_DEEPEST = 32
_SYSTEM_FOLDERS = {
    "@eadir": "folders of thumbnails that a NAS made", "#recycle": "folders of deleted files",
    "__macosx": "folders that macOS packs into archives", "$recycle.bin": "folders of deleted files",
    "system volume information": "folders of the operating system", "lost+found": "folders of the operating system",
    "__pycache__": "folders of programs", ".ipynb_checkpoints": "copies that Jupyter keeps",
}  # fmt: skip
_SYSTEM_FILES = {"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"}
_FOREIGN = {
    "HEIC or AVIF pictures, to be saved as JPEG or PNG": ".heic .heif .hif .avif .jxl",
    "drawings or documents, to be saved as PNG": ".svg .pdf .eps .ps .ai .wmf .emf .doc .docx .ppt .pptx",
    "raw files of cameras, to be developed to TIFF or PNG": ".raw .cr2 .cr3 .nef .arw .dng .rw2 .orf .raf .pef .srw",
    "videos, to be saved as single frames": ".mp4 .avi .mov .mkv .webm .m4v .mpg .mpeg .wmv",
    "arrays, to be saved as one PNG per picture": ".npy .npz .mat .h5 .hdf5 .tfrecord .tfrecords .parquet .pkl",
    "archives, to be unpacked": ".zip .tar .gz .tgz .bz2 .xz .7z .rar",
}
_FOREIGN_SUFFIX = {suffix: reason for reason, ends in _FOREIGN.items() for suffix in ends.split()}
_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
_MASK_ENDS = ("_gt", "_mask", "_label", "_segmentation")


@dataclass
class Folder:
    """A folder with what counts in it; system files and what cannot be read are gone already."""

    path: Path
    pictures: list[Path] = field(default_factory=list)  # directly in it, sorted
    folders: dict[str, "Folder"] = field(default_factory=dict)  # by name, sorted
    foreign: dict[Path, str] = field(default_factory=dict)  # pictures of a kind that is not read -> that kind
    not_pictures: list[Path] = field(default_factory=list)

    def below(self) -> Iterator["Folder"]:
        """Yield this folder and all below it."""
        yield self
        for folder in self.folders.values():
            yield from folder.below()

    def all_pictures(self) -> list[Path]:
        """Return every picture below, sorted by path."""
        return sorted(path for folder in self.below() for path in folder.pictures)

    def any_picture(self) -> Path | None:
        """Return one picture below, if there is any."""
        return next((path for folder in self.below() for path in folder.pictures), None)

    def filled(self) -> dict[str, "Folder"]:
        """Return the folders directly below that hold a picture somewhere."""
        return {name: folder for name, folder in self.folders.items() if folder.any_picture()}


def scan(root: Path, notes: Notes, *, strict: bool = True) -> Folder:
    """Walk through `root`. Raises UserError for too many files, and for a link to nothing that looks like a picture.

    strict: False to count such a link among the foreign files instead.
    """
    return _Walk(notes, strict).folder(root, ())


class _Walk:
    def __init__(self, notes: Notes, strict: bool) -> None:
        self.notes, self.strict = notes, strict
        self.count = 0

    def folder(self, path: Path, above: tuple[tuple[int, int], ...]) -> Folder:
        """Scan `path`; `above` identifies the folders that lead to it, so that a link cannot lead back."""
        status = path.stat()
        here = (*above, (status.st_dev, status.st_ino))
        found = Folder(path)
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            self.count += 1
            if self.count > MOST_FILES:
                raise UserError(
                    f"{printable(self.notes.root)} has more than {MOST_FILES:,} files below it; give the folder that "
                    "holds the class folders"
                )
            self._entry(found, path / name, here)
        _drop_masks(found, self.notes)
        return found

    def _entry(self, found: Folder, path: Path, here: tuple[tuple[int, int], ...]) -> None:
        name = path.name.casefold()
        if name in _SYSTEM_FOLDERS:
            self.notes.leave(_SYSTEM_FOLDERS[name], path)
            return
        if name.startswith("._"):
            self.notes.leave("files that macOS writes beside others", path)
            return
        if name.startswith(".") or name in _SYSTEM_FILES:
            self.notes.leave("hidden or system files or folders", path)
            return
        try:
            status = path.stat()
        except OSError as error:
            if not pictures.named_like_one(path):
                self.notes.leave("links to nothing", path)
            elif self.strict:
                raise UserError(
                    f"{printable(path)} cannot be read ({error.strerror}{', a link to nothing' * path.is_symlink()}); "
                    "mend or remove it"
                ) from None
            else:
                found.foreign[path] = "files that cannot be read"
            return
        if stat.S_ISDIR(status.st_mode):
            if (status.st_dev, status.st_ino) in here:
                self.notes.leave("links to a folder that they lie in", path)
            elif len(here) >= _DEEPEST:
                self.notes.leave(f"folders more than {_DEEPEST} deep", path)
            else:
                name = one_form(path.name)
                if name in found.folders:
                    raise UserError(
                        f"{printable(path.parent)} has two folders called {printable(name)}, whose accents are stored "
                        "differently; put their pictures into one"
                    )
                found.folders[name] = self.folder(path, here)
        elif not stat.S_ISREG(status.st_mode):
            self.notes.leave("named pipes, sockets or devices", path)
        elif pictures.named_like_one(path):
            found.pictures.append(path)
        elif path.suffix.lower() in _FOREIGN_SUFFIX:
            reason = _FOREIGN_SUFFIX[path.suffix.lower()]
            found.foreign[path] = reason
            self.notes.leave(reason, path)
        elif _begins_like_one(path):
            self.notes.take("files whose names do not say that they are pictures", path)
            found.pictures.append(path)
        else:
            found.not_pictures.append(path)
            self.notes.leave("files that are no pictures", path)


def _begins_like_one(path: Path) -> bool:
    try:
        head = read_regular(path, 12)
    except (OSError, UserError):
        return False
    return head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:] == b"WEBP")


def _drop_masks(found: Folder, notes: Notes) -> None:
    """Leave out x_mask.png where x.png lies beside it."""
    stems = {path.stem.casefold() for path in found.pictures}
    masks = [
        path
        for path in found.pictures
        if any(path.stem.casefold().endswith(end) and path.stem.casefold()[: -len(end)] in stems for end in _MASK_ENDS)
    ]
    for path in masks:
        found.pictures.remove(path)
        notes.leave("masks beside their pictures", path)


def read_regular(path: Path, most: int) -> bytes:
    """Return at most `most` bytes of a regular file.

    Anything else, even when it took the file's place just now, raises UserError before a byte is waited for.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UserError(f"{printable(path)} is a pipe, socket or device and no file; remove it")
        return file.read(most)
