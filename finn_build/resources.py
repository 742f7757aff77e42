"""Estimate the resources of a design by FINN's own analyses. Only the flip-flops are estimated here."""

from collections.abc import Mapping
from dataclasses import astuple, replace
from math import ceil
from typing import Any

from bnn.storage.records import entries
from finn_build.built import Estimates, LayerResources, Resources
from finn_build.folding import Chosen
from finn_build.frame_sites import frame_ffs, frame_sites
from finn_build.graph import DEFAULT_PART, Design, fork_sites, forks


def estimate_resources(
    design: Design, model: Any, part: str | None, chosen: Mapping[str, Chosen], period: int
) -> Estimates:  # fmt: skip
    """Return clocks and resources of every layer, and the resources of the accelerator.

    These are those of all layers, of the forks between them, and of what checks frames. model: FINN's, with generated
    code. period: clocks from a frame to the next. chosen: by finn_build.folding; a layer that it lacks had no choice.
    """
    from finn.analysis.fpgadataflow.exp_cycles_per_layer import exp_cycles_per_layer
    from finn.analysis.fpgadataflow.res_estimation import res_estimation

    used = part or DEFAULT_PART
    cycles = model.analysis(exp_cycles_per_layer)
    found = res_estimation(model, used)
    resources = {
        node.name: Resources(
            lut=ceil(found[node.name]["LUT"]),
            ff=int(design.operators[node.name].ff_estimation(used)),
            bram18=ceil(found[node.name]["BRAM_18K"]),
            uram=ceil(found[node.name]["URAM"]),
            dsp=ceil(found[node.name]["DSP"]),
        )
        for node in design.nodes
    }
    layers_alone = Resources(*map(sum, zip(*map(astuple, resources.values()), strict=True)))
    outputs = sum(map(len, forks(design.nodes).values()))  # a flip-flop each
    between = fork_sites(design.nodes) + frame_sites(design, period)
    flags = frame_ffs(design, period)
    total = replace(layers_alone, lut=layers_alone.lut + between, ff=layers_alone.ff + outputs + flags)
    layers = []
    for node in design.nodes:
        operator, choice = design.operators[node.name], chosen.get(node.name)
        layers.append(
            LayerResources(
                name=node.name,
                operator=node.stage.operator,
                variant=choice.taken.variant if choice else operator.variants()[0][0],
                fold=operator.fold,
                cycles_per_frame=int(cycles[node.name]),
                resources=resources[node.name],
                instead_of=entries(choice.instead_of) if choice and choice.instead_of else None,
                share=round(resources[node.name].lut / total.lut, 4),
            )
        )
    return Estimates(used, tuple(layers), total)
