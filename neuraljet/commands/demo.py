"""neuraljet demo: the whole chain on the embedded biscuits."""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bnn.errors import UserError
from bnn.storage.records import Record
from neuraljet.commands import build, prove, report, synth, train, verify

if TYPE_CHECKING:
    from bnn.training.metrics import Metrics
    from finn_build.synthesis import Synthesis
    from sim.proofs.prove import Proof
    from sim.verification import Verification

NAME = "demo"
HELP = "Run the whole chain on the embedded pictures of biscuits: train, build, verify, prove, synthesise, report"
EXAMPLE = "neuraljet demo --out out/demo"


@dataclass(frozen=True)
class Demo(Record):
    """What each step returned."""

    train: "Metrics"
    build: dict[str, Any]
    verify: "Verification"
    prove: "Proof"
    synth: "Synthesis"
    report: "report.Report"
    seconds: float


def demo(out: str | Path = "out/demo", *, epochs: int | None = None, progress: bool = False) -> Demo:
    """Train on biscuits, build, verify every test frame, prove, synthesise and report, all under the folder `out`.

    A demo in the same folder continues an interrupted training, or takes the finished one.
    """
    started = time.monotonic()
    out = Path(out)
    run, accelerator = out / "run", out / "accelerator"
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; choose a folder with --out")
    steps: dict[str, Callable[[], Any]] = {
        "train": lambda: train.train(
            "biscuits", run, epochs=epochs, progress=progress, resume=(run / "run.json").exists()
        ),
        "build": lambda: build.build(run, accelerator),
        "verify": lambda: verify.verify(accelerator),
        "prove": lambda: prove.prove(accelerator),
        "synth": lambda: synth.synth(accelerator),
        "report": lambda: report.report(run, accelerator, out / "report.html", quick=True),
    }
    results = {}
    for name, step in steps.items():
        if progress:
            print(f"\n== {name}: {_EXPLAINED[name]}", flush=True)
        results[name] = step()
        if progress:
            print(_SUMMARIES[name](results[name]), flush=True)
    return Demo(**results, seconds=time.monotonic() - started)


_EXPLAINED = {
    "train": "a binarized network with neural jet layers, on synthetic biscuits",
    "build": "FINN with our own RTL operators makes a streaming accelerator",
    "verify": "every test picture through the RTL, every score compared",
    "prove": "the sums of convolutions, windows and additions, for all inputs",
    "synth": "Yosys counts what it takes of a 7-series FPGA",
    "report": "one page with all of it, to open in a browser",
}
_SUMMARIES: dict[str, Callable[[Any], str]] = {
    "train": train.summary, "build": build.summary, "verify": verify.summary, "prove": prove.summary,
    "synth": synth.summary, "report": report.summary,
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", default="out/demo", metavar="DIR", help="folder to make (default: out/demo)")
    parser.add_argument("--epochs", type=train.whole, metavar="N", help="train for longer or shorter")


def main(options: argparse.Namespace) -> tuple[bool, Demo]:
    result = demo(options.out, epochs=options.epochs, progress=True)
    print("\n" + table(result))
    print(
        f"\nThe trained network is in {options.out}/run, the accelerator with its RTL in {options.out}/accelerator.\n"
        f"Open {options.out}/report.html in a browser to see pictures, mistakes and figures.\n"
        "Next, your own pictures:  neuraljet train PICTURES --out run   (one folder per class)\n"
        "                          neuraljet build run --out accelerator && neuraljet verify accelerator"
    )
    sys.stdout.flush()
    return result.verify.passed and result.prove.passed, result


def table(result: Demo) -> str:
    """Return the figures that matter, one a line."""
    verified, proved, area = result.verify, result.prove, result.synth.counts
    clocks, mhz = verified.rates.cycles_per_frame, result.build["clock_mhz"]
    rows = [
        ("test accuracy", f"{result.train.test_accuracy:.1%}"),
        ("verified in simulation", f"{verified.frames} frames, {verified.mismatches} mismatches"),
        ("proved for all inputs", f"{proved.outputs_proved} of {proved.outputs} outputs of layers that add"),
        ("LUT sites (7-series)", f"{area.sites:,}"),
        ("LUT (7-series)", f"{area.lut:,}"),
        ("flip-flops", f"{area.ff:,}"),
        ("block RAM (18 kbit)", f"{area.ramb18}"),
        ("DSP", f"{area.dsp}"),
        (f"frames/s at {mhz:g} MHz", f"{mhz * 1e6 / clocks:,.0f}" if clocks else "-"),
        ("latency, last pixel to class", verify.clocks(verified.rates.latency_cycles)),
        ("simulated cycles/s", f"{verified.cycles_per_second:,.0f}"),
        ("whole demo", f"{result.seconds:.0f} s"),
    ]
    return "\n".join(f"  {name:30} {value}" for name, value in rows)
