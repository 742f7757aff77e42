"""The methods as published, on float networks, as a task: a description in, a record out.

    {"method": "evolve", "network": "lenet-300-100", "data": {"source": "mnist"}, "steps": 2000, "seed": 0,
     "settings": {"rounds": 4}}

settings: fields of `LayerWise`, `Damage` or `Slim`; those left out have their defaults. `evolve` and `damage` take the
two LeNets, `slim` takes vgg. The pictures are 28x28 (vgg: any square) in gray.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from bnn.compress import damage, layerwise, slimming
from bnn.compress.evolution import Evolution
from bnn.compress.floats import accuracy, learn, lenet_5, lenet_300_100, vgg
from bnn.compress.masks import connections
from bnn.data import load
from bnn.data.source import parse_source
from bnn.errors import UserError
from bnn.storage.records import parse

JUDGES = 1000  # training pictures that the evolution is judged on; the rest is trained on
LENETS: Mapping[str, Callable[[], nn.Sequential]] = {"lenet-300-100": lenet_300_100, "lenet-5": lenet_5}
VGG_WIDTHS: slimming.Widths = ((16, 16), (32, 32), (64, 64))
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Pictures:
    """uint8 [N, 1, H, W] and labels [N]."""

    images: Tensor
    labels: Tensor
    judges: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def published(description: Mapping[str, Any]) -> dict[str, Any]:
    """Train a float network, prune it and return what both reach on the test pictures. UserError names what is wrong.

    The record has accuracy before and after, 0 to 1, and what is left, in all and by layer.
    """
    method, network = _one_of(description, "method", METHODS), description.get("network")
    allowed = ("vgg",) if method == "slim" else tuple(LENETS)
    if network not in allowed:
        raise UserError(f"network {network!r} is not pruned by {method}; allowed: {', '.join(allowed)}")
    steps, seed = _whole(description, "steps"), _whole(description, "seed")
    data = _pictures(description)
    torch.manual_seed(seed)
    return METHODS[method](str(network), data, steps, seed, description.get("settings", {}))


def _evolve(network: str, data: Pictures, steps: int, seed: int, given: Mapping[str, Any]) -> dict[str, Any]:
    how = settings(layerwise.LayerWise, {k: v for k, v in given.items() if k != "evolution"})
    how = layerwise.LayerWise(
        how.rounds, how.tolerance, how.recovery, how.steps, settings(Evolution, given.get("evolution", {}))
    )
    trained = LENETS[network]()
    learn(trained, data.images, data.labels, steps, seed)
    before = accuracy(trained, *data.test)
    return _of_masks(trained, before, layerwise.prune(trained, data.images, data.labels, data.judges, seed, how), data)


def _damage(network: str, data: Pictures, steps: int, seed: int, given: Mapping[str, Any]) -> dict[str, Any]:
    trained = LENETS[network]()
    learn(trained, data.images, data.labels, steps, seed)
    before = accuracy(trained, *data.test)
    masks = damage.prune(trained, data.images, data.labels, seed, settings(damage.Damage, given))
    return _of_masks(trained, before, masks, data)


def _of_masks(trained: nn.Module, before: float, masks: Any, data: Pictures) -> dict[str, Any]:
    return {
        "accuracy_before": before,
        "accuracy": accuracy(trained, *data.test),
        "connections_before": sum(weight.numel() for weight in connections(trained).values()),
        "connections": masks.left,
        "layers": {name: [int(mask.sum()), mask.numel()] for name, mask in masks.kept.items()},
    }


def _slim(network: str, data: Pictures, steps: int, seed: int, given: Mapping[str, Any]) -> dict[str, Any]:
    how, side = settings(slimming.Slim, given), data.images.shape[-1]
    classes = int(data.labels.max()) + 1
    plain = vgg(VGG_WIDTHS, classes)
    sparse = vgg(VGG_WIDTHS, classes)
    sparse.load_state_dict(plain.state_dict())
    learn(plain, data.images, data.labels, steps, seed)
    learn(sparse, data.images, data.labels, steps, seed, penalty=lambda: slimming.penalty_of(sparse, how.penalty))
    smaller, widths = slimming.slim(sparse, VGG_WIDTHS, data.images, data.labels, seed, how)
    torch.manual_seed(seed)
    scratch = vgg(widths, classes)
    learn(scratch, data.images, data.labels, steps + how.steps, seed)
    full, left = (slimming.size_of(found, side, classes) for found in (VGG_WIDTHS, widths))
    return {
        "accuracy_before": accuracy(plain, *data.test),
        "accuracy_sparse": accuracy(sparse, *data.test),
        "accuracy": accuracy(smaller, *data.test),
        "accuracy_from_scratch": accuracy(scratch, *data.test),
        "widths": [list(stage) for stage in widths],
        "operations_before": full.operations,
        "operations": left.operations,
        "parameters_before": full.parameters,
        "parameters": left.parameters,
    }


METHODS = {"evolve": _evolve, "damage": _damage, "slim": _slim}


def settings(kind: type[T], given: Mapping[str, Any]) -> T:
    """Return a dataclass of settings with the values that are given. UserError for what it does not have."""
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]  # T is a dataclass
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise UserError(f"settings {', '.join(map(repr, unknown))} are unknown; allowed: {', '.join(known)}")
    for name, value in given.items():
        accepted = (int, float) if known[name].type in (float, "float") else (int,)
        if isinstance(value, bool) or not isinstance(value, accepted) or value < 0:
            raise UserError(f"setting {name} = {value!r}; allowed: a number from 0")
    return kind(**given)


def _pictures(description: Mapping[str, Any]) -> Pictures:
    try:
        source = parse_source(description.get("data", {}))
    except ValueError as error:
        raise UserError(f"{error}; give data as run.json has it") from None
    if source is None:
        raise UserError('data is missing; give {"source": NAME}')
    data = load(source.source, source.size, source.color)
    images, labels = torch.from_numpy(data.train_images).permute(0, 3, 1, 2), torch.from_numpy(data.train_labels)
    test = torch.from_numpy(data.test_images).permute(0, 3, 1, 2), torch.from_numpy(data.test_labels)
    if images.shape[1] != 1 or len(images) <= 2 * JUDGES:
        raise UserError(f"{source.source} has {len(images)} training pictures of {images.shape[1]} colours; needed are "
                        f"more than {2 * JUDGES} in gray")  # fmt: skip
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    kept, judges = order[JUDGES:], order[:JUDGES]
    return Pictures(images[kept], labels[kept], (images[judges], labels[judges]), test)


def _one_of(description: Mapping[str, Any], name: str, allowed: Mapping[str, Any]) -> str:
    value = description.get(name)
    if value not in allowed:
        raise UserError(f"{name} {value!r} is unknown; choose {', '.join(allowed)}")
    return str(value)


def _whole(description: Mapping[str, Any], name: str) -> int:
    try:
        found: int = parse(int, description.get(name), name)
    except TypeError as error:
        raise UserError(str(error)) from None
    if not 0 <= found < 2**31:
        raise UserError(f"{name} = {found}; allowed: 0 to {2**31 - 1}")
    return found
