"""Where the pictures of a network come from, as it stands in run.json and in the exported model."""

from dataclasses import dataclass, replace

from bnn.storage.records import optional


@dataclass(frozen=True)
class DataSource:
    """What `bnn.data.load` needs to read the same pictures again."""

    source: str  # the name of a known set, or an absolute path
    size: tuple[int, int] | None = optional(None)  # height, width
    color: str | None = optional(None)  # gray or rgb
    seed: int | None = optional(None)  # of the split, and of the rendering of biscuits

    def anywhere(self) -> "DataSource":
        """Return the same without its place: whether pictures are the same is told by their digest."""
        return replace(self, source="")
