"""Where the pictures of a network come from, as it stands in run.json and in the exported model."""

from dataclasses import dataclass, field, replace
from typing import Any

from bnn.camera import Camera
from bnn.data.pictures import LARGEST, SMALLEST
from bnn.storage.records import OPTIONAL, optional, parse

MOST_SEED = 2**31 - 1


@dataclass(frozen=True)
class DataSource:
    """What `bnn.data.load` needs to read the same pictures again."""

    source: str  # the name of a known set, or an absolute path
    size: tuple[int, int] | None = optional(None)  # height, width
    color: str | None = optional(None)  # gray or rgb
    seed: int | None = optional(None)  # of the split, and of the rendering of biscuits
    bits: int | None = optional(None)  # that 16-bit pictures use (bnn.data.pictures.depth); None: none has 16
    labels: str | None = optional(None)  # the absolute path of the table that names the classes
    group_by: str | None = optional(None)  # what says which pictures belong together
    window: int | None = optional(None)  # side of what is cut from each tile (bnn.data.crops); None: whole pictures
    camera: Camera | None = field(default=None, metadata={OPTIONAL: True})  # whose frames the pictures are

    def anywhere(self) -> "DataSource":
        """Return the same without its places and its bits: whether pictures are the same is told by their digest."""
        return replace(self, source="", labels=None, bits=None)


def parse_source(content: Any) -> DataSource | None:
    """Return the source that a JSON object describes, as training wrote it; None when the object is empty.

    ValueError when it describes none.
    """
    if content == {}:
        return None
    try:
        source: DataSource = parse(DataSource, content, "data")
    except TypeError as error:
        raise ValueError(f"data does not say where pictures are ({error})") from None
    if not source.source or "\0" in source.source:
        raise ValueError("data does not say where pictures are (data.source is no name)")
    if source.labels is not None and (not source.labels or "\0" in source.labels):
        raise ValueError("data does not say where the labels are (data.labels is no name)")
    if source.seed is not None and not 0 <= source.seed <= MOST_SEED:
        raise ValueError(f"data.seed is {str(source.seed)[:40]} and must be from 0 to {MOST_SEED}")
    if source.bits is not None and not 8 <= source.bits <= 16:
        raise ValueError(f"data.bits is {str(source.bits)[:40]} and must be from 8 to 16")
    if source.window is not None and not SMALLEST <= source.window <= LARGEST:
        raise ValueError(f"data.window is {str(source.window)[:40]} and must be from {SMALLEST} to {LARGEST}")
    return source
