"""neuraljet demo: the whole chain on the embedded biscuits."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bnn.errors import UserError
from neuraljet.commands import build, prove, synth, train, verify

NAME = "demo"
HELP = "Run the whole chain on the embedded pictures of biscuits: train, build, verify, prove, synthesise"
EXAMPLE = "neuraljet demo --out out/demo"
STEPS = ("train", "build", "verify", "prove", "synth")


def demo(out: str | Path = "out/demo", *, epochs: int | None = None, progress: bool = False) -> dict[str, Any]:
    """Train on biscuits, build, verify every test frame, prove and synthesise, all under the folder `out`.

    Returns the result of each step under its name, and `seconds`. A demo in the same folder continues
    an interrupted training, or takes the finished one.
    """
    started = time.monotonic()
    out = Path(out)
    run, accelerator = out / "run", out / "accelerator"
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; choose a folder with --out")
    results: dict[str, Any] = {}
    result: Any
    for step in STEPS:
        if progress:
            print(f"\n== {step}: {_EXPLAINED[step]}", flush=True)
        if step == "train":
            result = train.train("biscuits", run, epochs=epochs, progress=progress, resume=(run / "run.json").exists())
        elif step == "build":
            result = build.build(run, accelerator)
        elif step == "verify":
            result = verify.verify(accelerator)
        elif step == "prove":
            result = prove.prove(accelerator)
        else:
            result = synth.synth(accelerator)
        results[step] = result
        if progress:
            print(_SUMMARIES[step](result), flush=True)
    results["seconds"] = time.monotonic() - started
    return results


_EXPLAINED = {
    "train": "a binarized network with neural jet layers, on synthetic biscuits",
    "build": "FINN with our own RTL operators makes a streaming accelerator",
    "verify": "every test picture through the RTL, every score compared",
    "prove": "the adder graphs of the convolutions, for all inputs",
    "synth": "Yosys counts what it takes of a 7-series FPGA",
}
_SUMMARIES: dict[str, Callable[[Any], str]] = {
    "train": train.summary, "build": build.summary, "verify": verify.summary, "prove": prove.summary,
    "synth": synth.summary,
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", default="out/demo", metavar="DIR", help="folder to make (default: out/demo)")
    parser.add_argument("--epochs", type=train.whole, metavar="N", help="train for longer or shorter")


def main(options: argparse.Namespace) -> tuple[bool, dict[str, Any]]:
    results = demo(options.out, epochs=options.epochs, progress=True)
    print("\n" + table(results))
    print(
        f"\nThe trained network is in {options.out}/run, the accelerator with its RTL in {options.out}/accelerator.\n"
        "Next, your own pictures:  neuraljet train PICTURES --out run   (one folder per class)\n"
        "                          neuraljet build run --out accelerator && neuraljet verify accelerator"
    )
    sys.stdout.flush()
    return all(results[step].passed for step in ("verify", "prove")), results


def table(results: dict[str, Any]) -> str:
    """Return the figures that matter, one a line."""
    built, verified, proved, area = (results[step] for step in ("build", "verify", "prove", "synth"))
    rows = [
        ("test accuracy", f"{results['train'].test_accuracy:.1%}"),
        ("verified in simulation", f"{verified.frames} frames, {verified.mismatches} mismatches"),
        ("proved for all inputs", f"{proved.outputs_proved} of {proved.outputs} outputs of convolutions"),
        ("LUT sites (7-series)", f"{area.counts.sites:,}"),
        ("LUT (7-series)", f"{area.counts.lut:,}"),
        ("flip-flops", f"{area.counts.ff:,}"),
        ("block RAM (18 kbit)", f"{area.counts.ramb18}"),
        ("DSP", f"{area.counts.dsp}"),
        (
            f"frames/s at {built['clock_mhz']:g} MHz",
            f"{built['clock_mhz'] * 1e6 / verified.rates.cycles_per_frame:,.0f}",
        ),
        ("latency, last pixel to class", verify.clocks(verified.rates.latency_cycles)),
        ("simulated cycles/s", f"{verified.cycles_per_second:,.0f}"),
        ("whole demo", f"{results['seconds']:.0f} s"),
    ]
    return "\n".join(f"  {name:30} {value}" for name, value in rows)
