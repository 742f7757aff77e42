"""How many frames may be past the input of an accelerator while they wait for their results."""

from collections.abc import Mapping

from finn_build.graph import Design

PIPELINE = 48  # clocks; no layer's registers are a longer way
LEAST_DEPTH = 4
MOST = 256


def frames_in_flight(design: Design, per_layer: Mapping[str, int], cycles: int) -> int:
    """A bound on the frames that wait for their results, with a frame every `cycles` clocks.

    per_layer: clocks per frame, by node. What follows a frame's last pixel: in a layer with a memory of weights two
    frames' clocks at the most, in others the rows that padding puts below; and each layer's pipeline. Frames of a few
    pixels may be more than MOST, which costs them some of their rate.
    """
    clocks = 0
    for node in design.nodes:
        if node.stage.operator == "StreamFIFO_rtl":
            continue
        operator = design.operators[node.name]
        rows = 2 * operator.fold * (node.source.shape[1] + 1)
        clocks += PIPELINE + (rows if operator.matrix is None else 2 * per_layer[node.name])
    return min(MOST, 1 + -(-clocks // cycles))


def flag_depth(in_flight: int) -> int:
    """Depth of nj_frame_flags, half of it for frames that wait before the input does, and of nj_latency."""
    return max(LEAST_DEPTH, 2 << (in_flight - 1).bit_length())
