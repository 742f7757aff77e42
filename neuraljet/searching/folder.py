"""The folder of a search: what was asked, what was settled at its beginning, and how long it has worked.

STUDY/  search.json     this
        trials.journal  Optuna's study, unless a database holds it
        front.csv       the networks that no other one beats in accuracy and sites (neuraljet.searching.front)
        front.html      the same as a page
        networks/       their TOML files, for `train --network`
        best/           the run of the best one
        next/           while it trains; then it becomes best/
        wider-NUMBER.safetensors  before that, of one that begins too large: a checkpoint, or all it has learned
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bnn.errors import UserError
from bnn.model.budget import Budget
from bnn.model.spec import NetworkSpec
from bnn.storage.files import lock, new_folder, write_file
from bnn.storage.folders import Kind
from bnn.storage.names import printable
from bnn.storage.records import Record, entries, parse, parse_json, seal_of
from bnn.training.config import TrainConfig
from bnn.training.runs import RUN
from neuraljet.searching.trial import Pictures

FILE, FORMAT, VERSION = "search.json", "neuraljet-search", 1
BEST, NEXT, NETWORKS, FRONT, PAGE = "best", "next", "networks", "front.csv", "front.html"
WIDER = "wider-{}.safetensors"  # a trial's number
KIND = Kind(
    FILE,
    FORMAT,
    later=("trials.journal", FRONT, PAGE, f"{NETWORKS}/*.toml", WIDER.format("*")),
    scratch=(NETWORKS,),
    folders=((BEST, RUN), (NEXT, RUN)),
)


@dataclass(frozen=True)
class Request:
    """What a search was asked for; how long it may take is none of it."""

    pictures: Pictures
    budget: Budget
    config: TrainConfig  # of the whole training; its augmentation is settled at the beginning
    method: str

    def key(self) -> str:
        """Return what equal searches share on every machine, wherever their pictures lie."""
        source = entries(self.pictures.source.anywhere())
        content = {**entries(self), "pictures": [source, self.pictures.sha256]}
        return seal_of(content)


@dataclass(frozen=True)
class Beginning:
    """What was settled before the first trial."""

    default: NetworkSpec  # what would be trained without a search
    augment: tuple[str, ...]


@dataclass(frozen=True)
class Searched(Record):
    """The content of search.json."""

    format: str
    version: int
    request: Request
    driver: str  # whose trials are those of this folder
    storage: str  # JOURNAL or DATABASE
    seconds: float = 0.0  # that searches in this folder have taken
    beginning: Beginning | None = None


JOURNAL, DATABASE = "journal", "database"


class Folder:
    """The folder of a search, held by this process."""

    def __init__(self, path: Path, content: Searched) -> None:
        self.path, self.content = path, content

    def keep(self, **changes: Any) -> None:
        """Write changed entries of search.json."""
        self.content = replace(self.content, **changes)
        write_file(self.path / FILE, self.content.to_json())


@contextmanager
def opened_folder(path: Path, request: Request, database: bool) -> Iterator[Folder]:
    """Make the folder of a search, or go on with the one that is there; hold it while the block lasts.

    UserError when `path` holds anything else, or a search of something else; and when another process holds it.
    """
    path = Path(path)
    storage = DATABASE if database else JOURNAL
    if path.exists() and not path.is_dir():
        raise UserError(f"--out {path} is a file; choose a folder for the search")
    if path.is_dir() and not (path / FILE).exists() and any(path.iterdir()):
        raise UserError(f"--out {path} holds files that are no search (no {FILE} there); choose an empty or new folder")
    with lock(path):
        if not (path / FILE).exists():
            content = Searched(FORMAT, VERSION, request, uuid.uuid4().hex, storage)
            with new_folder(path, KIND) as made:
                write_file(made / FILE, content.to_json())
        else:
            content = read(path)
            _compare(path, content, request, storage)
        yield Folder(path, content)


def read(path: Path) -> Searched:
    """Return what search.json says. UserError when it is damaged or of another version."""
    try:
        content = parse_json((path / FILE).read_bytes())
        if not isinstance(content, dict) or content.get("format") != FORMAT or content.get("version") != VERSION:
            raise ValueError(f"it is not of the format {FORMAT!r}, version {VERSION}")
        found: Searched = parse(Searched, content, "")
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"{path / FILE} is damaged or not ours ({str(error)[:200]}); begin another search (--out)"
        ) from None
    return found


def _compare(path: Path, found: Searched, asked: Request, storage: str) -> None:
    before, now = (_flat({**entries(r), "pictures": r.pictures.sha256}) for r in (found.request, asked))
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            what = f"{name}: {printable(before.get(name))[:60]} against {printable(now.get(name))[:60]}"
            raise UserError(f"{path} holds another search ({what}); give the same options, or another --out")
    if found.storage != storage:
        way = "give the same --storage" if found.storage == DATABASE else "leave --storage out"
        raise UserError(f"the trials of {path} are in a {found.storage}; {way}, or choose another --out")


def _flat(content: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in content.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return found
