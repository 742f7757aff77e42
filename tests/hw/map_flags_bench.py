"""cocotb module for nj_map_flags: random ends of frames and cells, compared with counters and a queue in Python."""

import random
from collections import deque
from typing import Any

import cocotb
from cocotb.triggers import Timer

SEED = 6
CLOCKS = 2000
OUTPUTS = ("room_o", "s_ready_o", "m_valid_o", "m_last_o", "m_end_o")


async def clock(dut: Any, **inputs: int) -> dict[str, int]:
    """Wait a clock; return the outputs before its edge."""
    for name, value in inputs.items():
        getattr(dut, name).value = value
    await Timer(1, "ns")
    seen = {name: int(getattr(dut, name).value) for name in OUTPUTS}
    seen["m_broken_o"] = int(dut.m_broken_o.value) if seen["m_valid_o"] else 0
    dut.clk_i.value = 1
    await Timer(1, "ns")
    dut.clk_i.value = 0
    return seen


async def start(dut: Any) -> None:
    dut.clk_i.value = 0
    await clock(dut, rst_i=1, end_i=0, broken_i=0, s_valid_i=0, m_ready_i=0)
    dut.rst_i.value = 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def each_cell_is_marked_by_its_place_and_the_last_by_its_frame(dut: Any) -> None:
    draw, depth = random.Random(SEED), int(dut.Depth.value)
    rows, columns = int(dut.Rows.value), int(dut.Columns.value)
    frames = 0
    for ends, cells, sinks in ((0.1, 0.5, 1.0), (0.9, 0.9, 0.5), (0.05, 0.9, 0.9), (1.0, 1.0, 1.0)):
        await start(dut)
        flags: deque[int] = deque()
        allowed, held, place = True, False, 0
        for _ in range(CLOCKS):
            ended = allowed and draw.random() < ends
            broken, ready = int(draw.random() < 0.5), draw.random() < sinks
            valid = held or draw.random() < cells
            last, end = place % columns == columns - 1, place == rows * columns - 1
            seen = await clock(dut, end_i=int(ended), broken_i=broken, s_valid_i=int(valid), m_ready_i=int(ready))
            known = not end or bool(flags)
            assert (seen["m_last_o"], seen["m_end_o"]) == (int(last), int(end))
            assert (seen["m_valid_o"], seen["s_ready_o"]) == (int(valid and known), int(ready and known))
            assert seen["room_o"] == int(len(flags) <= depth // 2)
            allowed, held = bool(seen["room_o"]) or (allowed and not ended), valid and not (ready and known)
            if seen["m_valid_o"]:
                assert seen["m_broken_o"] == (flags[0] if end else 0)
                if ready:
                    place = 0 if end else place + 1
                    frames += end
                    if end:
                        flags.popleft()
            if ended:
                flags.append(broken)
    assert frames > 100
