"""Helpers for tests of RTL modules: maps to beats and back, words of constants, the initiation interval."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def pack(values: Iterable[int], bits: int) -> int:
    """Return one word of `bits`-bit fields with the first value lowest. Negative values become two's complement."""
    word = 0
    for position, value in enumerate(values):
        word |= (int(value) & ((1 << bits) - 1)) << (position * bits)
    return word


def unpack(word: int, count: int, bits: int, signed: bool = False) -> list[int]:
    """Return the values of a word: the inverse of `pack`."""
    values = [(word >> (position * bits)) & ((1 << bits) - 1) for position in range(count)]
    return [v - (1 << bits) if signed and v >> (bits - 1) else v for v in values]


def bits_word(bits: Ints) -> int:
    """Return a word of single bits, in flattened order with the first lowest."""
    return pack(np.asarray(bits).reshape(-1), 1)


def beats_of(maps: Ints, bits: int) -> list[int]:
    """Return maps [N, C, H, W] as one beat per pixel, row by row."""
    pixels = maps.transpose(0, 2, 3, 1).reshape(-1, maps.shape[1])
    return [pack(pixel, bits) for pixel in pixels]


def maps_of(beats: Sequence[int], shape: tuple[int, int, int, int], bits: int, signed: bool = False) -> Ints:
    """Return the maps of `shape` [N, C, H, W] of these beats: the inverse of `beats_of`."""
    n, c, height, width = shape
    pixels = [unpack(beat, c, bits, signed) for beat in beats]
    return np.array(pixels, np.int64).reshape(n, height, width, c).transpose(0, 3, 1, 2)


def frames(rng: np.random.Generator, shape: tuple[int, ...], bits: int = 1, count: int = 6) -> Ints:
    """Return frames [count, ...] of unsigned `bits`-bit elements: random, all ones, random, all zero, random, ..."""
    data = rng.integers(0, 1 << bits, (count, *shape))
    data[1] = (1 << bits) - 1
    data[3] = 0
    return data


def intervals(cycles: Sequence[int], per_frame: int) -> list[int]:
    """Return the clocks between the last beats of successive frames."""
    return np.diff(np.array(cycles)[per_frame - 1 :: per_frame]).tolist()


def framed(packets: Sequence[Sequence[int | None]], beats: int) -> tuple[list[list[int]], list[int], list[bool]]:
    """Return what nj_frame_sync promises: frames, indices of the input beats that break the rule, broken frames.

    Frames have `beats` beats. A packet ends with TLAST unless its last element is None: `[1, 2, None]` is two beats
    without TLAST. When the input ends within a frame, the last frame is shorter.
    """
    joined: list[tuple[list[int], bool]] = []  # each ends with TLAST; only the last may lack it
    for packet in packets:
        data = [beat for beat in packet if beat is not None]
        if joined and not joined[-1][1]:
            data = joined.pop()[0] + data
        joined.append((data, packet[-1] is not None))
    frames, broken, marks, position, absent = [], [], [], 0, False
    for data, ended in joined:
        begin = 0
        while begin < len(data):
            frame, at = data[begin : begin + beats], begin
            begin += len(frame)
            last = ended and begin == len(data)
            marks.append(not (last and at == 0 and len(frame) == beats))
            if last and len(frame) < beats:
                frame = frame + [0] * (beats - len(frame))
                broken.append(position + begin - 1)
            elif last and at == 0:
                absent = False
            elif last:  # the beginning of this packet is unknown
                broken.append(position + begin - 1)
            elif not last and len(frame) == beats:
                broken.append(position + begin - 1)
                if not absent:
                    dropped = min(beats, len(data) - begin)
                    begin += dropped
                    absent = dropped == beats and not (ended and begin == len(data))
            frames.append(frame)
        position += len(data)
    return frames, broken, marks


def parameters_name(value: object) -> str | None:
    """Return the name of a test for a dictionary of parameters; leave other values to pytest."""
    return "-".join(f"{key}{one}" for key, one in value.items()) if isinstance(value, dict) else None
