"""neuraljet synth: count what the accelerator takes of an FPGA, with Yosys."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from neuraljet.commands.train import add_trust

if TYPE_CHECKING:
    from finn_build.synthesis import Synthesis

NAME = "synth"
HELP = "Synthesise an accelerator with Yosys and count LUTs, flip-flops, memories and DSPs"
EXAMPLE = "neuraljet synth accelerator --family xc7"
COLUMNS = ("lut", "ff", "lutram", "srl", "ramb18", "dsp", "sites")


def synth(accelerator: str | Path, *, family: str = "xc7", trust: bool = False) -> "Synthesis":
    """Synthesise the folder's RTL for 7-series (xc7) or UltraScale+ (xcup); see finn_build.synthesis."""
    from finn_build.synthesis import synthesise

    return synthesise(Path(accelerator), family=family, trust=trust)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("accelerator", metavar="ACC", help="folder that build made")
    add_trust(parser)
    parser.add_argument("--family", choices=("xc7", "xcup"), default="xc7", help="7-series (default) or UltraScale+")


def main(options: argparse.Namespace) -> tuple[bool, "Synthesis"]:
    result = synth(options.accelerator, family=options.family, trust=options.trust)
    print(summary(result))
    return True, result


def summary(result: "Synthesis") -> str:
    """Return a row per layer and the total, for people."""
    lines = [f"{'layer':18} " + " ".join(f"{name:>7}" for name in COLUMNS)]
    rows = [(layer.layer or layer.instance or "top", layer.counts) for layer in result.layers]
    rows.append(("total", result.counts))
    lines += [f"{name:18} " + " ".join(f"{getattr(row, column):7d}" for column in COLUMNS) for name, row in rows]
    lines.append(f"synthesised in {result.seconds:.0f} s")
    return "\n".join(lines)
