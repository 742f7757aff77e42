"""From the integer network to stages of hardware. Each file in `rules` is a rule: pattern, check, rewrite.

A jet layer is known by its weights alone: every kernel is +-(a jet) or zero.
"""

from finn_build.recognise.search import recognise
from finn_build.recognise.stages import Stage, Stream

__all__ = ["Stage", "Stream", "recognise"]
