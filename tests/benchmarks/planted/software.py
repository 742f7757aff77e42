"""Checks in Python alone, or by tools that take a second: files, import, proof of sums, gates, packaging."""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import onnx

from bnn.integer.freeze import FrozenNetwork
from bnn.integer.layers import Bias, Conv, Dense, Layer, Threshold
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.file import load_model
from bnn.qonnx.foreign import import_model
from bnn.qonnx.foreign.compare import compare
from bnn.qonnx.foreign.steps import elementwise
from bnn.qonnx.read import read_qonnx
from bnn.qonnx.write import write_qonnx
from bnn.training.check import check_links
from finn_build import boards
from finn_build.bitstream.flow import check_timing
from finn_build.bitstream.serial import write_serial
from finn_build.boards import Board
from finn_build.build import build
from finn_build.manifest import load
from finn_build.trust import opened
from neuraljet.commands import prove as prove_command
from neuraljet.commands.doctor import doctor
from sim.proofs.certify import CertificateError, certify
from sim.proofs.prove import Proof, prove
from tests.benchmarks.planted.check import Check, Said, accelerator, changed_rtl, copied, planted, refusal
from tests.sim.proofs.test_certify import SERIAL, module
from tests.support.foreign import Recipe, export, frames, network
from tests.support.networks import images_for, random_network
from tests.support.sealing import reseal

ROOT = Path(__file__).resolve().parents[3]
CONV = "binary_conv_1_conv.sv"


# --- files ---


def hashes(folder: Path, plant: bool) -> Said:
    acc = copied(accelerator("binary"), folder)
    if plant:
        planted(acc / "rtl" / "argmax.v", "module", "module ")
    return refusal(lambda: load(acc))


def seal(folder: Path, plant: bool) -> Said:
    acc = copied(accelerator("binary"), folder)
    if plant:
        planted(acc / "manifest.json", '"clock_mhz": 200.0', '"clock_mhz": 210.0')
    return refusal(lambda: load(acc))


def entered(acc: Path, trusted: bool) -> None:
    with opened(acc, trust=trusted):
        pass


def consistency(folder: Path, plant: bool) -> Said:
    acc = copied(accelerator("binary"), folder)
    if plant:
        reseal(acc, lambda content: content["output"]["classes"].reverse(), known=False)
    return refusal(lambda: entered(acc, trusted=True))


def trust(folder: Path, plant: bool) -> Said:
    acc = copied(accelerator("binary"), folder)
    if plant:
        planted(acc / "rtl" / "argmax.v", "endmodule", 'initial $system("true");\nendmodule')
        reseal(acc, known=False)
    return refusal(lambda: entered(acc, trusted=False))


# --- the network and its import ---


def changed(network: IntegerNetwork, kind: type[Layer]) -> IntegerNetwork:
    """Change one number of the first layer of a kind."""
    layers = list(network.layers)
    place = next(i for i, layer in enumerate(layers) if isinstance(layer, kind))
    (name,) = (field.name for field in dataclasses.fields(kind) if field.name in ("weight", "thresholds", "bias"))
    values = getattr(layers[place], name).copy()
    values.flat[0] = -values.flat[0] if name == "weight" else values.flat[0] + 100
    layers[place] = dataclasses.replace(layers[place], **{name: values})
    return network.with_layers(layers)


def links(side: str, folder: Path, plant: bool) -> Said:
    right = random_network("binary", height=8, width=8, outputs=4)
    other = changed(right, Dense) if plant else right
    write_qonnx(other if side == "qonnx" else right, folder / "model.onnx")
    frozen = FrozenNetwork(other if side == "torch" else right)
    found = check_links(right, frozen, folder / "model.onnx", images_for(right, 20))
    wrong = found.torch_mismatches if side == "torch" else found.qonnx_mismatches
    return f"{wrong} mismatches of {side} in {found.frames} frames" if wrong else None


@cache
def foreign(end: str) -> bytes:
    """Write the file of a foreign network. With `bias` its import leaves a note."""
    path = accelerator("binary").parent / f"{end}.onnx"
    recipe = Recipe(shape=(1, 9, 8), end=end)
    return export(network(recipe), recipe.shape, path, byte=True).read_bytes()


def source(end: str, wrong: str, folder: Path, plant: bool) -> Said:
    (folder / "source.onnx").write_bytes(foreign(end))
    model = load_model(folder / "source.onnx")
    decide = elementwise.decide

    def moved(*arguments: object) -> object:
        found = decide(*arguments)  # type: ignore[arg-type]
        return dataclasses.replace(found, thresholds=found.thresholds + 4 * plant)

    with mock.patch.object(elementwise, "decide", moved if wrong == "import" else decide):
        imported = import_model(model, "source.onnx")
    assert bool(imported.notes) == (end == "bias")
    kinds: dict[str, type[Layer]] = {"scores": Bias, "weights": Dense}
    ours = changed(imported.network, kinds[wrong]) if plant and wrong in kinds else imported.network
    found = compare(ours, imported, model, frames((1, 9, 8), 20))
    if not found.mismatches:
        return None
    return (
        f"{found.mismatches} of {found.frames} frames: {found.classes_differ} classes, {found.scores_beyond} scores, "
        f"{found.decisions_beyond} signs"
    )


# --- proof of the sums ---


def flipped(found: re.Match[str]) -> str:
    """Invert the lowest bit of a hexadecimal digit."""
    return found[1] + format(int(found[2], 16) ^ 1, "x")


def proof(name: str, pattern: str, replacement: Any, folder: Path, plant: bool, form: str = "binary") -> Said:
    acc = changed_rtl(folder, accelerator(form), name, pattern, replacement, plant)
    return refusal_of_proof(acc)


def refusal_of_proof(acc: Path) -> Said:
    reports: list[Proof] = []
    said = refusal(lambda: reports.append(prove(acc)))
    if said is not None or reports[0].passed:
        return said
    rows = [row for row in reports[0].layers if row.verdict == "refuted"]
    return rows[0].why if rows else prove_command.summary(reports[0]).splitlines()[-2]


def serial_proof(folder: Path, plant: bool) -> Said:
    layer = SERIAL[0].layer()
    (folder / "graph.sv").write_text(module(layer))
    if plant:
        planted(folder / "graph.sv", r"(nj_serial_add #\(.*?\.Shift\()0", r"\g<1>1")
    try:
        certify(
            (folder / "graph.sv").read_text(), "graph", layer.dense(), layer.thresholds, layer.in_bits,
            layer.in_signed, 1, layer.out_bits,
        )  # fmt: skip
    except CertificateError as error:
        return str(error)
    return None


def proof_of_model(kind: type[Layer], folder: Path, plant: bool) -> Said:
    acc = copied(accelerator("binary"), folder)
    if plant:
        write_qonnx(changed(read_qonnx(acc / "model.onnx"), kind), acc / "model.onnx")
        reseal(acc)
    return refusal_of_proof(acc)


def proof_of_nothing(folder: Path, plant: bool) -> Said:
    if not plant:
        return refusal_of_proof(copied(accelerator("binary"), folder))
    layers = (Threshold(np.array([90])), Dense(np.ones((64, 2), np.int64) * [1, -1]), Bias(np.array([1, 0])))
    write_qonnx(IntegerNetwork.chain((1, 8, 8), layers, ("a", "b")), folder / "model.onnx")
    build(folder / "model.onnx", folder / "acc")
    return refusal_of_proof(folder / "acc")


# --- build, packaging ---


def fits(folder: Path, plant: bool) -> Said:
    small = {"stamp": Board("stamp", "xc7z020clg400-1", *((100, 100, 1, 0, 0) if plant else (10**5, 10**5, 99, 0, 0)))}
    model = accelerator("binary").parent / "model.onnx"
    with mock.patch.object(boards, "boards", lambda: small):
        return refusal(lambda: build(model, folder / "acc", board="stamp"))


def refused_network(folder: Path, plant: bool) -> Said:
    (folder / "model.onnx").write_bytes(foreign("none"))
    proto = onnx.load(folder / "model.onnx")
    if plant:
        node = next(n for n in proto.graph.node if n.op_type == "BipolarQuant" and "act_quant" in n.name)
        node.op_type, node.domain = "Sin", ""
        del node.input[1:]
    onnx.save(proto, folder / "model.onnx")
    return refusal(lambda: import_model(load_model(folder / "model.onnx"), "model.onnx"))


def line(folder: Path, plant: bool) -> Said:
    acc = accelerator("binary")
    return refusal(lambda: write_serial(acc, load(acc), 25.0, 2400 if plant else 9600, folder))


def timing(folder: Path, plant: bool) -> Said:
    clocks = {"clk": {"achieved": 24.0 if plant else 26.0, "constraint": 25.0}}
    return refusal(lambda: check_timing(clocks, 25.0, 25.0, "ulx3s-85f"))


def ports(folder: Path, plant: bool) -> Said:
    from finn_build import ip

    template = (ROOT / "hw" / "templates" / "nj_accelerator_ip.v.in").read_text()
    assert "output wire " in template
    text = template.replace("output wire ", "output reg ", 1) if plant else template
    with mock.patch.object(ip, "fill", lambda name, values: _filled(name, values, text)):
        return refusal(lambda: ip.package(accelerator("binary"), folder / "ip"))


def _filled(name: str, values: dict[str, object], top: str) -> str:
    import string

    from hw.text import fill

    return string.Template(top).substitute(values) if name == "nj_accelerator_ip.v.in" else fill(name, values)


# --- gates ---


def linter(folder: Path, plant: bool) -> Said:
    (folder / "nj_a.sv").write_text(
        "module nj_a (\n  input  logic x_i,\n  output logic y_o\n);\n"
        + ("  always_comb if (x_i) y_o = 1'b1;\n" if plant else "  assign y_o = ~x_i;\n")
        + "endmodule\n"
    )
    return status([sys.executable, "-m", "sim.lint", str(folder / "nj_a.sv")], ROOT)


def status(command: list[str], cwd: Path, path: str | None = None) -> Said:
    """Return how a command ended; None when it ended well."""
    environment = {**os.environ, **({"PATH": path} if path else {})}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return f"status {done.returncode}: {lines[-1] if lines else ''}" if done.returncode else None


def no_file(folder: Path, plant: bool) -> Said:
    return status([sys.executable, "-m", "sim.lint", *([] if plant else ["hw/rtl/nj_carry.sv"])], ROOT)


def no_test(folder: Path, plant: bool) -> Said:
    """Run pytest with the project's options, as `make test` calls it."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "tests").mkdir()
    (folder / "tests" / "test_one.py").write_text("def test_one(): pass\n" if not plant else "def one(): pass\n")
    return status([sys.executable, "-m", "pytest", "-n", "2", "--dist", "worksteal"], folder)


def gate(folder: Path, plant: bool) -> Said:
    """Run .ci/run, with a make that fails at `test`."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci")
    (folder / "make").write_text(f'#!/bin/sh\n[ "$1" != {"test" if plant else "nothing"} ]\n')
    (folder / "make").chmod(0o755)
    return status(["bash", ".ci/run"], folder, f"{folder}{os.pathsep}{os.environ['PATH']}")


def tools(folder: Path, plant: bool) -> Said:
    for tool in ("g++", "make", "perl"):
        (folder / tool).write_text(f"#!/bin/sh\necho {tool} 1\nexit {int(plant and tool == 'g++')}\n")
        (folder / tool).chmod(0o755)
    with mock.patch.dict(os.environ, {"PATH": str(folder)}):
        found = doctor()
    missing = [f"{tool['name']}: {tool['way_out']}" for tool in found["tools"] if not tool["version"]]
    return None if found["good"] else "; ".join(name for name in missing if "g++" in name)


def row(name: str, fault: str, run: object, *arguments: object, **options: object) -> Check:
    """Return a check whose function takes more arguments in front."""
    return Check(name, fault, lambda folder, plant: run(*arguments, folder, plant, **options))  # type: ignore[operator]


CHECKS = [
    row("hash of a file", "a space in argmax.v", hashes),
    row("seal of manifest.json", "another clock", seal),
    row("manifest against model.onnx", "class names in another order, sealed", consistency),
    row("RTL of strangers", "$system in argmax.v, sealed", trust),
    row("train: torch = integers", "a weight of the frozen torch network", links, "torch"),
    row("train: QONNX = integers", "a weight of model.onnx", links, "qonnx"),
    row("verify, source.onnx", "an import with thresholds 4 off", source, "none", "import"),
    row("verify, source.onnx", "the same, and the import left a note", source, "bias", "import"),
    row("verify, source.onnx", "a bias of the scores, beside a note", source, "bias", "scores"),
    row("verify, source.onnx", "a weight of the scores, beside a note", source, "bias", "weights"),
    row("prove", "a bit inverted", proof, CONV, r"(nj_count7 #\(.*?\.x_i\(\{)(\w+\[)", r"\1~\2"),
    row("prove", "an addend left out", proof, CONV, r"(nj_count7 .*?\.x_i\(\{)\w+\[\d+\]", r"\g<1>1'b0"),
    row("prove", "a threshold", proof, CONV, r"(nj_leaf #.*?\.Pass\(\d+'h0\), \.Invert\(\d+'h)(\w)", flipped),
    row("prove", "a result taken a clock late", proof, CONV, r"(\.Latency\()", r"\g<1>1"),
    row("prove", "a cell that is not the proved one", proof, "nj_count7.sv", "x_i", "x_i "),
    row("prove, digits", "a shift", serial_proof),
    row("prove", "a weight of model.onnx", proof_of_model, Conv),
    row("prove", "a threshold of model.onnx", proof_of_model, Threshold),
    row("prove", "no convolution: nothing to prove", proof_of_nothing),
    row("build --board", "a board of 100 LUTs", fits),
    row("import", "an operator without an integer form", refused_network),
    row("bitstream, serial line", "a rate the clock is not divided to", line),
    row("bitstream, timing", "routed at 24 MHz for 25", timing),
    row("ip, component.xml", "a port of the top it does not describe", ports),
    row("sim.lint", "a latch", linter),
    row("sim.lint", "no file", no_file),
    dataclasses.replace(row("make test", "no test ran", no_test), slow=True),
    row(".ci/run", "make test fails", gate),
    row("doctor", "a g++ that ends with status 1", tools),
]
