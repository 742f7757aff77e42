"""heldout.json of a run or accelerator folder: margins and brightness of the test pictures, and no picture.

The network never learned from these pictures, so new ones of the same kind get margins like theirs.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint, decide
from bnn.storage.records import Record, check_seal, parse, parse_json, seal_of

FILE, FORMAT, VERSION = "heldout.json", "neuraljet-heldout", 1
MOST = 4096  # pictures of a class that are kept; of more, as many that stand evenly in their order
LARGEST = 1 << 62
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Group:
    """The held-out pictures that the network gives one class. Each list is sorted on its own."""

    margins: tuple[int, ...]  # best minus second best score
    brightness: tuple[int, ...]  # sum over all pixels and channels


@dataclass(frozen=True)
class HeldOut(Record):
    """The whole file."""

    format: str
    version: int
    model_sha256: str
    values: int  # pixels times channels of a picture: brightness / values is its mean
    classes: tuple[str, ...]
    groups: tuple[Group, ...]  # one per class
    seal: str = ""

    @classmethod
    def of(cls, model_sha256: str, classes: Sequence[str], values: int, bright: Ints, scores: Ints) -> "HeldOut":
        """Describe pictures of that many values whose brightness is `bright` [N] and that got scores [N, classes]."""
        found = decide(scores, OperatingPoint.neutral(len(classes)))
        members = [found.classes == index for index in range(len(classes))]
        groups = (Group(_kept(found.margins[here]), _kept(bright[here])) for here in members)
        return cls(FORMAT, VERSION, model_sha256, values, tuple(classes), tuple(groups))

    def to_json(self) -> str:
        """Return the text of the file, sealed."""
        content = asdict(self)
        return json.dumps({**content, "seal": seal_of(content)}, separators=(",", ":")) + "\n"

    def pictures(self) -> int:
        """Return how many pictures are described."""
        return sum(len(group.margins) for group in self.groups)


def brightness_of(images: NDArray[np.uint8]) -> Ints:
    """Return the sum over all pixels and channels of each picture [N, ...] -> [N]."""
    return images.reshape(len(images), -1).sum(axis=1, dtype=np.int64)


def _kept(values: Ints) -> tuple[int, ...]:
    ordered = np.sort(values)
    if len(ordered) > MOST:
        ordered = ordered[np.linspace(0, len(ordered) - 1, MOST).round().astype(np.int64)]
    return tuple(ordered.tolist())


def load(folder: str | Path, model_sha256: str, way_out: str) -> HeldOut:
    """Read the file in `folder`, or the file itself.

    way_out: how to make one, for messages. UserError when there is none, when it is damaged or not of this network.
    """
    path = Path(folder)
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise UserError(f"there is no {path}, which holds margins and brightness of the held-out pictures; {way_out}")
    try:
        found = read(path.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{path} is damaged ({error}); {way_out}") from None
    if found.model_sha256 != model_sha256:
        raise UserError(
            f"{path} is of another network: model hash {found.model_sha256[:12]} and not {model_sha256[:12]}; {way_out}"
        )
    return found


def read(data: bytes) -> HeldOut:
    """Return the content of the file. ValueError or TypeError when `of` would not write it."""
    content = parse_json(data)
    if not isinstance(content, dict) or (content.get("format"), content.get("version")) != (FORMAT, VERSION):
        raise ValueError(f"it is not of format '{FORMAT}', version {VERSION}")
    found: HeldOut = parse(HeldOut, content, "")
    check_seal(content)
    lists = [values for group in found.groups for values in (group.margins, group.brightness)]
    if len(found.groups) != len(found.classes) or not 0 < found.values <= LARGEST:
        raise ValueError("there must be a group for each class, and pixels")
    if any(len(group.margins) != len(group.brightness) for group in found.groups):
        raise ValueError("a picture has a margin and a brightness")
    if any(values and not 0 <= values[0] <= values[-1] <= LARGEST for values in lists) or any(
        list(values) != sorted(values) for values in lists
    ):
        raise ValueError("margins and brightness must be sorted, and from 0 on")
    return found


def beside(model: Path, model_sha256: str) -> bytes | None:
    """Return the file that lies beside a network's file when it is of that network; None otherwise."""
    path = model.with_name(FILE)
    try:
        data = path.read_bytes() if path.is_file() else b""
        return data if data and read(data).model_sha256 == model_sha256 else None
    except (OSError, ValueError, TypeError):
        return None
