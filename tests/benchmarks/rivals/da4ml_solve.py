"""Run da4ml on matrices that follow each other, in a process of its own, so that it can be stopped.

    python -P da4ml_solve.py job.npz name folder    (with da4ml on the path)

job.npz: low, high [I] of the inputs (integers), matrix_0 [I, J], matrix_1 [J, O], ... Writes folder/<name>.v, one
module of that name with ports model_inp and model_out, and folder/<name>.json: {"in_bits", "out_bits", "inputs":
[bits], "outputs": [{"offset", "bits", "signed", "shift"}]}, where output = field << shift.
"""

import json
import sys
from pathlib import Path

import numpy as np
from da4ml.codegen.rtl.verilog import comb_logic_gen
from da4ml.trace import FixedVariableArray, HWConfig, comb_trace
from da4ml.types import minimal_kif


def main() -> None:
    job, name, folder = np.load(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    low, high = job["low"].astype(float), job["high"].astype(float)
    inputs = FixedVariableArray.from_lhs(low, high, np.ones_like(low), hwconf=HWConfig(1, -1, -1))
    outputs = inputs
    for number in range(sum(key.startswith("matrix_") for key in job.files)):
        outputs = outputs @ job[f"matrix_{number}"].astype(np.float64)
    logic = comb_trace(inputs, outputs, keep_dead_inputs=True)
    fields, offset = [], 0
    for interval in logic.out_qint:
        signed, whole, fraction = minimal_kif(interval)
        width = int(signed) + whole + fraction
        fields.append({"offset": offset, "bits": width, "signed": int(signed), "shift": -fraction})
        offset += width
    widths = [sum(minimal_kif(interval)) for interval in logic.inp_qint]
    (folder / f"{name}.v").write_text(comb_logic_gen(logic, name))
    layout = {"in_bits": sum(widths), "out_bits": offset, "inputs": widths, "outputs": fields}
    (folder / f"{name}.json").write_text(json.dumps(layout))


if __name__ == "__main__":
    main()
