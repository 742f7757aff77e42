"""Send an accelerator streams that are not as they should be: any beats, with resets, stalls and noise between."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnn.storage.work import work_folder
from finn_build.manifest import load as load_manifest
from sim import design as designs
from sim.bench import slowest_cycles
from sim.design import link_memories
from sim.frames import pack_frames
from sim.localise import BENCHES
from sim.runner import SimulationError, simulate

LAST, RESET = 1, 2


@dataclass
class Epoch:
    """What came out from one reset to the next."""

    results: list[int] = field(default_factory=list)  # m_axis_tdata of each, without the bit of a broken frame
    broken: list[bool] = field(default_factory=list)  # does each say that its frame was broken?
    error_at: list[bool] = field(default_factory=list)  # frame_error at each
    frame_error: bool = False  # as it stood at the end


@dataclass
class Outcome:
    """What one run gave: an epoch more than there are resets."""

    epochs: list[Epoch]
    faults: list[str]  # breaches of the protocol at the output, in words


def run_beats(
    acc: Path,
    data: NDArray[np.uint8],
    flags: NDArray[np.uint8],
    *,
    idle: float = 0.0,
    backpressure: float = 0.0,
    seed: int = 1,
) -> Outcome:
    """Send beats of one pixel each, `data` [N, C], to the RTL of the accelerator in folder `acc`.

    flags: [N], of each beat LAST, RESET (before it, and when the beat before has been accepted), both or 0.
    idle, backpressure: probabilities, below 1, that the source has no beat and the sink no room in a cycle.
    Raise SimulationError when nothing moves any more although beats are left.
    """
    manifest = load_manifest(acc)
    manifest.require_rtl("simulation")
    design = designs.rtl(acc, manifest)
    beats, tdata_bits = manifest.input.beats_per_frame, manifest.input.tdata_bits
    pixels = np.frombuffer(pack_frames(data[:, None, None, :], tdata_bits), np.uint8).reshape(len(data), -1)
    slowest = slowest_cycles(manifest)
    quiet = 4 * slowest + 2 * beats + 2000
    cycles = (len(data) + 4 * slowest) / (1 - idle) * (1 + 4 * backpressure / (1 - backpressure)) + 10 * quiet
    with work_folder() as temporary:
        place = Path(temporary)
        link_memories(acc, place)
        (place / "beats.bin").write_bytes(np.concatenate([flags[:, None], pixels], axis=1).tobytes())
        simulate(
            "nj_stress_bench", [*design.sources, BENCHES / "nj_stress_bench.sv"], "sim.benches.frames",
            parameters={
                "InBits": tdata_bits, "OutBits": manifest.output.tdata_bits, "Beats": beats,
                "PointBits": manifest.output.point_bits,
            },
            build_args=design.build_args, work=place, env={"NJ_FRAMES_OUTCOME": str(place / "outcome.json")},
            timeout_s=120 + cycles / design.slowest,
            plusargs=[
                f"+beats={place / 'beats.bin'}", f"+log={place / 'events.log'}", f"+count={len(data)}",
                f"+idle={round(idle * 65536)}", f"+stall={round(backpressure * 65536)}", f"+stall_seed={seed}",
                f"+quiet={quiet}", f"+silence={2 * quiet}",
            ],
        )  # fmt: skip
        return _read(place / "events.log", manifest.output.broken_bit)


def _read(path: Path, broken_bit: int) -> Outcome:
    outcome, kind, values = Outcome([Epoch()], []), "", [""]
    for line in path.read_text().splitlines():
        kind, *values = line.split()
        epoch = outcome.epochs[-1]
        if kind == "R":
            word = int(values[0], 16)
            epoch.results.append(word & ~(1 << broken_bit))
            epoch.broken.append(values[4] == "1")
            if word >> broken_bit & 1 != int(values[4]):
                outcome.faults.append(f"in the result of cycle {values[1]} m_axis_tuser and the bit in the word differ")
            epoch.error_at.append(values[3] == "1")
            if values[2] != "1":
                outcome.faults.append(f"the result of cycle {values[1]} came without m_axis_tlast")
        elif kind == "E":
            outcome.faults.append(f"m_axis changed or was withdrawn before it was accepted, in cycle {values[0]}")
        elif kind == "X":
            epoch.frame_error = values[1] == "1"
            outcome.epochs.append(Epoch())
    if kind != "D":
        raise SimulationError(f"nothing moved any more from cycle {values[0]} on, and beats were left")
    outcome.epochs.pop()
    return outcome
