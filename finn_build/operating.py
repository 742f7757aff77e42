"""operating_point.json: the offsets and the least margin that an accelerator begins with.

`neuraljet tune` writes it into a run or an accelerator folder. `build` takes that of the run along. The driver loads
it, and `ip` and `bitstream` make it the values after reset. NumPy is all it needs: the driver on a board uses it.
"""

from dataclasses import dataclass
from pathlib import Path

from bnn.errors import UserError
from bnn.integer.decision import FILE, OperatingPoint, check_point
from bnn.storage.records import Record, check_seal, parse, parse_json, seal_of
from finn_build.manifest import Output

FORMAT, VERSION = "neuraljet-operating-point", 1


@dataclass(frozen=True)
class Rate(Record):
    """How often a mistake was made, with its interval at 95 % (Clopper and Pearson)."""

    number: int
    of: int
    low: float
    high: float


@dataclass(frozen=True)
class Found(Record):
    """What an operating point does on some pictures."""

    pictures: str  # which ones, in words
    escapes: Rate  # of the bad parts
    false_rejects: Rate  # of the good parts
    unsure: Rate  # of all


@dataclass(frozen=True)
class PointFile(Record):
    """The whole file."""

    format: str
    version: int
    classes: tuple[str, ...]
    good: str  # the class of good parts
    offsets: tuple[int, ...]  # what is added to the score of each class
    least_margin: int  # a decision with a smaller margin is unsure
    asked: str  # for which rates, in words
    held_out: Found  # the pictures that it was chosen on
    test: Found
    model_sha256: str
    seal: str = ""

    @property
    def point(self) -> OperatingPoint:
        """The numbers alone."""
        return OperatingPoint(self.offsets, self.least_margin)

    def sealed(self) -> "PointFile":
        """Return the same with its seal."""
        from dataclasses import replace

        return replace(self, seal=seal_of(self.entries()))


def load_point(path: Path, classes: tuple[str, ...], value_bits: int, model_sha256: str) -> PointFile:
    """Return an operating point file that was made for this network; UserError says what is wrong with it."""
    way_out = "make it again with `neuraljet tune`"
    try:
        if not path.is_file():  # a named pipe would be waited for
            raise ValueError("it is no file")
        content = parse_json(path.read_bytes())
        if not isinstance(content, dict) or (content.get("format"), content.get("version")) != (FORMAT, VERSION):
            raise ValueError(f"it is not of format '{FORMAT}', version {VERSION}")
        found: PointFile = parse(PointFile, content, "")
        check_seal(content)
    except (OSError, TypeError, ValueError) as error:
        raise UserError(f"{path}: {error}; {way_out}") from None
    if found.model_sha256 != model_sha256:
        raise UserError(
            f"{path} was made for another network: model hash {found.model_sha256[:12]} and not "
            f"{model_sha256[:12]}; {way_out}"
        )
    if found.classes != classes:
        raise UserError(f"{path} is for the classes {', '.join(found.classes)} and not {', '.join(classes)}; {way_out}")
    check_point(found.point, classes, value_bits)
    return found


def beside(model: Path, output: Output, model_sha256: str) -> str | None:
    """Return the text of the operating point file beside a network's file, None where there is none.

    UserError for one of another network, and for a damaged one.
    """
    path = model.with_name(FILE)
    if not path.exists():
        return None
    return load_point(path, output.classes, output.value_bits, model_sha256).to_json()


def point_in(folder: Path, output: Output, model_sha256: str) -> OperatingPoint:
    """Return the operating point that lies in an accelerator folder, the neutral one where none does."""
    path = folder / FILE
    if not path.exists():
        return OperatingPoint.neutral(len(output.classes))
    return load_point(path, output.classes, output.value_bits, model_sha256).point
