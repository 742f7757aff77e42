"""da4ml (PyPI): its solver makes an adder graph of the constant matrix; our window and thresholds stand around it.

The solver runs at its defaults in a process of its own, with a time limit. Single jet layers have two variants: the
composed kernels as one matrix, or first the jet responses of each map and then the selection ("jets first"). Of a
dense workload only the first layer is given to the solver, which has not ended within any limit tried.
da4ml is not in requirements.lock: `make benchmark-hardware` installs it into a folder of its own.
"""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bnn import jets
from bnn.errors import ToolError, UserError
from bnn.integer.intervals import signed_bits
from bnn.integer.layers import Conv, Dense, Threshold
from bnn.integer.reference import Ints
from bnn.storage.cache import cache_folder
from hw.bits import bit_thresholds
from tests.benchmarks.measure import BuildTimeout, Design
from tests.benchmarks.rivals.templates import FOLDER, fill, pattern
from tests.benchmarks.workloads import Workload

NAME = "da4ml"
TOP = "da4ml_layer"
VERILOG = ("shift_adder.v", "negative.v")  # da4ml's own leaf modules that sums need


def variants(workload: Workload) -> list[str]:
    """Return the variants in which a workload is given to the solver."""
    if workload.input_bits == 2 or workload.memories:
        return []
    single = len(workload.layers) == 2 and isinstance(workload.layers[0], Conv)
    return ["1 clock", "1 clock, jets first"] if single and _jet_codes(workload) is not None else ["1 clock"]


def build(workload: Workload, variant: str, folder: Path, limit_s: float) -> Design:
    """Write the design into `folder`. BuildTimeout when the solver does not end in time."""
    layers = workload.layers
    if isinstance(layers[0], Dense):
        inputs = len(layers[0].weight)
        _solve(
            folder, "hidden_product", np.zeros(inputs, np.int64), np.ones(inputs, np.int64), [layers[0].weight], limit_s
        )
        raise ToolError("da4ml solved the first layer; the rest of a dense design is not written")
    *convs, limits = layers
    conv = convs[-1]
    assert isinstance(conv, Conv) and isinstance(limits, Threshold)
    channels, height, width = workload.input_shape
    outputs, _, kernel, _ = conv.weight.shape
    bits = workload.input_bits == 1
    offset = -np.ones(channels, np.int64) if bits else np.zeros(channels, np.int64)
    fields = [{"offset": c * workload.input_bits, "bits": workload.input_bits} for c in range(channels)]
    pixel_bits = channels * workload.input_bits
    lows, highs = np.zeros(channels, np.int64), np.full(channels, 2**workload.input_bits - 1)
    sources: list[str] = ["window.sv"]
    if len(convs) == 2:
        first = convs[0]
        assert isinstance(first, Conv)
        sums = first.weight[:, :, 0, 0]
        made = _solve(folder, "first_product", lows, highs, [sums.T], limit_s)
        fields, offset = made["outputs"], -sums.sum(1)
        if any(field["shift"] for field in fields):
            raise ToolError("da4ml's sums have a step other than 1")
        lows, highs = np.minimum(sums, 0).sum(1), np.maximum(sums, 0).sum(1)
        values = {"summary": workload.description, "name": "first", "product": "first_product",
                  "in_bits": pixel_bits, "out_bits": made["out_bits"]}  # fmt: skip
        (folder / "first.sv").write_text(fill("da4ml_sums.sv.in", values))
        sources += ["first.sv", "first_product.v"]
        values = {"name": TOP, "first": "first", "second": "second", "in_bits": pixel_bits,
                  "mid_bits": made["out_bits"], "out_bits": outputs}  # fmt: skip
        (folder / f"{TOP}.sv").write_text(fill("chain.sv.in", values))
        sources.append(f"{TOP}.sv")
        pixel_bits = made["out_bits"]
    grouped = conv.groups > 1
    moved = bit_thresholds(limits.thresholds, conv.weight, 2 if bits else 1, offset[:, None] if grouped else offset)
    terms = kernel * kernel
    matrices = [_matrix(conv)]
    if variant.endswith("jets first"):
        codes = _jet_codes(workload)
        assert codes is not None
        matrices = _jets_first(codes, kernel)
    made = _solve(folder, "matrix_product", np.repeat(lows, terms), np.repeat(highs, terms), matrices, limit_s)
    name = "second" if len(convs) == 2 else TOP
    widths = np.array(made["inputs"])
    places = [
        (column * kernel + row) * pixel_bits + field["offset"]
        for field in fields for row in range(kernel) for column in range(kernel)
    ]  # fmt: skip
    results: list[dict[str, Any]] = made["outputs"]
    extreme = int(np.abs(_matrix(conv)).sum(0).max() * max(np.abs(lows).max(), np.abs(highs).max()))
    values = {
        "summary": workload.description, "name": name, "bits": pixel_bits, "kernel": kernel, "height": height,
        "map_width": width, "terms": len(widths), "outputs": outputs, "product": "matrix_product",
        "sum_bits": signed_bits(min(-extreme, int(moved.min())), max(extreme, int(moved.max()))),
        "in_bits": made["in_bits"], "out_bits": made["out_bits"],
        "place": pattern(np.array(places)), "offset": pattern(np.cumsum(widths) - widths), "width": pattern(widths),
        "sum_offset": pattern(np.array([result["offset"] for result in results])),
        "sum_width": pattern(np.array([result["bits"] for result in results])),
        "sum_signed": pattern(np.array([result["signed"] for result in results])),
        "sum_shift": pattern(np.array([result["shift"] for result in results])),
        "threshold": pattern(moved),
    }  # fmt: skip
    (folder / f"{name}.sv").write_text(fill("da4ml_conv.sv.in", values))
    sources += [f"{name}.sv", "matrix_product.v"]
    shutil.copy(FOLDER / "window.sv", folder)
    for leaf in VERILOG:
        shutil.copy(_installed() / "da4ml" / "codegen" / "rtl" / "verilog" / "source" / leaf, folder)
    return Design(folder, (*VERILOG, *sources), TOP, workload.input_shape[0], outputs, 1)


def _matrix(conv: Conv) -> Ints:
    """Return the matrix [C * K * K, O] of a convolution; that of a grouped one consists of blocks."""
    outputs = len(conv.weight)
    flat = conv.weight.reshape(outputs, -1)
    if conv.groups == 1:
        return flat.T
    blocks = np.zeros((outputs, flat.shape[1], outputs), np.int64)
    blocks[np.arange(outputs), :, np.arange(outputs)] = flat
    return blocks.reshape(-1, outputs)


def _jet_codes(workload: Workload) -> Ints | None:
    """Return sign and index in the group of each kernel, [O, C, 2]; None when one is no jet."""
    conv = workload.layers[0]
    assert isinstance(conv, Conv)
    codes = np.zeros((*conv.weight.shape[:2], 2), np.int64)
    size = conv.weight.shape[2]
    for place in np.ndindex(*conv.weight.shape[:2]):
        found = jets.factorise(conv.weight[place])
        if found is None:
            return None
        codes[place] = found[0], found[1] * size + found[2]
    return codes


def _jets_first(codes: Ints, kernel: int) -> list[Ints]:
    """Return two matrices: from all windows to the jets that are read of each map, and from these to outputs."""
    outputs, channels, _ = codes.shape
    group = jets.group(kernel - 1).reshape(-1, kernel * kernel)
    used = [(c, int(jet)) for c in range(channels) for jet in np.unique(codes[:, c, 1])]
    responses = np.zeros((channels, kernel * kernel, len(used)), np.int64)
    select = np.zeros((len(used), outputs), np.int64)
    for index, (c, jet) in enumerate(used):
        responses[c, :, index] = group[jet]
        select[index] = np.where(codes[:, c, 1] == jet, codes[:, c, 0], 0)
    return [responses.reshape(-1, len(used)), select]


def _installed() -> Path:
    """Return the folder into which da4ml was installed."""
    chosen = Path(os.environ.get("NEURALJET_RIVALS") or cache_folder("rivals"))
    if not (chosen / "da4ml").is_dir():
        raise UserError(f"da4ml is not in {chosen}: run `make benchmark-hardware`, which installs it there")
    return chosen


def version() -> str:
    """Return the version of the installed da4ml, for the cache of results."""
    found = list(importlib.metadata.distributions(name="da4ml", path=[str(_installed())]))
    return found[0].version


def _solve(folder: Path, name: str, low: Ints, high: Ints, matrices: Sequence[Ints], limit_s: float) -> dict[str, Any]:
    """Write matrices that follow each other as module `name` in <name>.v; return its layout, from `da4ml_solve`."""
    job = {f"matrix_{number}": matrix for number, matrix in enumerate(matrices)}
    np.savez(folder / f"{name}.npz", low=low, high=high, **job)  # type: ignore[arg-type]
    command = [sys.executable, "-P", str(FOLDER / "da4ml_solve.py"), str(folder / f"{name}.npz"), name, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(_installed()), "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BuildTimeout(f"da4ml's solver ran longer than {limit_s:g} s") from None
    if done.returncode:
        raise ToolError(f"da4ml ended with exit code {done.returncode}\n{done.stderr[-2000:]}")
    made: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    return made
