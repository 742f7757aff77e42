"""cocotb module for nj_frame_flags: random ends of frames and results, compared with a queue in Python."""

import random
from collections import deque
from typing import Any

import cocotb
from cocotb.triggers import Timer

SEED = 5
CLOCKS = 3000


async def clock(dut: Any, **inputs: int) -> dict[str, int]:
    """Wait a clock; return the outputs before its edge."""
    for name, value in inputs.items():
        getattr(dut, name).value = value
    await Timer(1, "ns")
    seen = {name: int(getattr(dut, name).value) for name in ("room_o", "s_ready_o", "m_valid_o")}
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
async def each_result_gets_the_flag_of_its_frame(dut: Any) -> None:
    draw, depth, most = random.Random(SEED), int(dut.Depth.value), 0
    for ends, results, sinks in ((0.5, 0.5, 1.0), (0.9, 0.3, 0.5), (0.2, 0.9, 0.9), (1.0, 1.0, 1.0)):
        await start(dut)
        flags: deque[int] = deque()
        allowed, held, valid = True, False, False
        for _ in range(CLOCKS):
            ended = allowed and draw.random() < ends
            broken = int(draw.random() < 0.5)
            valid = held or draw.random() < results
            ready = draw.random() < sinks
            seen = await clock(dut, end_i=int(ended), broken_i=broken, s_valid_i=int(valid), m_ready_i=int(ready))
            assert seen["m_valid_o"] == int(valid and bool(flags))
            assert seen["s_ready_o"] == int(ready and bool(flags))
            assert seen["room_o"] == int(len(flags) <= depth // 2)
            allowed = bool(seen["room_o"]) or (allowed and not ended)
            held = valid and not (ready and flags)
            if seen["m_valid_o"]:
                assert seen["m_broken_o"] == flags[0]
                if ready:
                    flags.popleft()
            if ended:
                flags.append(broken)
            most = max(most, len(flags))
    assert most == depth // 2 + 2


@cocotb.test(timeout_time=1, timeout_unit="us")
async def a_result_before_the_end_of_its_frame_waits_for_it_and_comes_a_clock_later(dut: Any) -> None:
    await start(dut)
    for flag in (1, 0, 1):
        for _ in range(5):
            assert (await clock(dut, end_i=0, s_valid_i=1, m_ready_i=1))["m_valid_o"] == 0
        assert (await clock(dut, end_i=1, broken_i=flag))["m_valid_o"] == 0
        seen = await clock(dut, end_i=0)
        assert (seen["m_valid_o"], seen["m_broken_o"]) == (1, flag)


@cocotb.test(timeout_time=1, timeout_unit="us")
async def a_reset_forgets_the_frames(dut: Any) -> None:
    await start(dut)
    for _ in range(3):
        await clock(dut, end_i=1, broken_i=1)
    await start(dut)
    assert (await clock(dut, s_valid_i=1, m_ready_i=1))["m_valid_o"] == 0
