"""From the integer network to stages of hardware. A rule a file, in `rules`: pattern, check with a reason, rewrite.

A jet layer is known by its weights alone: every kernel is +-(a jet) or zero.
"""

from finn_build.recognise.search import recognise
from finn_build.recognise.stages import Stage, Stream

__all__ = ["Stage", "Stream", "recognise"]
