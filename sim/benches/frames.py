"""cocotb module for nj_frame_bench: waits for `done_o` and writes down how fast the simulation ran.

The bench drives itself, so Python only looks in now and then: a simulation with a callback per clock is
several times slower.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Timer

STEPS = 20_000  # between two looks: 10,000 clocks


@cocotb.test(timeout_time=1, timeout_unit="sec")  # a clock is 2 ps: 5e11 clocks; the bench's own watchdog is first
async def frames(dut: Any) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    await Timer(1, "step")
    while not int(dut.done_o.value):
        await Timer(STEPS, "step")
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    Path(os.environ["NJ_FRAMES_OUTCOME"]).write_text(json.dumps({"seconds": seconds, "cpu_seconds": cpu}))
