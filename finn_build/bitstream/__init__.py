"""Make the file that configures a board. Each flow is a module, and each board belongs to one of them."""

from pathlib import Path

from bnn.errors import UserError
from bnn.storage.files import lock
from finn_build import vivado
from finn_build.bitstream import ecp5, gowin
from finn_build.bitstream.flow import Board, BoardBitstream, Flow
from finn_build.bitstream.flow import make as make_open
from finn_build.bitstream.reject import Rejecting, checked
from finn_build.trust import opened
from finn_build.vivado import VivadoReport, WaitingForVivado

FLOWS: tuple[Flow, ...] = (ecp5, gowin)  # mypy checks that the modules have all of it


def open_boards() -> dict[str, Board]:
    """Return the boards that open tools alone make bitstreams for, by name."""
    return {name: board for flow in FLOWS for name, board in flow.BOARDS.items()}


def make(
    acc: Path,
    board: str,
    out: Path | None = None,
    clock_mhz: float | None = None,
    baud: int | None = None,
    trust: bool = False,
    rejecting: Rejecting | None = None,
) -> BoardBitstream | VivadoReport | WaitingForVivado:
    """Write folder `out` (default: bitstream-<board> in the accelerator folder) with the bitstream for `board`.

    The flow tells what the folder holds and what is returned: `finn_build.bitstream.flow`, `finn_build.vivado`.
    rejecting: what a gate on the board's pins rejects; None: no gate.
    UserError for a board without a flow, and for RTL that `build` would not write unless `trust` is set (see
    finn_build.trust).
    """
    name = board.lower()
    acc = Path(acc)
    target = acc / f"bitstream-{name}" if out is None else Path(out)
    if name in vivado.zynq_boards():
        if clock_mhz is not None or baud is not None:
            raise UserError(f"--clock-mhz and --baud are of other boards than {board}; give the clock to `build`")
        if rejecting is not None:
            raise UserError(f"--reject is of other boards than {board}, for which no pins are known; take the IP")
        return vivado.make(acc, name, target, trust)
    if name not in open_boards():
        raise UserError(
            f"--board {board!r} is not known; built here: {', '.join(open_boards())}; "
            f"with Vivado: {', '.join(vivado.zynq_boards())}"
        )
    with opened(acc, trust=trust) as manifest, lock(target):
        if rejecting is not None:
            checked(rejecting, manifest.output)
        flow = next(flow for flow in FLOWS if name in flow.BOARDS)
        return make_open(flow, acc, manifest, name, target, clock_mhz, baud, rejecting)
