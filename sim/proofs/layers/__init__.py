"""What proves the layers of an accelerator, a kind of layer a module; nothing else names the modules.

A module registers the provers that it holds. A layer for which there is none is checked by simulation alone.
"""

import importlib
import pkgutil

from finn_build.recognise import Stage
from sim.proofs.layers.prover import Prover

_modules = [importlib.import_module(f"{__name__}.{_module.name}") for _module in pkgutil.iter_modules(__path__)]
_kinds = [
    kind
    for module in _modules
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Prover) and kind.__module__ == module.__name__
]
PROVERS = tuple(kind() for kind in _kinds if kind is not Prover)


def prover_of(stage: Stage) -> Prover | None:
    """Return what proves layers like this one; None where nothing does."""
    return next((prover for prover in PROVERS if prover.takes(stage)), None)
