"""cocotb module for an accelerator on a serial line with a gate: which parts are rejected, and in which clocks."""

import json
import os
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Timer

CASE = json.loads(Path(os.environ["NJ_LINE_CASE"]).read_text())
BIT = CASE["bit_clocks"]


class Board:
    """The design, and the clocks in which reject was high."""

    def __init__(self, dut: Any) -> None:
        self.dut, self.now, self.high = dut, 0, list[int]()

    async def clock(self, count: int = 1) -> None:
        for _ in range(count):
            await Timer(1, "ns")
            if self.dut.reject_o.value == 1:
                self.high.append(self.now)
            self.dut.clk_i.value = 1
            await Timer(1, "ns")
            self.dut.clk_i.value = 0
            self.now += 1

    async def send(self, byte: int) -> None:
        for bit in (0, *(byte >> i & 1 for i in range(8)), 1):
            self.dut.rx_i.value = bit
            await self.clock(BIT)


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def parts(dut: Any) -> None:
    board = Board(dut)
    dut.clk_i.value, dut.rx_i.value, dut.rst_i.value, dut.trigger_i.value, dut.encoder_i.value = 0, 1, 1, 0, 0
    await board.clock(8)
    dut.rst_i.value = 0
    await board.clock(8)
    expected = []
    for pixels, rejected in zip(CASE["pictures"], CASE["rejected"], strict=True):
        dut.trigger_i.value = 1
        begin = board.now + CASE["delay"] + 3
        await board.clock(20)
        dut.trigger_i.value = 0
        for pixel in pixels:
            await board.send(pixel)
        if rejected:
            expected += range(begin, begin + CASE["length"])
        await board.clock(300)
    await board.clock(CASE["delay"])
    assert board.high == expected and len(expected) > 0
