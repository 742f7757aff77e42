"""What the modules at both ends of an accelerator take that tell whole frames from broken ones."""

from math import prod

from finn_build.graph import Design, is_map
from finn_build.in_flight import flag_depth, frames_in_flight


def frame_sites(design: Design, cycles: int) -> int:
    """Return the LUT sites of nj_frame_sync and nj_frame_flags, with a frame every `cycles` clocks."""
    *size, channels = design.pixels.shape
    flags = flags_sites(flag_depth(frames_in_flight(design, cycles)))
    return sync_sites(prod(size), 8 * channels) + flags + (map_sites(design) if is_map(design) else 0)


def frame_ffs(design: Design, cycles: int) -> int:
    """Return the flip-flops of both: the counter of beats and seven flags; the flags kept and how many there are."""
    height, width, _ = design.pixels.shape
    depth = flag_depth(frames_in_flight(design, cycles))
    return _count_bits(height * width) + 7 + depth + depth.bit_length()


def sync_sites(beats: int, bits: int) -> int:
    """Return the sites of nj_frame_sync: two data bits a LUT, the counter of beats, and what was fitted."""
    return round(12 + 1.4 * _count_bits(beats) + bits / 2)


def flags_sites(depth: int) -> int:
    """Return the sites of nj_frame_flags: the selection of a flag, and what was fitted."""
    return 6 + depth // 2


def map_sites(design: Design) -> int:
    """Return the sites of nj_map_flags around nj_frame_flags: its two counters, and what was fitted."""
    return round(4 + 1.4 * sum(map(_count_bits, design.nodes[-1].output.shape[:2])))


def _count_bits(beats: int) -> int:
    return max(1, (beats - 1).bit_length())
