"""Set and read the gate of a packaged accelerator, through whatever reads and writes its registers.

gate = Gate("ip", read, write)  # read(address) -> 32 bits, write(address, 32 bits): MMIO of PYNQ, a debugger, a bus
gate.set(Reject(classes=("scratched",), delay=250_000, length=20_000))
print(gate.counts())
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnn.errors import UserError
from bnn.storage.records import Record, parse_json

GATE, VERSION = "gate", 4  # of the register map from which on there may be a gate
MOST = (1 << 32) - 1
MOST_DELAY = MOST - 32  # nj_reject: the parts that are under way come on top
ENABLE, DELAY_STEPS, LENGTH_STEPS, BY_TAG, OTHERWISE, UNSURE, BROKEN = (1 << bit for bit in range(7))


@dataclass(frozen=True)
class Reject:
    """What is rejected, when, and for how long."""

    classes: tuple[str, ...]  # parts of these classes are rejected
    delay: int  # from trigger to gate, in clocks, or in steps of the encoder
    length: int  # of the pulse, likewise
    delay_in_steps: bool = False
    length_in_steps: bool = False
    unsure: bool = False  # are parts rejected whose decision is unsure?
    broken: bool = False  # and parts whose frame was broken?
    without_decision: bool = False  # and parts without a decision when they come to the gate?
    by_tag: bool = False  # is the tag of a frame the number of its part? Else the frame's own number is
    enabled: bool = True  # do pulses leave? Parts are counted in any case


@dataclass(frozen=True)
class Counts(Record):
    """What the gate has counted since the FPGA's reset, modulo 2^32."""

    parts: int  # came to the gate
    rejected: int
    late: int  # came without a decision
    lost: int  # passed because too many were under way
    unpaired: int  # decisions on parts that were not under way


class Gate:
    """The gate of the IP that a folder of `neuraljet ip --gate` describes."""

    def __init__(self, ip: str | Path, read: Callable[[int], int], write: Callable[[int, int], object]) -> None:
        """Raise UserError when the folder tells of no gate, or the registers are not those of its network."""
        self._at, self.class_names, model = _described(Path(ip))
        self._read, self._write = read, write
        found = "".join(f"{read(self._at[f'model_hash_{i}']):08x}" for i in range(8))
        version = read(self._at["version"])
        if found != model or version != VERSION:
            raise UserError(
                f"the registers are not those of {ip}: version {version}, model hash {found[:12]} and not version "
                f"{VERSION}, {model[:12]}; load the right bitstream, or give the IP folder that it was made with"
            )

    def set(self, reject: Reject) -> None:
        """Write all settings, with the gate shut off meanwhile. No part may be between trigger and gate."""
        for address, value in writes(reject, self._at, self.class_names):
            self._write(address, value)

    def counts(self) -> Counts:
        """Return what was counted until now; each number is read by itself."""
        return Counts(*(self._read(self._at[name]) for name in ("parts", "rejected", "late", "lost", "unpaired")))


def writes(reject: Reject, at: Mapping[str, int], class_names: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return the addresses and values that make the gate do `reject`, in order. UserError for what it cannot do."""
    unknown = [name for name in reject.classes if name not in class_names]
    if unknown:
        raise UserError(f"class {unknown[0]!r} is none of the network's; choose of {', '.join(class_names)}")
    for what, value, most in (("delay", reject.delay, MOST_DELAY), ("length", reject.length, MOST)):
        if not 0 <= value <= most:
            raise UserError(f"{what} {value} is out of range; the gate takes 0 to {most:,} clocks or steps")
    flags = (
        (reject.delay_in_steps, DELAY_STEPS), (reject.length_in_steps, LENGTH_STEPS), (reject.by_tag, BY_TAG),
        (reject.without_decision, OTHERWISE), (reject.unsure, UNSURE), (reject.broken, BROKEN),
    )  # fmt: skip
    settings = sum(bit for flag, bit in flags if flag)
    mask = sum(1 << class_names.index(name) for name in set(reject.classes))
    words = [(at[f"gate_classes_{i}"], mask >> 32 * i & MOST) for i in range(-(-len(class_names) // 32))]
    return [
        (at[GATE], settings), (at["gate_delay"], reject.delay), (at["gate_length"], reject.length), *words,
        (at[GATE], settings | (ENABLE if reject.enabled else 0)),
    ]  # fmt: skip


def _described(folder: Path) -> tuple[dict[str, int], tuple[str, ...], str]:
    """Return addresses, classes and model hash of an IP folder with a gate."""
    path, again = folder / "ip.json", "make it with `neuraljet ip ACC --out IP --gate`"
    try:
        content: Any = parse_json(path.read_bytes())
        at, classes, model = content["registers"], content["classes"], content["model_sha256"]
        if content["format"] != "neuraljet-ip" or GATE not in at:
            raise ValueError("it tells of no gate")
        return {str(name): int(address) for name, address in at.items()}, tuple(map(str, classes)), str(model)
    except KeyError as error:
        raise UserError(f"{path}: it does not say {error}; {again}") from None
    except (OSError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path}: {error}; {again}") from None
