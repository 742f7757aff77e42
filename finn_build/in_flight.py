"""Bound how many frames may have passed the input of an accelerator and still wait for their results."""

from finn_build.graph import Design

LEAST_DEPTH = 4
MOST = 256


def frames_in_flight(design: Design, cycles: int) -> int:
    """Return a bound on the frames that wait for their results, with a frame every `cycles` clocks.

    Each operator says how many clocks follow a frame's last pixel. More than MOST frames of a few pixels could be under
    way, so these lose some of their rate.
    """
    clocks = sum(design.operators[node.name].drain_clocks() for node in design.nodes)
    return min(MOST, 1 + -(-clocks // cycles))


def flag_depth(in_flight: int) -> int:
    """Return the depth of nj_frame_flags and nj_latency. Half of it holds frames that wait before the input stops."""
    return max(LEAST_DEPTH, 2 << (in_flight - 1).bit_length())
