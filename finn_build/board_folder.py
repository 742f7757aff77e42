"""bitstream.json of a folder for a PYNQ board tells the driver on the board all that it needs to know."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint, check_point
from bnn.storage.hashes import Damage, check_names, first_damage
from bnn.storage.records import check_seal, parse, parse_json, seal_of
from finn_build.manifest import LARGEST, Input, Output, check_ports

FILE = "bitstream.json"
FORMAT = "neuraljet-pynq-bitstream"
VERSION = 3  # 2: results say whether their frame was broken. 3: operating point
BIT, HWH = "accelerator.bit", "accelerator.hwh"  # PYNQ derives the second name from the first


@dataclass(frozen=True)
class Bitstream:
    """The whole file."""

    format: str
    version: int
    board: str
    part: str
    input: Input
    output: Output
    clock_mhz: float  # clock of the accelerator on the board
    cycles_per_frame: int
    operating_point: OperatingPoint  # after reset
    model_sha256: str
    files: Mapping[str, str]  # relative path -> SHA-256
    seal: str = ""  # bnn.storage.records.seal_of all others, in the file

    def to_json(self) -> str:
        """Return the text of the file."""
        content = dataclasses.asdict(self)
        return json.dumps({**content, "seal": seal_of(content)}, indent=2) + "\n"


def load(folder: Path) -> Bitstream:
    """Read and check bitstream.json in `folder` and the hash of every file it lists; UserError names what is wrong."""
    path = Path(folder) / FILE
    again = "make it again with `neuraljet bitstream`"
    if not path.is_file():
        raise UserError(f"{folder} is not a bitstream folder (no {FILE} there); {again}")
    try:
        content = parse_json(path.read_bytes())
        if not isinstance(content, dict) or (content.get("format"), content.get("version")) != (FORMAT, VERSION):
            board = content.get("board") if isinstance(content, dict) else None
            of = f"; it is for {board}, and PYNQ drives Zynq boards only" if isinstance(board, str) else ""
            raise ValueError(f"it is not of format '{FORMAT}', version {VERSION}{of}")
        description: Bitstream = parse(Bitstream, content, "")
        if BIT not in description.files:
            raise ValueError(f"{BIT} is not among its files")
        check_ports(description.input, description.output)
        check_point(description.operating_point, description.output.classes, description.output.value_bits)
        numbers = (description.clock_mhz, description.cycles_per_frame)
        if min(numbers) <= 0 or max(numbers) > LARGEST or not description.output.classes:
            raise ValueError("clocks must be above 0, and there must be classes")
        check_names(description.files)
        check_seal(content)
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: {error}; {again}") from error
    damage = first_damage(path.parent, description.files)
    if damage is not None:
        file, what = damage
        words = {
            Damage.OUTSIDE: "leads outside the folder; copy the whole folder",
            Damage.MISSING: "is missing; copy the whole folder",
            Damage.CHANGED: f"does not match its hash in {FILE}; copy the folder again",
        }
        raise UserError(f"{file} {words[what]}, or {again}")
    return description


def padded(bits: int) -> int:
    """Return the bits of a stream's word between accelerator and DMA. Its bytes are rounded up to a power of two."""
    return 8 << max(0, (bits - 1) // 8).bit_length()
