"""neuraljet prove: the sums of an accelerator are those of the network's layers, for all inputs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from neuraljet.commands.train import add_trust
from neuraljet.commands.workers import add_engine

if TYPE_CHECKING:
    from sim.proofs.prove import Proof

NAME = "prove"
HELP = "Prove for all inputs that each convolution's RTL sums what the network's weights say"
EXAMPLE = "neuraljet prove accelerator"


def prove(accelerator: str | Path, *, trust: bool = False, engine: str | None = None) -> "Proof":
    """Prove every output of convolutions, residual additions and sum-pooling; see sim.proofs.prove.

    `engine`: which processes prove a layer each, as --engine (see bnn.engines.words).
    """
    from sim.proofs.prove import prove as prove_accelerator

    return prove_accelerator(Path(accelerator), trust=trust, engine=engine)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("accelerator", metavar="ACC", help="folder that build made")
    add_trust(parser)
    add_engine(parser, "prove layers")


def main(options: argparse.Namespace) -> tuple[bool, "Proof"]:
    result = prove(options.accelerator, trust=options.trust, engine=options.engine)
    print(summary(result))
    return result.passed, result


def summary(result: "Proof") -> str:
    """Return a row per convolution, residual addition and sum-pooling, for people."""
    lines = [f"{'layer':18} {'outputs':>7}  verdict"]
    for layer in result.layers:
        why = f": {layer.why}" if layer.why else ", for all inputs"
        lines.append(f"{layer.name:18} {layer.outputs:7d}  {layer.verdict}{why}")
    proved, outputs = result.outputs_proved, result.outputs
    if proved:
        lines.append(f"{proved} of {outputs} outputs of layers that add proved in {result.seconds:.1f} s")
    else:
        what = f"none of {outputs} outputs of layers that add" if outputs else "there is no convolution"
        lines.append(f"nothing is proved: {what}")
    if result.other_layers:
        lines.append(f"simulation alone checks {', '.join(result.other_layers)}: see `neuraljet verify`")
    return "\n".join(lines)
