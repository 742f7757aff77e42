"""cocotb module for nj_fork: outputs take their beats at random times and are compared with lists in Python."""

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer

SEED = 11
BEATS = 300


async def clock(dut: Any, **inputs: int) -> tuple[bool, int, int]:
    """Wait a clock; return (s_ready_o, m_valid_o, m_data_o) before its edge."""
    for name, value in inputs.items():
        getattr(dut, name).value = value
    await Timer(1, "ns")
    seen = bool(dut.s_ready_o.value), int(dut.m_valid_o.value), int(dut.m_data_o.value)
    dut.clk_i.value = 1
    await Timer(1, "ns")
    dut.clk_i.value = 0
    return seen


async def start(dut: Any) -> None:
    dut.clk_i.value = 0
    await clock(dut, rst_i=1, s_valid_i=0, s_data_i=0, m_ready_i=0)
    dut.rst_i.value = 0


def bits(word: int, count: int) -> list[bool]:
    return [bool(word >> i & 1) for i in range(count)]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_output_gets_every_beat_once_in_order(dut: Any) -> None:
    draw, outputs = random.Random(SEED), len(dut.m_valid_o)
    for idle, *stalls in ((0.0, *[0.0] * outputs), (0.3, *[0.5] * outputs), (0.0, 0.9, *[0.1] * (outputs - 1))):
        await start(dut)
        beats = [draw.getrandbits(len(dut.s_data_i)) for _ in range(BEATS)]
        got: list[list[int]] = [[] for _ in range(outputs)]
        sent, clocks, offered = 0, 0, False
        while sent < BEATS:
            offered = offered or draw.random() >= idle
            ready = [draw.random() >= stall for stall in stalls]
            data = beats[sent] if offered else draw.getrandbits(len(dut.s_data_i))
            word = sum(bit << i for i, bit in enumerate(ready))
            taken, valid, put_out = await clock(dut, s_valid_i=int(offered), s_data_i=data, m_ready_i=word)
            # an output is offered its beat until it takes it, whatever the other outputs do
            assert bits(valid, outputs) == [offered and len(row) == sent for row in got]
            for row, is_valid, is_ready in zip(got, bits(valid, outputs), ready, strict=True):
                if is_valid and is_ready:
                    row.append(put_out)
            if offered and taken:
                sent, offered = sent + 1, False
            assert all(sent <= len(row) <= sent + 1 for row in got)
            clocks += 1
        assert got == [beats] * outputs
        if not any((idle, *stalls)):
            assert clocks == BEATS


@cocotb.test(timeout_time=1, timeout_unit="us")
async def the_input_is_ready_when_the_last_output_is(dut: Any) -> None:
    outputs = len(dut.m_valid_o)
    everything = (1 << outputs) - 1
    await start(dut)
    for first in range(outputs):
        others = everything ^ 1 << first
        assert await clock(dut, s_valid_i=1, s_data_i=1, m_ready_i=1 << first) == (False, everything, 1)
        assert await clock(dut, m_ready_i=0) == (False, others, 1)
        assert await clock(dut, m_ready_i=others) == (True, others, 1)
        assert (await clock(dut, s_valid_i=0, m_ready_i=everything))[:2] == (True, 0)


@cocotb.test(timeout_time=1, timeout_unit="us")
async def a_reset_forgets_what_was_taken(dut: Any) -> None:
    everything = (1 << len(dut.m_valid_o)) - 1
    await start(dut)
    await clock(dut, s_valid_i=1, m_ready_i=1)
    await start(dut)
    assert (await clock(dut, s_valid_i=1, m_ready_i=0))[1] == everything
