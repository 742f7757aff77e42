"""What a network looks like, as a dataclass or a small TOML file.

    [[block]]
    channels = 16        # outputs of the convolution
    pool = 2             # max-pooling after the sign (1: none)

An option of a block is one line of Block. What it does is in bnn.model.network, forms, pooling and heads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from bnn.errors import UserError
from bnn.model.forms import FORMS
from bnn.model.heads import HEADS
from bnn.model.options import YES_OR_NO, check_options, one_of, option, whole
from bnn.model.pooling import POOLINGS
from bnn.model.shortcuts import SHORTCUTS
from bnn.storage.tables import parse_toml, read_toml

SIZES = ("small", "medium", "large")
MOST_LAYERS = 64  # of blocks, and of hidden layers
WIDTHS = whole(1, 4096)  # of hidden layers
HEAD = ("head", "head_width")  # entries of a file beside the blocks


@dataclass(frozen=True)
class Block:
    """Convolution, batch norm, sign and pooling. UserError when an option has a value that it does not take."""

    channels: int = option(whole(1, 1024))  # outputs
    kernel: int = option(lambda block: FORMS[block.form].kernels, 3)
    form: str = option(one_of(*FORMS), "bottleneck")  # FORMS[form].form_on_pixels in the first block
    maps: int = option(whole(1, 256), 4)  # M, bottleneck only
    stride: int = option(whole(1, 2), 1)
    padding: bool = option(YES_OR_NO, True)  # same size with -1 (0 on pixels), or none
    pool: int = option(lambda block: POOLINGS[block.pooling].sizes, 1)  # height and width of a window
    pooling: str = option(one_of(*POOLINGS), "max", added=True)
    shortcut: str = option(one_of(*SHORTCUTS), "none", added=True)  # what joins the sums, in front of the norm
    zeros: bool = option(lambda block: FORMS[block.form].zeros_allowed, False, added=True)  # a jet may be none

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def padded(self) -> int:
        """Rows and columns that the convolution adds at each side of its map."""
        return self.kernel // 2 if self.padding else 0

    def output_size(self, size: int) -> int:
        """Return the height of the map behind the block, of the height in front of it; widths alike."""
        sums = (size + 2 * self.padded - self.kernel) // self.stride + 1
        return POOLINGS[self.pooling].windows(sums, self.pool)


@dataclass(frozen=True)
class NetworkSpec:
    """The layers of a network; the classifier is a binary dense layer with integer scores."""

    name: str
    blocks: tuple[Block, ...]
    hidden: tuple[int, ...] = ()  # widths of binary dense layers before the classifier
    head: str = option(one_of(*HEADS), "dense", added=True)  # what reads the last map in front of all dense layers
    head_width: int = option(lambda spec: HEADS[spec.head].widths, 0, added=True)  # its bits, elman only

    def __post_init__(self) -> None:
        check_options(self)

    def without_padding(self) -> "NetworkSpec":
        """Return the same network whose convolutions add nothing at the edges of their maps."""
        return replace(self, blocks=tuple(replace(block, padding=False) for block in self.blocks))

    def with_layer(self, form: str | None, kernel: int | None) -> "NetworkSpec":
        """Return the same network with another form or kernel size in every block."""
        if form is not None and form not in FORMS:
            raise UserError(f"layer '{form}' is unknown; choose one of {', '.join(FORMS)}")
        given: dict[str, Any] = {"form": form, "kernel": kernel}
        changes = {name: value for name, value in given.items() if value is not None}
        blocks = []
        for index, block in enumerate(self.blocks):
            try:
                blocks.append(replace(block, **changes))
            except UserError as error:
                raise UserError(f"network '{self.name}', block {index}: {error}") from None
        return replace(self, blocks=tuple(blocks))


def load_spec(name: str | Path) -> NetworkSpec:
    """Read one of the sizes small, medium, large, or a TOML file of your own."""
    if str(name) in SIZES:
        return parse_spec((resources.files("bnn.model") / "networks" / f"{name}.toml").read_text(), str(name))
    path = Path(name)
    if not path.is_file():
        raise UserError(f"network '{name}' is neither {', '.join(SIZES)} nor a TOML file")
    where = f"network '{path}'"
    return _spec_of(read_toml(path, where), path.stem, where)


def parse_spec(text: str, name: str) -> NetworkSpec:
    """Read the TOML text of a network; UserError names the entry that is wrong."""
    where = f"network '{name}'"
    return _spec_of(parse_toml(text, where), name, where)


def _spec_of(table: Mapping[str, Any], name: str, where: str) -> NetworkSpec:
    unknown, entries = set(table) - {"block", "hidden", *HEAD}, table.get("block")
    if unknown or not entries or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        also = f", and {', '.join(map(repr, sorted(unknown)))[:200]} is unknown" if unknown else ""
        raise UserError(f"{where} needs [[block]] tables and optionally 'hidden', 'head' and 'head_width'{also}")
    if len(entries) > MOST_LAYERS:
        raise UserError(f"{where} has {len(entries)} blocks; allowed are at most {MOST_LAYERS}")
    blocks = tuple(_block_of(entry, f"{where}, block {i}") for i, entry in enumerate(entries))
    hidden = table.get("hidden", [])
    if not isinstance(hidden, list) or len(hidden) > MOST_LAYERS or not all(WIDTHS.contains(h) for h in hidden):
        raise UserError(f"{where}: hidden = {str(hidden)[:200]}; allowed: a list of widths from {WIDTHS.words}")
    try:
        return NetworkSpec(name, blocks, tuple(hidden), **{option: table[option] for option in HEAD if option in table})
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _block_of(entry: Mapping[str, Any], where: str) -> Block:
    known = [f.name for f in fields(Block)]
    if set(entry) - set(known) or "channels" not in entry:
        raise UserError(f"{where}: needs channels; allowed are {', '.join(known)}")
    try:
        return Block(**entry)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
