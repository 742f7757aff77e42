"""cocotb bench for any module with the flat ready/valid ports: feeds beats, stalls both sides, records.

While `s_valid_i` is low, the data and what goes with it are noise.

The job is a JSON file named by NJ_STREAM_JOB (see `sim.modules`), the outcome another. One process serves
all runs of a job, with a reset before each. The clock is driven here and not by a Clock: inputs change with
the falling edge, everything is sampled just before the rising one, so a read never races a register, and a
cycle costs two triggers.
"""

import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Timer

RESET_CYCLES = 4
QUIET_CYCLES = 64  # after the last expected beat: time for one too many to show up


class Stalls:
    """A seeded coin: `next()` is True with the given probability."""

    def __init__(self, probability: float, seed: str) -> None:
        self.probability = probability
        self.random = random.Random(seed)

    def next(self) -> bool:
        return self.probability > 0 and self.random.random() < self.probability


async def reset(dut: Any, side_inputs: list[str]) -> None:
    dut.s_valid_i.value = 0
    dut.m_ready_i.value = 0
    for name in ["s_data_i", *side_inputs]:
        getattr(dut, name).value = 0
    for cycle in range(RESET_CYCLES + 1):
        dut.rst_i.value = int(cycle < RESET_CYCLES)
        dut.clk_i.value = 0
        await Timer(1, "step")
        dut.clk_i.value = 1
        await Timer(1, "step")


async def run(dut: Any, job: dict[str, Any], stalls: dict[str, Any]) -> dict[str, Any]:
    """Send all beats, take `out_count`, then wait for quiet; raise AssertionError on a breach of the handshake."""
    beats = [int(beat, 16) for beat in job["beats"]]
    extra_in = {name: [int(value, 16) for value in values] for name, values in job["extra_in"].items()}
    watched: dict[str, list[int]] = {name: [] for name in job["watch"]}
    out_count, limit = job["out_count"], job["silence_limit"]
    idle = Stalls(stalls["idle"], f"idle {stalls['seed']}")
    backpressure = Stalls(stalls["backpressure"], f"backpressure {stalls['seed']}")
    garbage = random.Random(f"garbage {stalls['seed']}")
    await reset(dut, list(extra_in))

    outputs: list[int] = []
    in_cycles: list[int] = []
    out_cycles: list[int] = []
    offered = False  # is a beat on the input, waiting for ready?
    stalled: int | None = None  # the output beat that was valid and not taken in the last cycle
    sent = cycle = last_event = 0
    quiet = 0
    while quiet < QUIET_CYCLES:
        dut.clk_i.value = 0
        if not offered:
            offered = sent < len(beats) and not idle.next()
            dut.s_valid_i.value = int(offered)
            if offered:
                dut.s_data_i.value = beats[sent]
            else:
                dut.s_data_i.value = garbage.getrandbits(len(dut.s_data_i))
            for name, values in extra_in.items():
                side = getattr(dut, name)
                side.value = values[sent] if offered else garbage.getrandbits(len(side))
        ready = not backpressure.next()
        dut.m_ready_i.value = int(ready)
        await Timer(1, "step")
        taken = offered and int(dut.s_ready_o.value) == 1
        valid = int(dut.m_valid_o.value) == 1
        if valid:
            data = int(dut.m_data_o.value)
            assert stalled is None or data == stalled, (
                f"cycle {cycle}: m_data_o changed from {stalled:#x} to {data:#x} under stall"
            )
            if ready:
                assert len(outputs) < out_count, (
                    f"cycle {cycle}: output beat {data:#x} after all {out_count} expected ones"
                )
                outputs.append(data)
                out_cycles.append(cycle)
                last_event = cycle
                for name, seen in watched.items():
                    seen.append(int(getattr(dut, name).value))
            stalled = None if ready else data
        else:
            assert stalled is None, f"cycle {cycle}: m_valid_o fell before beat {stalled:#x} was taken"
        if taken:
            in_cycles.append(cycle)
            sent += 1
            offered = False
            last_event = cycle
        dut.clk_i.value = 1
        await Timer(1, "step")
        done = sent == len(beats) and len(outputs) == out_count
        quiet = quiet + 1 if done else 0
        assert done or cycle - last_event < limit, (
            f"nothing moved for {limit} cycles: {sent} of {len(beats)} beats in, {len(outputs)} of {out_count} out"
        )
        cycle += 1
    for name, seen in watched.items():
        seen.append(int(getattr(dut, name).value))
    return {
        "beats": [f"{beat:x}" for beat in outputs],
        "in_cycles": in_cycles,
        "out_cycles": out_cycles,
        "watched": watched,
    }


@cocotb.test(timeout_time=1, timeout_unit="ms")  # a clock is 2 ps: half a billion cycles
async def stream(dut: Any) -> None:
    """Do every run of the job; the outcome file appears only when all of them kept to the handshake."""
    job = json.loads(Path(os.environ["NJ_STREAM_JOB"]).read_text())
    results = []
    for stalls in job["runs"]:
        try:
            results.append(await run(dut, job, stalls))
        except AssertionError as error:
            raise AssertionError(
                f"{error} (idle {stalls['idle']}, backpressure {stalls['backpressure']}, seed {stalls['seed']})"
            ) from None
    Path(os.environ["NJ_STREAM_OUTCOME"]).write_text(json.dumps(results))
