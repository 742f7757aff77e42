"""What is measured on the pictures of a row: two rivals, and networks with a budget of hardware."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

import neuraljet
from bnn.data import Dataset
from bnn.errors import UserError
from bnn.storage.records import entries
from bnn.training.config import TrainConfig
from bnn.training.evaluation import predict
from bnn.training.runs import request_of
from bnn.training.sides import frames
from bnn.training.teachers import hog, residual
from tests.benchmarks.learning.rows import Row


@dataclass(frozen=True)
class Network:
    """A network as `neuraljet` trains and builds it, and what its hardware may take."""

    heading: str
    sites: int = 1800  # LUT sites
    ramb18: int = 4
    fps: int | None = None  # None: a pixel per clock
    layer: str | None = None  # form of all layers; None: the default
    width_of: str = ""  # the column whose network it has, but for the form of the layers


NETWORKS = {
    "pixel": Network("a pixel per clock"),
    "belt": Network("1,000 parts/s", ramb18=16, fps=1000),
}
CLAIMS = {
    f"{name}-binary{suffix}": replace(found, heading=f"binary, {words}, {found.heading}", layer="binary", width_of=of)
    for name, found in NETWORKS.items()
    for suffix, words, of in (("", "equal sites", ""), ("-width", "equal width", name))
}
RIVALS = {"hog": "HOG + SVM", "float": "float"}
COLUMNS = (*RIVALS, *NETWORKS, *CLAIMS)


def network_column(name: str) -> Network:
    """Return a column of networks by its name."""
    return NETWORKS.get(name) or CLAIMS[name]


@dataclass(frozen=True)
class Job:
    """One measurement."""

    row: Row
    column: str
    seed: int
    options: Mapping[str, Any]  # keywords of neuraljet.train beside the column's own
    synth: bool = False
    verify: bool = False
    network: Mapping[str, Any] | None = None  # that of the column `width_of`, as its record has it


def measure(job: Job, data: Dataset, source: str | Path, work: Path) -> dict[str, Any]:
    """Return what the job finds on `data`, which `neuraljet` reads from `source`; its folders are made in `work`."""
    started = time.perf_counter()
    found = _rival(job, data) if job.column in RIVALS else _network(job, source, work)
    return {**found, "seconds": round(time.perf_counter() - started, 1)}


def _rival(job: Job, data: Dataset) -> dict[str, Any]:
    if job.options:
        raise UserError(f"column {job.column} takes no options")
    predicted = _hog(job, data) if job.column == "hog" else _float(job, data)
    return {"accuracy": float(np.mean(predicted == data.test_labels)), "frames": len(predicted)}


def _hog(job: Job, data: Dataset) -> Any:
    learned_from = hog.chosen(data.train_labels, job.seed)
    machine = hog.machine().fit(hog.features(data.train_images[learned_from]), data.train_labels[learned_from])
    return machine.predict(hog.features(data.test_images))


def _float(job: Job, data: Dataset) -> Any:
    augment = data.card.augment if data.card else job.row.augment
    network = residual.fresh(data.train_images.shape[3], len(data.classes), job.seed)
    config = TrainConfig(seed=job.seed, augment=augment)
    residual.fit(network, frames(data.train_images), torch.from_numpy(data.train_labels), config, residual.STEPS)
    return predict(network, frames(data.test_images)).numpy()


def _network(job: Job, source: str | Path, work: Path) -> dict[str, Any]:
    column = network_column(job.column)
    run, accelerator = work / "run", work / "accelerator"
    asked = dict(job.options)
    asked |= {name: value for name, value in (("color", job.row.color), ("layer", column.layer)) if value is not None}
    if column.width_of:
        if job.network is None:
            raise UserError(f"{job.column} has the network of {column.width_of}: measure that first")
        asked["network"] = work / "network.toml"
        asked["network"].write_text(toml_of(job.network))
    if "network" not in asked:
        asked |= {"sites": column.sites, "fps": column.fps, "ramb18": column.ramb18}
    metrics = neuraljet.train(source, run, seed=job.seed, **asked)
    built = neuraljet.build(run, accelerator, fps=column.fps)
    area = {"sites": built["estimate"]["lut"], "ramb18": built["estimate"]["bram18"], "area": "estimate"}
    if job.synth:
        counts = neuraljet.synth(accelerator).counts
        area = {"sites": counts.sites, "ramb18": counts.ramb18, "area": "synthesis"}
    exact = {}
    if job.verify:
        report = neuraljet.verify(accelerator, frames="all")
        exact = {name: report[name] for name in ("mismatches", "latency_cycles")} | {"verified": report["frames"]}
    return {
        "accuracy": metrics.test_accuracy,
        "held_out": metrics.validation_accuracy,
        "frames": metrics.test_frames,
        **area,
        **exact,
        "cycles_per_frame": built["cycles_per_frame"],
        "within": area["sites"] <= column.sites and area["ramb18"] <= column.ramb18,
        "network": entries(request_of(run).network),
        "steps": metrics.steps,
        "train_s": round(metrics.seconds, 1),
    }


def toml_of(network: Mapping[str, Any]) -> str:
    """Return the file of a network, of the entries that a run's folder has of it."""
    blocks = [
        "[[block]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in block.items())
        for block in network["blocks"]
    ]
    return f"hidden = {json.dumps(network['hidden'])}\n" + "".join(blocks)
