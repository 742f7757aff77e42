"""A stand-in for the program `vivado`. It runs build.tcl with stand-ins for Vivado's commands, and fails on request.

$STAND_IN is one of fine, synthesis, implementation, timing, hold, board, unfinished, killed or crash. The reports have
Vivado's form; their numbers are made up.
"""

import os
import signal
import sys
from pathlib import Path

from tests.support.vivado_stub import run_tcl

UTILISATION = """
1. CLB Logic
+----------------------------+------+-------+------------+-----------+-------+
|          Site Type         | Used | Fixed | Prohibited | Available | Util% |
+----------------------------+------+-------+------------+-----------+-------+
| {family} LUTs*                | 2403 |     0 |          0 |     53200 |  4.52 |
|   LUT as Logic             | 2290 |     0 |          0 |     53200 |  4.30 |
|   LUT as Memory            |  113 |     0 |          0 |     17400 |  0.65 |
|     LUT as Distributed RAM |   72 |     0 |            |           |       |
|     LUT as Shift Register  |   41 |     0 |            |           |       |
| {family} Registers            | 3107 |     0 |          0 |    106400 |  2.92 |
| Block RAM Tile             |  2.5 |     0 |          0 |       140 |  1.79 |
|   RAMB36/FIFO*             |    1 |     0 |          0 |       140 |  0.71 |
|   RAMB18                   |    3 |     0 |          0 |       280 |  1.07 |
| DSPs                       |    0 |     0 |          0 |       220 |  0.00 |
+----------------------------+------+-------+------------+-----------+-------+
"""
TIMING = """
------------------------------------------------------------------------------------------------
| Design Timing Summary
| ---------------------
------------------------------------------------------------------------------------------------

    WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints      WHS(ns)      THS(ns)  THS Failing Endpoints
    -------      -------  ---------------------  -------------------      -------      -------  ---------------------
      {setup}        0.000                      0                20411        {hold}        0.000                      0


All user specified timing constraints are met.
"""


def main(arguments: list[str]) -> int:
    mode = os.environ["STAND_IN"]
    assert arguments == ["-mode", "batch", "-notrace", "-source", "build.tcl"], arguments
    print("****** Vivado v2023.2 (stand-in)", flush=True)
    if mode == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "crash":
        print("ERROR: [Common 17-179] Fork failed: cannot allocate memory")
        return 1
    here = Path.cwd()
    runs, handoff = here / "work" / "accelerator.runs" / "impl_1", here / "work" / "accelerator.gen"
    handoff = handoff / "sources_1" / "bd" / "top" / "hw_handoff"

    def get_property(*words: str) -> str:
        broken = {"synthesis": "synth_1", "implementation": "impl_1"}.get(mode)
        if words[0] == "PROGRESS":
            return "23%" if words[1] == broken else "100%"
        return {"STATUS": "synth_design ERROR", "CONFIG.FREQ_HZ": "199998001"}[words[0]]

    def wait_on_run(run: str) -> str:
        if run == "impl_1":
            for folder, name in ((runs, "top_wrapper.bit"), (handoff, "top.hwh")):
                folder.mkdir(parents=True)
                (folder / name).write_text(name)
        return ""

    def report(*words: str) -> str:
        family = "Slice" if "zynq}" in (here / "settings.tcl").read_text() else "CLB"
        setup = "-0.412" if mode == "timing" else "0.317"
        text = UTILISATION.format(family=family) + TIMING.format(
            setup=setup, hold="-0.021" if mode == "hold" else "0.024"
        )
        Path(words[words.index("-file") + 1]).write_text(text)
        return ""

    answers = {
        "get_property": get_property,
        "wait_on_run": wait_on_run,
        "report_utilization": report,
        "report_timing_summary": report,
        "get_board_parts": lambda *words: "" if mode == "board" else "part0:1.0 part0:1.2",
        "get_ipdefs": lambda *words: f"{words[-1].removesuffix('*')}1.0",
    }
    try:
        calls = run_tcl(here / "build.tcl", answers=answers)
    except RuntimeError as error:
        print(f"ERROR: [Common 17-39] {error}")
        return 1
    (here / "vivado_calls.log").write_text("\n".join(" ".join(call) for call in calls))
    if mode == "unfinished":
        (here / "accelerator.hwh").unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
