"""The rules, one per module. A module of this package registers the rules that it holds; nothing else names them.

They are tried in the order of their priority, and of their names where priorities are equal:

    10    separable, and other patterns of several convolutions in one stage
    20    bottleneck
    30    jets
    40    any other convolution
    50    all other layers, whose patterns begin with different layers
"""

import importlib
import pkgutil
from typing import Any

from finn_build.recognise.rule import Rule


def _found() -> tuple[Rule[Any], ...]:
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    kinds = {
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Rule) and kind.__module__ == module.__name__
    }
    return tuple(kind() for kind in sorted(kinds, key=lambda kind: (kind.priority, kind.__name__)))


RULES = _found()
