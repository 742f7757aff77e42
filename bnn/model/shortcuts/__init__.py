"""What joins the sums of a block from the map in front of it, one kind a module of this package."""

import importlib
import pkgutil

from bnn.model.shortcuts.base import SHORTCUTS, Shortcut

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["SHORTCUTS", "Shortcut"]
