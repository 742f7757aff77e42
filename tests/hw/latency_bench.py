"""cocotb module for nj_latency: results come at known times, before and after their frame's end, several under way."""

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer

BITS, SEED = 12, 3


async def clock(dut: Any, end: bool = False, result: bool = False, reset: bool = False) -> int | None:
    """Wait a clock; return the latency, or None when there is none."""
    dut.end_i.value, dut.result_i.value, dut.rst_i.value = int(end), int(result), int(reset)
    await Timer(1, "ns")
    value = int(dut.latency_o.value) if not reset and int(dut.valid_o.value) else None
    dut.clk_i.value = 1
    await Timer(1, "ns")
    dut.clk_i.value = 0
    return None if value is None else value - (value >> (BITS - 1) << BITS)


async def told(dut: Any, ends: list[int], results: list[int]) -> list[int]:
    """Return the latencies from nj_latency for frames that end and results that come in these clocks."""
    dut.clk_i.value = 0
    await clock(dut, reset=True)
    seen = []
    for time in range(max(ends + results) + 1):
        value = await clock(dut, time in ends, time in results)
        if value is not None:
            seen.append(value)
    return seen


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def known_times(dut: Any) -> None:
    for ends, results in (
        ([10], [15]),
        ([60], [5]),  # as in a network whose last rows complete no window
        ([10], [10]),
        ([10, 20, 30], [9, 21, 30]),  # before, behind, together
        ([10, 20, 30, 40], [25, 35, 45, 55]),  # two frames under way
        ([25, 35, 45, 55], [10, 20, 30, 40]),
        ([10, 11, 12, 13], [11, 12, 13, 14]),
    ):
        assert await told(dut, ends, results) == [r - e for e, r in zip(ends, results, strict=True)], (ends, results)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def any_times(dut: Any) -> None:
    draw, depth = random.Random(SEED), int(dut.Depth.value)
    least = most = 0
    for _ in range(12):
        ends: list[int] = []
        results: list[int] = []
        time = 0
        while len(ends) < 120 or len(results) < len(ends):
            lead = len(ends) - len(results)
            end = len(ends) < 120 and lead < depth - 1 and draw.random() < 0.4
            result = len(results) < 120 and lead > 1 - depth and draw.random() < 0.4
            ends += [time] * end
            results += [time] * result
            time += 1
        expected = [r - e for e, r in zip(ends, results, strict=True)]
        assert await told(dut, ends, results) == expected
        least, most = min(least, *expected), max(most, *expected)
    assert least < 0 < most
