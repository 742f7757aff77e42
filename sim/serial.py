"""Simulate designs on a serial line: bytes in, bytes out."""

import json
from collections.abc import Sequence
from pathlib import Path

from bnn.storage.work import work_folder
from sim.modules import MODULE_ARGS, RANDOM_START
from sim.runner import simulate

Sent = tuple[int, int, int]  # clocks the line is idle before a byte, the byte, its stop bit


def run_serial(
    top: str,
    sources: Sequence[Path],
    runs: Sequence[Sequence[Sent]],
    bit_clocks: float,
    quiet: int,
    work: Path | None = None,
    timeout_s: float = 300.0,
) -> list[list[int | None]]:
    """Return the bytes that `top` (clk_i, rst_i, rx_i, tx_o) sends back in each run; None for one without stop bit.

    bit_clocks: of a bit on the line, both ways. quiet: a run ends when both lines were idle for so many clocks.
    work: the folder the simulator runs in, for memory files that are named relative to it. Initial values are noise.
    """
    with work_folder() as folder:
        job, outcome = Path(folder) / "job.json", Path(folder) / "outcome.json"
        job.write_text(json.dumps({"bit_clocks": bit_clocks, "quiet": quiet, "runs": [list(run) for run in runs]}))
        simulate(
            top, sources, "sim.benches.serial", build_args=MODULE_ARGS, plusargs=RANDOM_START, timeout_s=timeout_s,
            work=work, env={"NJ_SERIAL_JOB": str(job), "NJ_SERIAL_OUTCOME": str(outcome)},
        )  # fmt: skip
        results: list[list[int | None]] = json.loads(outcome.read_text())
    return results
