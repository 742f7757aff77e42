"""cocotb module for the IP around a stand-in accelerator: the latency register, with frames back to back."""

import json
import os
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamBus, AxiStreamSink, AxiStreamSource

CASE = json.loads(Path(os.environ["NJ_SHELL_CASE"]).read_text())


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def latency(dut: Any) -> None:
    cocotb.start_soon(Clock(dut.aclk, 10, "ns").start())
    reset = {"reset": dut.aresetn, "reset_active_level": False}
    axi = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.aclk, **reset)
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.aclk, **reset)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk, **reset)

    async def read() -> int:
        value = int(await axi.read_dword(CASE["registers"]["latency"]))
        return value - (value >> 31 << 32)

    dut.aresetn.value = 0
    await ClockCycles(dut.aclk, 5)
    dut.aresetn.value = 1
    await ClockCycles(dut.aclk, 5)
    assert await read() == 0  # before the first frame, and not X
    for frames in (1, 1, 6):  # alone, after a pause, back to back
        for _ in range(frames):
            source.send_nowait(bytes(CASE["beats"]))
        for _ in range(frames):
            await sink.recv()
        await source.wait()
        await ClockCycles(dut.aclk, 700)  # the end of a frame with an early result comes behind the result
        assert await read() == CASE["expected"], frames
    await axi.write_dword(CASE["registers"]["control"], 1)  # while no frame is under way
    await ClockCycles(dut.aclk, 40)
    source.send_nowait(bytes(CASE["beats"]))
    await sink.recv()
    await ClockCycles(dut.aclk, 700)
    assert await read() == CASE["expected"]
