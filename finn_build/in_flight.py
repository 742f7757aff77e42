"""How many frames may be past the input of an accelerator while they wait for their results."""

from finn_build.graph import Design

LEAST_DEPTH = 4
MOST = 256


def frames_in_flight(design: Design, cycles: int) -> int:
    """Return a bound on the frames that wait for their results, with a frame every `cycles` clocks.

    What follows a frame's last pixel is up to each operator. Frames of a few pixels may be more than MOST, which costs
    them some of their rate.
    """
    clocks = sum(design.operators[node.name].drain_clocks() for node in design.nodes)
    return min(MOST, 1 + -(-clocks // cycles))


def flag_depth(in_flight: int) -> int:
    """Return the depth of nj_frame_flags and nj_latency; half of it is for frames that wait before the input does."""
    return max(LEAST_DEPTH, 2 << (in_flight - 1).bit_length())
