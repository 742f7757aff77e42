"""The layers of the integer network, one per module.

Every module of this package is imported here, which registers its layer. `bnn.integer.layers.base` says how to add one.
"""

import importlib
import pkgutil

from bnn.integer.layers.base import Found, Interval, Layer, Misfit, Shape
from bnn.integer.layers.bias import Bias
from bnn.integer.layers.conv import Conv
from bnn.integer.layers.dense import Dense
from bnn.integer.layers.levels import Levels
from bnn.integer.layers.max_pool import MaxPool
from bnn.integer.layers.pad import Pad
from bnn.integer.layers.threshold import Threshold

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "Bias", "Conv", "Dense", "Found", "Interval", "Layer", "Levels", "MaxPool", "Misfit", "Pad", "Shape", "Threshold",
]  # fmt: skip
