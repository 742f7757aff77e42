"""cocotb module for nj_camera_crossing: a camera that never waits, and a sink with a clock of its own that may.

The job, a JSON file named by NJ_CROSSING_JOB: {"height", "beats", "frames", "camera", "sink": periods of the two
clocks, "stalls": [[from, to], ...] times in which the sink takes nothing, "seed"}. The outcome, named by
NJ_CROSSING_OUTCOME: every beat that came out with whether it ended a frame and whether that one was broken, and
dropped_o at the end.
"""

import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Timer


def camera(job: dict[str, Any], draw: random.Random) -> list[tuple[int, int, int, int]]:
    """Return valid, data, user, last of each clock of the camera; beats are numbered from 1, lines have gaps."""
    clocks: list[tuple[int, int, int, int]] = []
    number = 0
    for _ in range(job["frames"]):
        for y in range(job["height"]):
            for x in range(job["beats"]):
                number += 1
                clocks.append((1, number, int(x == y == 0), int(x == job["beats"] - 1)))
            clocks += [(0, 0, 0, 0)] * draw.randrange(1, 4)
        clocks += [(0, 0, 0, 0)] * 30
    return clocks


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def crossing(dut: Any) -> None:
    job = json.loads(Path(os.environ["NJ_CROSSING_JOB"]).read_text())
    draw = random.Random(job["seed"])
    for name in ("s_clk_i", "m_clk_i", "s_valid_i", "s_data_i", "s_user_i", "s_last_i", "m_ready_i"):
        getattr(dut, name).value = 0
    dut.s_rst_i.value = dut.m_rst_i.value = 1
    out: list[tuple[int, int, int]] = []
    waiting = camera(job, draw)
    now, times = 0, {"s": draw.randrange(job["camera"]), "m": draw.randrange(job["sink"])}
    first = 12 * max(job["camera"], job["sink"])  # out of reset
    last = first + len(waiting) * job["camera"] + 400 * job["sink"]
    while now < last:
        side = min(times, key=lambda each: times[each])
        await Timer(max(times[side] - now, 1), "ps")
        now = max(times[side], now + 1)
        out_of_reset = now > first
        clock = dut.s_clk_i if side == "s" else dut.m_clk_i
        if side == "m" and int(dut.m_valid_o.value) and int(dut.m_ready_i.value) and not int(dut.m_rst_i.value):
            ends = int(dut.end_o.value)
            out.append((int(dut.m_data_o.value), ends, int(dut.end_broken_o.value) if ends else 0))
        clock.value = 1
        await Timer(1, "ps")
        now += 1
        if side == "s":  # what the next edge sees
            dut.s_rst_i.value = int(not out_of_reset)
            valid, data, user, end = waiting.pop(0) if out_of_reset and waiting else (0, 0, 0, 0)
            dut.s_valid_i.value, dut.s_data_i.value = valid, data if valid else draw.randrange(1 << 16)
            dut.s_user_i.value = user if valid else draw.randrange(2)
            dut.s_last_i.value = end if valid else draw.randrange(2)
        else:
            dut.m_rst_i.value = int(not out_of_reset)
            stalled = any(begin <= now - first < end for begin, end in job["stalls"])
            dut.m_ready_i.value = int(not stalled and draw.random() < 0.95)
        clock.value = 0
        times[side] += job["camera" if side == "s" else "sink"] + draw.randrange(3)  # the clocks drift
    result = {"beats": out, "dropped": int(dut.dropped_o.value)}
    Path(os.environ["NJ_CROSSING_OUTCOME"]).write_text(json.dumps(result))
