"""neuraljet prove: the adder graphs of an accelerator equal the network's layers, for all inputs."""

import argparse
from pathlib import Path
from typing import Any

NAME = "prove"
HELP = "Prove for all inputs that each convolution's RTL sums what the network's weights say"
EXAMPLE = "neuraljet prove accelerator"


def prove(accelerator: str | Path) -> dict[str, Any]:
    """Trace every output of every convolution back to the pixels of its window; see sim.prove."""
    from sim.prove import prove as prove_accelerator

    return prove_accelerator(Path(accelerator))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("accelerator", metavar="ACC", help="folder that build made")


def main(options: argparse.Namespace) -> tuple[bool, dict[str, Any]]:
    result = prove(options.accelerator)
    print(summary(result))
    return result["passed"], result


def summary(result: dict[str, Any]) -> str:
    """One row per convolution, for people."""
    lines = [f"{'layer':18} {'outputs':>7}  verdict"]
    for layer in result["layers"]:
        why = f": {layer['why']}" if layer["why"] else ", for all inputs"
        lines.append(f"{layer['name']:18} {layer['outputs']:7d}  {layer['verdict']}{why}")
    lines.append(f"{result['outputs_proved']} of {result['outputs']} outputs proved in {result['seconds']:.1f} s")
    return "\n".join(lines)
