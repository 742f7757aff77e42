"""Our FINN operators, with RTL and HLS back-ends: every class NAME_rtl and NAME_hls of a module of hw.ops.

A new operator is a new module; nothing lists it. Importing this needs finn-plus; `finn_build.adapter` sets it up.
"""

import pkgutil
from importlib import import_module
from typing import Any

import hw.ops

BACKENDS = ("rtl", "hls")


def _found(backend: str) -> tuple[type[Any], ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(hw.ops.__path__) if module.name != "operators")
    modules = [import_module(f"hw.ops.{name}") for name in names]
    return tuple(
        value
        for module in modules
        for name, value in vars(module).items()
        if name.endswith(f"_{backend}") and isinstance(value, type) and value.__module__ == module.__name__
    )


RTL_OPERATORS, HLS_OPERATORS = map(_found, BACKENDS)
_BY_NAME = {operator.__name__: operator for operator in (*RTL_OPERATORS, *HLS_OPERATORS)}


def operator_class(name: str) -> type[Any]:
    """Return the class of an operator. KeyError names an operator that no module defines."""
    if name not in _BY_NAME:
        raise KeyError(f"no module of hw.ops defines {name}; there are {', '.join(sorted(_BY_NAME))}")
    return _BY_NAME[name]
