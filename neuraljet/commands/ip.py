"""neuraljet ip: the accelerator as an IP for Vivado."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from neuraljet.commands.train import add_trust

if TYPE_CHECKING:
    from finn_build.ip import IpDescription

NAME = "ip"
HELP = "Package an accelerator as a Vivado IP: AXI4-Stream in and out, AXI4-Lite registers"
EXAMPLE = "neuraljet ip accelerator --out ip"


def ip(
    accelerator: str | Path, out: str | Path, *, trust: bool = False, gate: bool = False, tb: bool = True
) -> "IpDescription":  # fmt: skip
    """Package the accelerator folder as the IP folder `out`; return what its ip.json says (see finn_build.ip).

    gate: with ports that reject parts, and results that carry their frame's number and tag. tb: with the folder tb/
    for simulators of others, which takes some seconds (see finn_build.handover).
    """
    from finn_build.folders import require_elsewhere
    from finn_build.ip import package

    require_elsewhere(Path(out), Path(accelerator), "IP")
    return package(Path(accelerator), Path(out), trust=trust, gate=gate, tb=tb)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("accelerator", metavar="ACC", help="folder that build made")
    add_trust(parser)
    parser.add_argument("--out", required=True, metavar="IP", help="folder to make")
    parser.add_argument(
        "--gate", action="store_true",
        help="with ports that reject parts: trigger, encoder, reject; results carry their frame's number and tag",
    )  # fmt: skip
    parser.add_argument(
        "--no-tb", dest="tb", action="store_false",
        help="leave out tb/, which checks the IP in simulators of others and takes some seconds",
    )  # fmt: skip


def main(options: argparse.Namespace) -> tuple[bool, "IpDescription"]:
    result = ip(options.accelerator, options.out, trust=options.trust, gate=options.gate, tb=options.tb)
    print(summary(result))
    print(f"IP folder: {options.out}   in Vivado: an IP repository; vivado -mode batch -source check.tcl tries it")
    return True, result


def summary(result: "IpDescription") -> str:
    """Return name, streams and registers, for people."""
    lines = [f"{result.vlnv}: s_axis {result.s_axis_bits} bits, m_axis {result.m_axis_bits} bits, s_axi:"]
    lines += [f"  0x{address:02x} {name}" for name, address in result.registers.items()]
    return "\n".join(lines)
