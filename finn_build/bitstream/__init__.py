"""A file that configures a board: one module per flow, and which board goes which way."""

from pathlib import Path
from typing import Any

from bnn.errors import UserError
from finn_build.bitstream import ecp5
from finn_build.boards import boards
from finn_build.manifest import load as load_manifest


def make(
    acc: Path, board: str, out: Path | None = None, clock_mhz: float | None = None, baud: int | None = None
) -> dict[str, Any]:
    """Write folder `out` (default: bitstream-<board> in the accelerator folder) with the bitstream for `board`.

    What is in it and what is returned, bitstream.json, is told by the flow: `finn_build.bitstream.ecp5`.
    UserError for a board that no flow is there for.
    """
    name = board.lower()
    if name not in ecp5.BOARDS:
        there = f"built here: {', '.join(ecp5.BOARDS)}"
        if name in boards():
            part = boards()[name].part
            raise UserError(f"a bitstream for {board} ({part}) needs Vivado, which is not driven yet; {there}")
        raise UserError(f"--board {board!r} is not known; {there}")
    acc = Path(acc)
    manifest = load_manifest(acc)
    target = acc / f"bitstream-{name}" if out is None else Path(out)
    return ecp5.make(acc, manifest, name, target, clock_mhz, baud)
