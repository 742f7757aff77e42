"""Simulate a module in a few lines: beats in, beats and the cycles they came in out.

result = run_stream("nj_spill", {"Width": 8}, beats=[1, 2, 3], out_count=3, idle=0.3, backpressure=0.5)
assert result.beats == [1, 2, 3]
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from bnn.errors import UserError
from bnn.storage.work import work_folder
from hw.text import RTL, sources_of
from sim.runner import noise, simulate

MODULE_ARGS = ("--assert", "--x-assign", "unique", "--x-initial", "unique")
RANDOM_START = noise(17)  # what is not reset starts as noise


@dataclass(frozen=True)
class Stall:
    """How often the source has no beat and the sink no room, as probabilities per cycle."""

    idle: float = 0.0
    backpressure: float = 0.0
    seed: int = 0


# idle x backpressure: the battery every stream module runs through
STALLS = tuple(Stall(idle, backpressure, 7) for idle, backpressure in product((0.0, 0.4), (0.0, 0.5)))


@dataclass(frozen=True)
class StreamResult:
    """What one run put out; cycle 0 is the first one after reset."""

    beats: list[int]  # m_data_o of each accepted output beat
    in_cycles: list[int]  # the cycle in which each input beat was accepted
    out_cycles: list[int]  # the cycle in which each output beat was accepted
    watched: dict[str, list[int]]  # per watched port: its value at each output beat, and one at the end


def rtl_sources(top: str) -> list[Path]:
    """Return the file of `top` and of every `nj_` module that it needs, directly or not; packages first."""
    try:
        return list(sources_of(top))
    except FileNotFoundError:
        raise UserError(f"there is no {top}.sv in {RTL}") from None


def run_streams(
    top: str,
    parameters: Mapping[str, int | str],
    beats: Sequence[int],
    out_count: int,
    *,
    stalls: Sequence[Stall] = STALLS,
    sources: Sequence[Path] | None = None,
    extra_in: Mapping[str, Sequence[int]] | None = None,
    watch: Sequence[str] = (),
    silence_limit: int = 20_000,
    timeout_s: float = 120.0,
) -> list[StreamResult]:
    """Feed `beats` once per entry of `stalls`, all in one simulator process on one build, a reset before each.

    extra_in: values of further `*_i` ports that go with each beat (`{"s_last_i": [0, 0, 1]}`).
    watch: `*_o` ports to sample at every accepted output beat and once at the end.
    sources: the files in a folder mem beside one of them are what $readmemh finds as mem/<name>.
    Initial values of registers and memories are noise. SimulationError when the module breaks the handshake
    (valid falls or data changes under stall), gives a beat too many, or nothing moves for `silence_limit` cycles.
    """
    extra = {name: [f"{int(v):x}" for v in values] for name, values in (extra_in or {}).items()}
    job = {
        "beats": [f"{int(beat):x}" for beat in beats],
        "out_count": out_count,
        "extra_in": extra,
        "watch": list(watch),
        "silence_limit": silence_limit,
        "runs": [{"idle": s.idle, "backpressure": s.backpressure, "seed": s.seed} for s in stalls],
    }
    for name, values in extra.items():
        if len(values) != len(beats):
            raise ValueError(f"{name}: {len(values)} values for {len(beats)} beats")
    with work_folder() as folder:
        job_file, outcome = Path(folder) / "job.json", Path(folder) / "outcome.json"
        job_file.write_text(json.dumps(job))
        files = rtl_sources(top) if sources is None else sources
        for memories in sorted({file.parent / "mem" for file in files}):
            if memories.is_dir():
                shutil.copytree(memories, Path(folder) / "mem", dirs_exist_ok=True)
        simulate(
            top, files, "sim.benches.stream",
            parameters=parameters, build_args=MODULE_ARGS, plusargs=RANDOM_START, timeout_s=timeout_s,
            work=Path(folder), env={"NJ_STREAM_JOB": str(job_file), "NJ_STREAM_OUTCOME": str(outcome)},
        )  # fmt: skip
        results = json.loads(outcome.read_text())
    return [
        StreamResult([int(beat, 16) for beat in r["beats"]], r["in_cycles"], r["out_cycles"], r["watched"])
        for r in results
    ]


def run_stream(
    top: str,
    parameters: Mapping[str, int | str],
    beats: Sequence[int],
    out_count: int,
    *,
    idle: float = 0.0,
    backpressure: float = 0.0,
    seed: int = 0,
    sources: Sequence[Path] | None = None,
) -> StreamResult:
    """Run `run_streams` once."""
    return run_streams(top, parameters, beats, out_count, stalls=[Stall(idle, backpressure, seed)], sources=sources)[0]
