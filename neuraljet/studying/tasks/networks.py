"""The network of a cell, what it takes as a circuit, and how many test pictures it has right."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import nn

from bnn.data import Dataset
from bnn.errors import UserError
from bnn.integer.network import IntegerNetwork
from bnn.model.family import COARSE, FINE, member
from bnn.model.spec import Block, NetworkSpec
from bnn.storage.work import work_folder
from bnn.training.evaluation import predict
from bnn.training.sides import frames

KNOWN = (
    "network",
    "form",
    "first",
    "width",
    "maps",
    "kernel",
    "geometry",
    "block",
    "hidden",
    "head",
    "head_width",
    "area",
    "fps",
)
GEOMETRIES = {found.name: found for found in (COARSE, FINE)}
AREAS = ("none", "estimate", "synthesis")


def spec_of(asked: Mapping[str, Any], shape: tuple[int, int, int], classes: int) -> NetworkSpec:
    """Return the network for pictures (C, H, W): of `block` tables as in a network's file, or a member of the family.

    form, first, width, maps, kernel, geometry: as bnn.model.family takes them. head, head_width: what reads the
    last map.
    """
    last = {name: asked[name] for name in ("head", "head_width") if name in asked}
    if "block" in asked:
        try:
            blocks = tuple(Block(**entry) for entry in asked["block"])
        except TypeError as error:
            raise UserError(f"a block of the network: {error}") from None
        return NetworkSpec(str(asked.get("network", "network")), blocks, tuple(asked.get("hidden", ())), **last)
    geometry = asked.get("geometry", COARSE.name)
    if geometry not in GEOMETRIES:
        raise UserError(f"geometry = {geometry!r}; allowed: {', '.join(GEOMETRIES)}")
    found = member(
        shape, classes, asked["width"], form=asked.get("form", "bottleneck"), first=asked.get("first") or None,
        maps=asked.get("maps", 4), kernel=asked.get("kernel", 3), geometry=GEOMETRIES[geometry],
    )  # fmt: skip
    return replace(found, hidden=tuple(asked.get("hidden", ())), **last)


def on_test(network: nn.Module, data: Dataset) -> dict[str, Any]:
    """Return what a network that maps pictures to scores reaches on the test pictures: accuracy, right, frames."""
    right = int((predict(network, frames(data.test_images)).numpy() == data.test_labels).sum())
    return {"accuracy": right / len(data.test_labels), "right": right, "frames": len(data.test_labels)}


def area_of(network: IntegerNetwork, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the frozen network takes: sites, ramb18, cycles_per_frame, as `area` asks for it.

    area: none, estimate, or synthesis, which builds and synthesises. fps: a rate or several, of which 0 is a pixel per
    clock; what it takes at the rate N is sites_at_N and so on.
    """
    area, rates = asked.get("area", "none"), asked.get("fps", 0)
    if area not in AREAS:
        raise UserError(f"area = {area!r}; allowed: {', '.join(AREAS)}")
    found: dict[str, Any] = {}
    for fps in [] if area == "none" else rates if isinstance(rates, list) else [rates]:
        taken = _estimated(network, fps or None) if area == "estimate" else _synthesised(network, fps or None)
        found |= {f"{name}_at_{fps:g}" if fps else name: value for name, value in taken.items()}
    return found


def _estimated(network: IntegerNetwork, fps: float | None) -> dict[str, int]:
    from finn_build.estimate import estimate

    found = estimate(network, fps)
    return {"sites": found.lut, "ramb18": found.bram18, "cycles_per_frame": found.cycles_per_frame}


def _synthesised(network: IntegerNetwork, fps: float | None) -> dict[str, int]:
    from bnn.qonnx.write import write_qonnx
    from finn_build.build import build
    from finn_build.synthesis import synthesise

    with work_folder() as folder:
        write_qonnx(network, folder / "model.onnx")
        built = build(folder / "model.onnx", folder / "accelerator", fps=fps)
        counts = synthesise(folder / "accelerator").counts
        return {"sites": counts.sites, "ramb18": counts.ramb18, "cycles_per_frame": built["cycles_per_frame"]}
