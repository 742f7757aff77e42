"""cocotb module for nj_packets: random packets with gaps, compared with a plain model, clock by clock."""

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer

SEED = 7


class Driver:
    """Sets the inputs in the low half of a clock, reads the outputs, and lets the clock rise."""

    def __init__(self, dut: Any) -> None:
        self.dut, self.random = dut, random.Random(SEED)
        for name in ("clk_i", "rst_i", "frames_i", "s_beat_i", "s_last_i", "m_beat_i"):
            getattr(dut, name).value = 0

    async def clock(self, beat: bool = False, last: bool = False, result: bool = False) -> tuple[bool, bool]:
        """Wait a clock; return (last_o, result_last_o) before its edge."""
        dut = self.dut
        dut.s_beat_i.value, dut.s_last_i.value, dut.m_beat_i.value = beat, last, result
        await Timer(1, "ns")
        seen = bool(dut.last_o.value), bool(dut.result_last_o.value)
        dut.clk_i.value = 1
        await Timer(1, "ns")
        dut.clk_i.value = 0
        return seen

    async def reset(self) -> None:
        self.dut.rst_i.value = 1
        await self.clock()
        self.dut.rst_i.value = 0

    async def gap(self) -> None:
        while self.random.random() < 0.3:
            await self.clock(last=self.random.random() < 0.5)  # TLAST without a beat means nothing

    async def packet(self, beats: int, ended: bool = True) -> list[int]:
        """Send so many beats, the last with TLAST when `ended`; return the beats that were marked."""
        marked = []
        for position in range(beats):
            await self.gap()
            if (await self.clock(True, ended and position == beats - 1))[0]:
                marked.append(position)
        return marked


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_frame_of_a_right_packet_is_marked(dut: Any) -> None:
    driver, beats = Driver(dut), int(dut.Beats.value)
    await driver.reset()
    for frames in (1, 3, 0, 2, 5, 1, 1):
        dut.frames_i.value = frames
        frames = max(1, frames)
        assert await driver.packet(frames * beats) == [beats * (i + 1) - 1 for i in range(frames)], frames


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def wrong_ends_are_passed_on(dut: Any) -> None:
    driver, beats = Driver(dut), int(dut.Beats.value)
    await driver.reset()
    dut.frames_i.value = 3
    for early in range(1, 3 * beats):  # and a new packet begins after each
        ends = [beats * (i + 1) - 1 for i in range(early // beats)]
        assert await driver.packet(early) == sorted({*ends, early - 1})
    unmarked = await driver.packet(3 * beats, ended=False)  # the source marks the packet's end
    assert unmarked == [beats - 1, 2 * beats - 1]
    await driver.reset()
    await driver.packet(beats + 1, ended=False)
    await driver.reset()
    assert await driver.packet(3 * beats) == [beats - 1, 2 * beats - 1, 3 * beats - 1]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def results_of_a_packet_end_with_its_last(dut: Any) -> None:
    driver = Driver(dut)
    await driver.reset()
    for frames in (1, 4, 0, 2, 3):
        dut.frames_i.value = frames
        frames = max(1, frames)
        for result in range(2 * frames):
            await driver.gap()
            assert (await driver.clock(result=True))[1] == (result % frames == frames - 1), (frames, result)
