"""Make the file that configures a board. Each flow is a module, and each board belongs to one of them."""

from pathlib import Path

from bnn.errors import UserError
from bnn.storage.files import lock
from finn_build import vivado
from finn_build.bitstream import ecp5
from finn_build.bitstream.ecp5 import Ecp5Bitstream
from finn_build.trust import opened
from finn_build.vivado import VivadoReport, WaitingForVivado


def make(
    acc: Path,
    board: str,
    out: Path | None = None,
    clock_mhz: float | None = None,
    baud: int | None = None,
    trust: bool = False,
) -> Ecp5Bitstream | VivadoReport | WaitingForVivado:
    """Write folder `out` (default: bitstream-<board> in the accelerator folder) with the bitstream for `board`.

    The flow tells what the folder holds and what is returned: `finn_build.bitstream.ecp5`, `finn_build.vivado`.
    UserError for a board without a flow, and for RTL that `build` would not write unless `trust` is set (see
    finn_build.trust).
    """
    name = board.lower()
    acc = Path(acc)
    target = acc / f"bitstream-{name}" if out is None else Path(out)
    if name in vivado.zynq_boards():
        if clock_mhz is not None or baud is not None:
            raise UserError(f"--clock-mhz and --baud are of other boards than {board}; give the clock to `build`")
        return vivado.make(acc, name, target, trust)
    if name not in ecp5.BOARDS:
        raise UserError(
            f"--board {board!r} is not known; built here: {', '.join(ecp5.BOARDS)}; "
            f"with Vivado: {', '.join(vivado.zynq_boards())}"
        )
    with opened(acc, trust=trust) as manifest, lock(target):
        return ecp5.make(acc, manifest, name, target, clock_mhz, baud)
