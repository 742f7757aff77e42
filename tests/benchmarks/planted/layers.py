"""Checks of layers that sum windows, add two streams or join their channels: faults in their software and hardware.

Every layer has a fault in its integer function, in its freezing, in its writing to QONNX and in its reading, and then
in its RTL and C++. Forks, joins and the places of windows have faults in their RTL.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from bnn.integer import freeze as freezing
from bnn.integer.freeze import FrozenNetwork, freeze
from bnn.integer.layers import Layer
from bnn.integer.layers.add import Add
from bnn.integer.layers.concat import Concat
from bnn.integer.layers.elman import Elman
from bnn.integer.layers.sum_pool import SumPool
from bnn.integer.network import IntegerNetwork
from bnn.model.layers import Norm
from bnn.model.network import Network
from bnn.model.spec import Block, NetworkSpec
from bnn.qonnx.write import write_qonnx
from bnn.training.check import check_links
from bnn.training.evaluation import estimate_statistics, predict
from finn_build.build import build
from sim.accelerator import verify
from sim.cppsim import verify_cppsim
from tests.benchmarks.planted.check import Check, Said, changed_rtl, copied, outcome, planted
from tests.benchmarks.planted.hardware import told
from tests.benchmarks.planted.software import refusal_of_proof
from tests.support.concatenated import random_concat
from tests.support.networks import elman_network, images_for, sum_pool_network
from tests.support.residual import random_residual
from tests.support.sealing import reseal

FRAMES = 20
Kind = type[Layer] | str
FORKS = "forks"  # convolutions of two kinds read one stream, so that, folded, they take its beats in different clocks
NETWORKS: dict[Kind, Callable[[], IntegerNetwork]] = {
    FORKS: lambda: random_residual(1),
    SumPool: lambda: sum_pool_network(2),  # thresholded windows, and scores, with factors
    Add: lambda: random_residual(0),  # sums and a map, with factors
    Concat: lambda: random_concat(1),  # a map and what two convolutions make of it
    Elman: lambda: elman_network(0),
}
BLOCKS: dict[type[Layer], Block] = {
    SumPool: Block(6, form="binary", pool=2, pooling="sum"),
    Add: Block(6, form="binary", shortcut="add"),
    Concat: Block(6, form="binary", shortcut="concat"),
    Elman: Block(6, form="binary"),
}
HEADS = {Elman: ("elman", 7)}


def changed(target: Any, name: str, wrong: Any, plant: bool) -> AbstractContextManager[Any]:
    """Put `wrong` in the place of a function if a fault is to be planted."""
    return mock.patch.object(target, name, wrong) if plant else nullcontext()


def row(name: str, fault: str, run: Any, *arguments: Any) -> Check:
    return Check(name, fault, lambda folder, plant: run(*arguments, folder, plant))


# --- software ---


def integers(kind: type[Layer], wrong: Any, folder: Path, plant: bool) -> Said:
    """Change the integer function of a layer, and compare with torch."""
    return links(kind, "run", wrong, "torch", folder, plant)


def written(kind: type[Layer], wrong: Any, folder: Path, plant: bool) -> Said:
    """Change what a layer writes to QONNX, and compare with the file as qonnx executes it."""
    return links(kind, "write", wrong, "qonnx", folder, plant)


def links(kind: type[Layer], method: str, wrong: Any, side: str, folder: Path, plant: bool) -> Said:
    network = NETWORKS[kind]()
    with changed(kind, method, wrong, plant):
        write_qonnx(network, folder / "model.onnx")
        found = check_links(network, FrozenNetwork(network), folder / "model.onnx", images_for(network, FRAMES))
    mismatches = found.torch_mismatches if side == "torch" else found.qonnx_mismatches
    return f"{mismatches} mismatches of {side} in {found.frames} frames" if mismatches else None


def read(kind: type[Layer], wrong: Any, folder: Path, plant: bool) -> Said:
    """Change the layer that is read from a file, and compare with the network that was written."""
    right = kind.read

    def misread(file: Any, node: Any) -> Any:
        found = right(file, node)
        return found and wrong(found)

    return links(kind, "read", staticmethod(misread), "qonnx", folder, plant)


def frozen(kind: type[Layer], target: Any, name: str, wrong: Any, folder: Path, plant: bool) -> Said:
    """Change what a block is frozen to, and compare the classes with those of the network in floats."""
    torch.manual_seed(3)
    blocks = (Block(6, form="constrained"), BLOCKS[kind])
    spec = NetworkSpec("planted", blocks, (), *HEADS.get(kind, ("dense", 0)))
    network = Network(spec, (1, 8, 8), 4)
    for norm in (module for module in network.modules() if isinstance(module, Norm)):
        norm.weight.data[::2] *= -1
    estimate_statistics(network, torch.randint(0, 256, (64, 1, 8, 8), dtype=torch.uint8))
    images = np.random.default_rng(3).integers(0, 256, (64, 1, 8, 8), np.uint8)
    with changed(target, name, wrong, plant):
        integer = freeze(network.eval(), ("a", "b", "c", "d"))
    assert any(isinstance(layer, kind) for layer in integer.layers)
    classes = integer.classify(integer.run(images))
    differ = int((classes != predict(network, torch.from_numpy(images)).numpy()).sum())
    return f"{differ} of {len(images)} classes differ" if differ else None


def without_last_row(pool: SumPool, x: np.ndarray) -> np.ndarray:
    windows = pool._windows(x)[:, :, :, :-1]
    sums = np.repeat(windows.sum(axis=(3, 5)), pool.copies, axis=1)
    sums = sums if pool.factors is None else sums * pool.factors.reshape(-1, 1, 1)
    return sums.reshape(sums.shape[:2]) if pool.flat else sums


def replaced(right: Callable[..., Any], change: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return the method `right`, called of another layer than its own."""
    return lambda layer, *arguments: right(change(layer), *arguments)


def reversed_inputs(right: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method `write`, given the inputs in the opposite order."""
    return lambda layer, file, name, inputs, *rest: right(layer, file, name, inputs[::-1], *rest)


def without_factors(found: Any) -> Any:
    return replace(found, layer=replace(found.layer, factors=None))


def beside_on_the_other_side(shortcut: Any, builder: Any, bits: str, tensor: str) -> str:
    return bits if "Concat" not in type(shortcut).__name__ else str(builder.add(Concat(), bits, tensor))


SOFTWARE = [
    row("train: torch = integers", "SumPool: no window's last row", integers, SumPool, without_last_row),
    row(
        "train: float = integers", "SumPool: signs of scales lost in freezing", frozen, SumPool, SumPool, "multiplied",
        lambda pool, signs: pool,
    ),
    row(
        "train: QONNX = integers", "SumPool: written with other factors", written, SumPool,
        replaced(SumPool.write, lambda pool: pool.multiplied(np.resize([1, -1], len(pool.factors)))),
    ),
    row("train: QONNX = integers", "SumPool: read without its factors", read, SumPool, without_factors),
    row(
        "train: torch = integers", "Add: factors of the map left out", integers, Add,
        replaced(Add.run, lambda add: Add(add.left, None)),
    ),
    row(
        "train: float = integers", "Add: signs of scales lost in freezing", frozen, Add, freezing, "Add",
        lambda left, right: Add(),
    ),
    row(
        "train: QONNX = integers", "Add: written with the factors swapped", written, Add,
        replaced(Add.write, lambda add: Add(add.right, add.left)),
    ),
    row(
        "train: QONNX = integers", "Add: read with its inputs swapped", read, Add,
        lambda found: replace(found, inputs=found.inputs[::-1]),
    ),
    row(
        "train: torch = integers", "Concat: inputs in the opposite order", integers, Concat,
        lambda layer, *inputs: np.concatenate(inputs[::-1], axis=1),
    ),
    row(
        "train: float = integers", "Concat: frozen in the opposite order", frozen, Concat, freezing, "beside",
        beside_on_the_other_side,
    ),
    row(
        "train: QONNX = integers", "Concat: written in the opposite order", written, Concat,
        reversed_inputs(Concat.write),
    ),
    row(
        "train: QONNX = integers", "Concat: read in the opposite order", read, Concat,
        lambda found: replace(found, inputs=found.inputs[::-1]),
    ),
    row(
        "train: torch = integers", "Elman: the state with the wrong sign", integers, Elman,
        replaced(Elman.run, lambda elman: replace(elman, recurrent=-elman.recurrent)),
    ),
    row(
        "train: float = integers", "Elman: signs of scales lost in freezing", frozen, Elman, freezing, "Elman",
        lambda weight, recurrent, thresholds: Elman(weight, abs(recurrent), thresholds),
    ),
    row(
        "train: QONNX = integers", "Elman: written with the state transposed", written, Elman,
        replaced(Elman.write, lambda elman: replace(elman, recurrent=elman.recurrent.T)),
    ),
    row(
        "train: QONNX = integers", "Elman: read with the state transposed", read, Elman,
        lambda found: replace(found, layer=replace(found.layer, recurrent=found.layer.recurrent.T)),
    ),
]  # fmt: skip


# --- hardware ---


@cache
def accelerator(kind: Kind, backend: str = "rtl", clocks: int = 1) -> Path:
    """Return an accelerator with layers of a kind, built once. clocks: of a pixel."""
    folder = Path(tempfile.mkdtemp(prefix="neuraljet-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    network = NETWORKS[kind]()
    write_qonnx(network, folder / "model.onnx")
    fps = 200e6 / (clocks * network.input_shape[1] * network.input_shape[2]) if clocks > 1 else None
    build(folder / "model.onnx", folder / "acc", fps=fps, backend=backend)
    return folder / "acc"


def simulated(kind: Kind, clocks: int, module: str, right: str, wrong: str, folder: Path, plant: bool) -> Said:
    """Change a module of an accelerator with so many clocks for a pixel."""
    acc = changed_rtl(folder, accelerator(kind, clocks=clocks), f"{module}.sv", right, wrong, plant)
    return told(verify(acc, "random", frames=8))


def proof(kind: type[Layer], module: str, right: str, wrong: str, folder: Path, plant: bool) -> Said:
    return refusal_of_proof(changed_rtl(folder, accelerator(kind), f"{module}.sv", right, wrong, plant))


def cpp(kind: type[Layer], header: str, right: str, wrong: str, folder: Path, plant: bool) -> Said:
    acc = copied(accelerator(kind, "hls"), folder)
    if plant:
        planted(acc / "hls" / f"{header}.hpp", right, wrong)
        reseal(acc)
    return outcome(verify_cppsim(acc, "random", frames=4), "mismatches", "first_mismatch")


NEGATIVE = r" \^ Negative\[c\]\)", ")"
STRICT = r"reaches = SumBits'\(a\) >=", "reaches = SumBits'(a) >"
ROTATED = r"m_data_o <= s_data_i;", "m_data_o <= {s_data_i[0], s_data_i[Bits-1:1]};"
RESTART = r"first_o = x_q == '0 && y_q == '0", "first_o = x_q == '0"
TWICE = r"taken_q \| m_ready_i;", "taken_q & m_ready_i;"
ALONE = r"m_valid_o = &s_valid_i", "m_valid_o = s_valid_i[0]"
ROW_ALONE = r"y % L::SizeY == 0", "true"
MORE = "sum >= threshold", "sum > threshold"
DOUBLED = r"second\.range", "first.range"
KEPT = r"rst_i \|\| frame_end\) state_q", "rst_i) state_q"
TURNED = r"state\[o\] = next\[o\]", "state[o] = !next[o]"
HARDWARE = [
    row("verify", "nj_sum_pool: no sum is negated", simulated, SumPool, 1, "nj_sum_pool", *NEGATIVE),
    row("prove", "nj_sum_pool: no sum is negated", proof, SumPool, "nj_sum_pool", *NEGATIVE),
    row("verify", "nj_pool_place: windows begin in every row", simulated, SumPool, 1, "nj_pool_place", *RESTART),
    row("prove", "nj_pool_place: windows begin in every row", proof, SumPool, "nj_pool_place", *RESTART),
    row("verify", "nj_add: more than the threshold", simulated, Add, 1, "nj_add", *STRICT),
    row("prove", "nj_add: more than the threshold", proof, Add, "nj_add", *STRICT),
    row("verify", "nj_concat: channels rotated", simulated, Concat, 1, "nj_concat", *ROTATED),
    row("verify", "nj_elman_rows: the state stays behind a frame", simulated, Elman, 1, "nj_elman_rows", *KEPT),
    row("verify --cppsim", "nj_elman.hpp: states negated", cpp, Elman, "nj_elman", *TURNED),
    row("verify", "nj_fork: an output takes a beat twice", simulated, FORKS, 4, "nj_fork", *TWICE),
    row("verify", "nj_join: does not wait for its second input", simulated, Concat, 1, "nj_join", *ALONE),
    row("prove", "nj_join: does not wait for its second input", proof, Add, "nj_join", *ALONE),
    row("verify --cppsim", "nj_sum_pool.hpp: windows of a row", cpp, SumPool, "nj_sum_pool", *ROW_ALONE),
    row("verify --cppsim", "nj_add.hpp: more than the threshold", cpp, Add, "nj_add", *MORE),
    row("verify --cppsim", "nj_concat.hpp: the first stream twice", cpp, Concat, "nj_concat", *DOUBLED),
]  # fmt: skip

CHECKS = [*SOFTWARE, *(replace(check, slow=True) for check in HARDWARE)]
