"""Styles in which people write and export binarized networks in Brevitas, each with the outcome of its import.

`STYLES[name]` makes the network; its `outcome` is empty where it is imported exactly, else the words of its refusal.
"""

from tests.support.styles import activations, inputs, layers, norms, residual
from tests.support.styles.style import STYLES, shake

__all__ = ["STYLES", "activations", "inputs", "layers", "norms", "residual", "shake"]
