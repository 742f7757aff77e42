"""cocotb bench for a design on a serial line: bits are driven into rx_i and read from tx_o, as a computer would.

The job, a JSON file named by NJ_SERIAL_JOB: {"bit_clocks": clocks of a bit, not always whole; "runs": [[[gap, byte,
stop], ...], ...]}. Every run begins with a reset; `gap` are the clocks the line is idle before the byte, `stop` its
stop bit. A run ends when both lines were idle for "quiet" clocks after the last byte. The outcome, a file named by
NJ_SERIAL_OUTCOME: the bytes received, a list a run; null for one whose stop bit was low.
"""

import json
import os
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Timer

RESET_CYCLES = 4


def levels(run: list[list[int]], bit_clocks: float) -> list[int]:
    """Return the level of the line into the design, clock by clock."""
    line: list[int] = []
    for gap, byte, stop in run:
        line += [1] * gap
        start = len(line)
        bits = [0, *(byte >> i & 1 for i in range(8)), stop]
        for place, bit in enumerate(bits):
            line += [bit] * (start + round((place + 1) * bit_clocks) - len(line))
    return line


class Receiver:
    """Receives the bytes on the line out of the design: samples each bit in its middle."""

    def __init__(self, bit_clocks: float) -> None:
        self.bit_clocks = bit_clocks
        self.bytes: list[int | None] = []
        self.since = -1  # clocks since the start bit began; -1: idle
        self.bits: list[int] = []

    def see(self, level: int) -> None:
        if self.since < 0:
            if level:
                return
            self.since, self.bits = 0, []
        if self.since == round((len(self.bits) + 0.5) * self.bit_clocks):
            self.bits.append(level)
            if len(self.bits) == 10:
                value = sum(bit << i for i, bit in enumerate(self.bits[1:9]))
                self.bytes.append(value if self.bits[9] and not self.bits[0] else None)
                self.since = -1
                return
        self.since += 1


@cocotb.test(timeout_time=1, timeout_unit="ms")  # a clock is 2 ps: half a billion cycles
async def serial(dut: Any) -> None:
    """Do every run of the job."""
    job = json.loads(Path(os.environ["NJ_SERIAL_JOB"]).read_text())
    results = []
    for run in job["runs"]:
        dut.clk_i.value = 0
        dut.rx_i.value = 1
        for cycle in range(RESET_CYCLES + 1):
            dut.rst_i.value = int(cycle < RESET_CYCLES)
            await Timer(1, "step")
            dut.clk_i.value = 1
            await Timer(1, "step")
            dut.clk_i.value = 0
        receiver = Receiver(job["bit_clocks"])
        line = levels(run, job["bit_clocks"])
        place = quiet = 0
        limit = 4 * (len(line) + job["quiet"]) + 100_000
        while quiet < job["quiet"]:
            dut.rx_i.value = line[place] if place < len(line) else 1
            await Timer(1, "step")
            receiver.see(int(dut.tx_o.value))
            dut.clk_i.value = 1
            await Timer(1, "step")
            dut.clk_i.value = 0
            quiet = 0 if place < len(line) or receiver.since >= 0 else quiet + 1
            place += 1
            assert place < limit, "the line out does not become quiet"
        results.append(receiver.bytes)
    Path(os.environ["NJ_SERIAL_OUTCOME"]).write_text(json.dumps(results))
