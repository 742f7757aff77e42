"""What the gate of a board rejects. Without registers its settings are constants of the circuit."""

from dataclasses import dataclass

from bnn.errors import UserError
from bnn.storage.records import Record
from finn_build.manifest import Output

MOST = (1 << 32) - 1
MOST_DELAY = MOST - 32  # the parts under way come on top, see hw/rtl/nj_reject.sv


@dataclass(frozen=True)
class Rejecting(Record):
    """Which parts are rejected, when, and for how long."""

    classes: tuple[str, ...]
    delay: int  # from trigger to gate
    length: int  # of the pulse
    steps: bool  # both are in steps of the encoder, not in clocks
    otherwise: bool = True  # parts are rejected that have no decision, an unsure one, or one on a broken frame


def checked(rejecting: Rejecting, output: Output) -> Rejecting:
    """Return it. UserError for classes that the network has not, and for numbers that the gate does not take."""
    unknown = [name for name in rejecting.classes if name not in output.classes]
    if unknown:
        raise UserError(
            f"--reject {unknown[0]!r}: the network has no such class; choose of {', '.join(output.classes)}"
        )
    for option, value, least, most in (
        ("--gate-delay", rejecting.delay, 0, MOST_DELAY), ("--gate-length", rejecting.length, 1, MOST),
    ):  # fmt: skip
        if not least <= value <= most:
            raise UserError(f"{option} {value} is out of range; the gate takes {least} to {most:,} clocks or steps")
    return rejecting


def values(rejecting: Rejecting, output: Output) -> dict[str, object]:
    """Return the constants of hw/templates/serial_gate.sv.in."""
    mask = sum(1 << output.classes.index(name) for name in set(rejecting.classes))
    return {
        "classes": len(output.classes), "class_bits": output.class_bits, "mask": f"{len(output.classes)}'h{mask:x}",
        "otherwise": int(rejecting.otherwise), "delay": rejecting.delay, "length": rejecting.length,
        "steps": int(rejecting.steps),
    }  # fmt: skip
