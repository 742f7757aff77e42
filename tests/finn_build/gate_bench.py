"""cocotb module for an IP with a gate: parts, frames, an encoder; every clock of `reject` is as the docs say."""

import json
import os
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamBus, AxiStreamSink, AxiStreamSource

CASE = json.loads(Path(os.environ["NJ_GATE_CASE"]).read_text())
FRAMES = [bytes.fromhex(frame) for frame in CASE["frames"]]
RESULTS = CASE["results"]
AT = CASE["registers"]
LONG = {"timeout_time": 2, "timeout_unit": "ms"}  # 200,000 clocks
SYNC = 2  # clocks from a rising edge until it counts


class Ip:
    """The IP, what drives it, and what was seen in every clock since the reset."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        cocotb.start_soon(Clock(dut.aclk, 10, "ns").start())
        reset = {"reset": dut.aresetn, "reset_active_level": False}
        self.axi = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.aclk, **reset)
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.aclk, **reset)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk, **reset)
        self.waves: dict[str, list[int]] = {name: [] for name in ("trigger", "encoder", "reject", "decided")}

    async def reset(self) -> None:
        for name in ("trigger", "encoder", "frame_tag"):
            getattr(self.dut, name).value = 0
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, 5)
        self.dut.aresetn.value = 1
        await ClockCycles(self.dut.aclk, 5)
        cocotb.start_soon(self.watch())

    async def watch(self) -> None:
        """Note what is there before each edge; `decided`: a result is there that was not in the clock before."""
        told = False
        while True:
            await RisingEdge(self.dut.aclk)
            await ReadOnly()
            valid, taken = bool(self.dut.m_axis_tvalid.value), bool(self.dut.m_axis_tready.value)
            self.waves["decided"].append(int(valid and not told))
            told = valid and not taken
            for name in ("trigger", "encoder", "reject"):
                self.waves[name].append(int(getattr(self.dut, name).value))

    async def read(self, name: str) -> int:
        return int(await self.axi.read_dword(AT[name]))

    async def set(self, name: str) -> dict[str, Any]:
        """Write the registers of a setting, and return what it is."""
        for address, value in CASE["settings"][name]["writes"]:
            await self.axi.write_dword(address, value)
        return dict(CASE["settings"][name])

    async def part(self) -> None:
        self.dut.trigger.value = 1
        await ClockCycles(self.dut.aclk, 3)
        self.dut.trigger.value = 0
        await ClockCycles(self.dut.aclk, 3)

    async def frame(self, index: int, tag: int = 0) -> None:
        """Send a frame; its tag goes when its last pixel was taken."""
        self.dut.frame_tag.value = tag
        await self.source.send(FRAMES[index])
        await self.source.wait()
        self.dut.frame_tag.value = 0xFFFF

    async def counted(self) -> list[int]:
        return [await self.read(name) for name in ("parts", "rejected", "late", "lost", "unpaired")]


def edges(wave: list[int]) -> list[int]:
    """Return the clocks in which rising edges of a wave count."""
    return [i + SYNC for i in range(1, len(wave)) if wave[i] and not wave[i - 1]]


def expected(waves: dict[str, list[int]], setting: dict[str, Any], decisions: list[tuple[int, bool]]) -> Any:
    """Return the wave of `reject` and two counts, by the words of the docs; decisions: (number of the part, rejected?).

    Parts are fewer than the gate has places for, and never two in a clock.
    """
    clocks = len(waves["trigger"])
    steps = edges(waves["encoder"])
    came = [i for i, value in enumerate(waves["decided"]) if value]
    assert len(came) == len(decisions)
    verdicts = {number: (clock, said) for clock, (number, said) in zip(came, decisions, strict=True)}
    begins, rejected, late = [], 0, 0
    for number, trigger in enumerate(edges(waves["trigger"])):
        if setting["delay_in_steps"]:
            counted = [clock for clock in steps if clock >= trigger]
            here = counted[setting["delay"] - 1] + 1 if len(counted) >= setting["delay"] else clocks
        else:
            here = trigger + setting["delay"]
        if here >= clocks - 1:
            continue
        clock, said = verdicts.get(number, (clocks, False))
        in_time = clock + 2 <= here
        late += not in_time
        if said if in_time else setting["otherwise"]:
            rejected += 1
            begins.append(here)
    wave = [0] * clocks
    for here in begins:
        if setting["length_in_steps"]:
            end = [clock for clock in steps if clock > here][setting["length"] - 1] + 1
        else:
            end = here + 1 + setting["length"]
        wave[here + 1 : end] = [1] * (min(end, clocks) - here - 1)
    return wave, rejected, late


async def start(dut: Any, setting: str) -> tuple[Ip, dict[str, Any]]:
    ip = Ip(dut)
    await ip.reset()
    return ip, await ip.set(setting)


def says(index: int, setting: dict[str, Any]) -> bool:
    return RESULTS[index]["class"] in setting["classes"] or (setting["unsure"] and RESULTS[index]["unsure"])


@cocotb.test(**LONG)
async def results_carry_number_and_tag_of_their_frame(dut: Any) -> None:
    ip, _ = await start(dut, "clocks")
    tags = [0xBEEF, 0, 7, 0x8001]
    for index, tag in enumerate(tags):
        await ip.frame(index, tag)
        if index == 1:  # a short frame between: its tag is that of its last pixel
            dut.frame_tag.value = 0x1234
            await ip.source.send(FRAMES[0][: len(FRAMES[0]) // 2])
            await ip.source.wait()
    words = [int.from_bytes(bytes((await ip.sink.recv()).tdata), "little") for _ in range(5)]
    assert [word >> CASE["number_bit"] & 0xFFFF for word in words] == [0, 1, 2, 3, 4]
    assert [word >> CASE["tag_bit"] & 0xFFFF for word in words] == [tags[0], tags[1], 0x1234, tags[2], tags[3]]
    assert [word >> CASE["broken_bit"] & 1 for word in words] == [0, 0, 1, 0, 0]
    whole = [words[0], words[1], words[3], words[4]]
    assert [f"{word & (1 << CASE['number_bit']) - 1:x}" for word in whole] == [RESULTS[i]["word"] for i in range(4)]


@cocotb.test(**LONG)
async def clocks_from_trigger_to_gate(dut: Any) -> None:
    ip, setting = await start(dut, "clocks")
    order = [0, 1, 2, 3, 0, 2, 1]
    assert len({says(index, setting) for index in order}) == 2
    for index in order:  # several parts are between trigger and gate
        await ip.part()
        await ip.frame(index)
    await ClockCycles(dut.aclk, setting["delay"] + setting["length"] + 20)
    decisions = [(number, says(index, setting)) for number, index in enumerate(order)]
    wave, rejected, late = expected(ip.waves, setting, decisions)
    assert ip.waves["reject"] == wave and sum(wave) and late == 0
    assert await ip.counted() == [len(order), rejected, 0, 0, 0]


@cocotb.test(**LONG)
async def late_decisions_go_by_the_rule_and_do_not_reach_the_next_part(dut: Any) -> None:
    for name in ("hasty", "hasty and rejecting"):
        ip, setting = await start(dut, name)
        order = [0, 1, 2, 3, 1]
        for index in order:
            await ip.part()
            await ip.frame(index)
            await ClockCycles(dut.aclk, 200)
        decisions = [(number, says(index, setting)) for number, index in enumerate(order)]
        wave, rejected, late = expected(ip.waves, setting, decisions)
        assert ip.waves["reject"] == wave and late == len(order) and rejected == (late if setting["otherwise"] else 0)
        assert await ip.counted() == [len(order), rejected, late, 0, len(order)]


@cocotb.test(**LONG)
async def steps_of_an_encoder_and_tags_where_a_frame_is_missing(dut: Any) -> None:
    ip, setting = await start(dut, "steps")

    async def belt() -> None:
        gap = 5
        while True:
            dut.encoder.value = 1
            await ClockCycles(dut.aclk, 2)
            dut.encoder.value = 0
            await ClockCycles(dut.aclk, gap)
            gap = (gap * 7 + 3) % 23 + 2  # it does not run evenly

    cocotb.start_soon(belt())
    decisions = []
    order = [2, 0, None, 1, 3, None, 0, 2]
    for index in order:
        number = int(dut.part_number.value)
        await ip.part()
        if index is not None:  # else the camera missed the part
            await ip.frame(index, tag=number)
            decisions.append((number, says(index, setting)))
    assert [number for number, _ in decisions] == [0, 1, 3, 4, 6, 7]
    while await ip.read("parts") < len(order):
        pass
    await ClockCycles(dut.aclk, 30 * setting["length"])
    wave, rejected, late = expected(ip.waves, setting, decisions)
    assert ip.waves["reject"] == wave and late == 2 and 0 < rejected < len(order)
    assert await ip.counted() == [len(order), rejected, 2, 0, 0]


@cocotb.test(**LONG)
async def parts_that_have_no_place_are_counted_and_the_others_keep_their_decisions(dut: Any) -> None:
    ip, setting = await start(dut, "long")
    for _ in range(36):
        await ip.part()  # 33 have a place
    assert await ip.read("lost") == 3
    for number in range(36):
        await ip.frame(number % 4)
    while await ip.read("parts") < 33:
        pass
    await ClockCycles(dut.aclk, setting["length"] + 10)
    rejected = sum(says(number % 4, setting) for number in range(33))
    assert await ip.counted() == [33, rejected, 0, 3, 3]


@cocotb.test(**LONG)
async def a_gate_that_is_off_counts_and_stays_shut(dut: Any) -> None:
    ip, setting = await start(dut, "off")
    for index in (0, 1, 2, 3):
        await ip.part()
        await ip.frame(index)
    await ClockCycles(dut.aclk, setting["delay"] + 20)
    assert not any(ip.waves["reject"]) and (await ip.counted())[1] == sum(says(i, setting) for i in range(4)) > 0
