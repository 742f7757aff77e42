"""cocotb module for a packaged IP: an AXI4-Lite master reads registers while frames run through AXI4-Stream."""

import itertools
import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamBus, AxiStreamSink, AxiStreamSource

CASE = json.loads(Path(os.environ["NJ_IP_CASE"]).read_text())
FRAMES = [bytes.fromhex(frame) for frame in CASE["frames"]]
RESULTS = [bytes.fromhex(result) for result in CASE["results"]]
MOVED = [bytes.fromhex(result) for result in CASE["moved"]]
AT = CASE["registers"]
LONG = {"timeout_time": 1, "timeout_unit": "ms"}  # 100,000 clocks


class Ip:
    """The IP with what drives it."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        cocotb.start_soon(Clock(dut.aclk, 10, "ns").start())
        reset = {"reset": dut.aresetn, "reset_active_level": False}
        self.axi = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.aclk, **reset)
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.aclk, **reset)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk, **reset)

    async def reset(self) -> None:
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, 5)
        self.dut.aresetn.value = 1
        await RisingEdge(self.dut.aclk)

    async def read(self, name: str) -> int:
        return int(await self.axi.read_dword(AT[name]))

    async def latency(self) -> int:
        """Return the latency in clocks, signed."""
        value = await self.read("latency")
        return value - (value >> 31 << 32)

    async def write(self, name: str, value: int) -> None:
        await self.axi.write_dword(AT[name], value)

    async def packet(self, indices: list[int]) -> None:
        """Send these frames as one packet. Their results must come as one packet."""
        await self.source.send(b"".join(FRAMES[i] for i in indices))
        received = await self.sink.recv()
        assert bytes(received.tdata) == b"".join(RESULTS[i] for i in indices), indices

    def stall(self, seed: int) -> None:
        """Let both sides pause at random."""
        noise = random.Random(seed)
        self.source.set_pause_generator(noise.random() < 0.3 for _ in itertools.count())
        self.sink.set_pause_generator(noise.random() < 0.6 for _ in itertools.count())


def says_broken(result: bytes) -> bool:
    """Return whether the first result in these bytes says that its frame was broken."""
    return bool(int.from_bytes(result[:8], "little") >> CASE["broken_bit"] & 1)


async def start(dut: Any) -> Ip:
    ip = Ip(dut)
    await ip.reset()
    return ip


@cocotb.test(**LONG)
async def registers_tell_what_it_is(dut: Any) -> None:
    ip = await start(dut)
    assert (await ip.read("identity")).to_bytes(4, "big") == b"NJET" and await ip.read("version") == 3
    assert "".join([f"{await ip.read(f'model_hash_{i}'):08x}" for i in range(8)]) == CASE["model_sha256"]
    for name in ("frames", "results", "errors", "latency", "control"):
        assert await ip.read(name) == 0, name
    assert await ip.read("frames_per_packet") == 1
    for name in ("identity", "frames", "model_hash_3"):  # read only
        before = await ip.read(name)
        await ip.write(name, 0x1234567)
        assert await ip.read(name) == before, name


@cocotb.test(**LONG)
async def the_operating_point_is_that_of_the_folder_until_another_is_applied(dut: Any) -> None:
    ip = await start(dut)
    mask = (1 << CASE["value_bits"] + 1) - 1
    offsets = [f"offset_{i}" for i in range(len(CASE["own"]) - 1)]
    assert [await ip.read(name) for name in offsets] == [offset & mask for offset in CASE["own"][1:]]
    assert await ip.read("least_margin") == CASE["own_least"]
    for name, offset in zip(offsets, CASE["turned"][1:], strict=True):
        await ip.write(name, offset & 0xFFFFFFFF)
    await ip.write("least_margin", CASE["turned_least"])
    assert [await ip.read(name) for name in offsets] == [offset & mask for offset in CASE["turned"][1:]]
    for frame, result in zip(FRAMES, RESULTS, strict=True):  # as before
        await ip.source.send(frame)
        assert bytes((await ip.sink.recv()).tdata) == result
    await ip.write("control", 2)
    for _ in range(2):
        for frame, result in zip(FRAMES, MOVED, strict=True):
            await ip.source.send(frame)
            assert bytes((await ip.sink.recv()).tdata) == result
        await ip.write("control", 1)  # a reset of the accelerator leaves it
        await ClockCycles(dut.aclk, 40)
    await ip.reset()
    await ip.packet([0])


@cocotb.test(**LONG)
async def a_frame_a_packet(dut: Any) -> None:
    ip = await start(dut)
    await ip.packet([0])
    assert await ip.latency() == CASE["latency"] > 0
    for frame in FRAMES[:3]:  # back to back
        await ip.source.send(frame)
    for result in RESULTS[:3]:
        received = await ip.sink.recv()
        assert bytes(received.tdata) == result
    assert await ip.latency() == CASE["latency"]  # of the last frame, though other frames were under way with it
    assert [await ip.read(name) for name in ("frames", "results", "errors")] == [4, 4, 0]


@cocotb.test(**LONG)
async def packets_of_frames_under_stalls_while_registers_are_read(dut: Any) -> None:
    ip = await start(dut)
    ip.stall(1)
    counts = [0]

    async def watch() -> None:
        while True:
            counts.append(await ip.read("results"))

    cocotb.start_soon(watch())
    total = 0
    for size in (4, 1, 2, 5, 1):
        await ip.write("frames_per_packet", size)
        await ip.packet([i % len(FRAMES) for i in range(total, total + size)])
        total += size
    await ip.write("frames_per_packet", 0)  # as 1
    await ip.packet([2])
    await ClockCycles(dut.aclk, 40)
    assert counts == sorted(counts) and counts[-1] == total + 1 and len(set(counts)) > 5
    assert [await ip.read(name) for name in ("frames", "errors")] == [total + 1, 0]


@cocotb.test(**LONG)
async def wrong_lengths_are_counted_and_the_next_packet_is_right(dut: Any) -> None:
    ip = await start(dut)
    beat = len(FRAMES[0]) // CASE["beats"]
    await ip.packet([1])
    assert dut.frame_error.value == 0
    for broken in (FRAMES[0][: 7 * beat], FRAMES[0] + FRAMES[1][: 3 * beat]):  # too short, too long
        await ip.source.send(broken)
        assert says_broken((await ip.sink.recv()).tdata)  # of the frame that was made of it
    assert dut.frame_error.value == 1
    await ip.packet([1])
    assert [await ip.read(name) for name in ("errors", "results")] == [2, 4]
    await ip.write("frames_per_packet", 3)
    await ip.source.send(FRAMES[0] + FRAMES[1] + FRAMES[2][:-beat])  # its last frame lacks a pixel
    received = await ip.sink.recv()
    assert bytes(received.tdata)[: 2 * len(RESULTS[0])] == RESULTS[0] + RESULTS[1]
    assert says_broken(received.tdata[2 * len(RESULTS[0]) :])
    await ip.packet([2, 1, 0])
    assert await ip.read("errors") == 3


@cocotb.test(**LONG)
async def reset_by_register_in_the_middle_of_a_packet(dut: Any) -> None:
    ip = await start(dut)
    beat = len(FRAMES[0]) // CASE["beats"]
    await ip.write("frames_per_packet", 2)
    await ip.packet([0, 1])
    for begun in (FRAMES[2][: 40 * beat], FRAMES[2] + FRAMES[1][:beat]):
        for position in range(0, len(begun), beat):  # without TLAST
            dut.s_axis_tdata.value = int.from_bytes(begun[position : position + beat], "little")
            dut.s_axis_tlast.value = 0
            dut.s_axis_tvalid.value = 1
            await RisingEdge(dut.aclk)
            while not dut.s_axis_tready.value:
                await RisingEdge(dut.aclk)
        dut.s_axis_tvalid.value = 0
        await ip.write("control", 1)
        await ClockCycles(dut.aclk, 30)
        ip.sink.clear()
        await ip.packet([2, 0])
    assert await ip.read("errors") == 0 and await ip.read("frames_per_packet") == 2
