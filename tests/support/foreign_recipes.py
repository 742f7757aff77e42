"""Random networks of all kinds that docs/importing.md accepts: 1 to 4 bits, dense and convolutions, all ends."""

from dataclasses import replace
from typing import Any

import numpy as np

from tests.support.foreign import Block, Hidden, Recipe

MOST_BITS = 400  # maps of bits, with levels and copies, times the area of the kernel that reads them
KERNELS = (1, 2, 2, 3, 3, 3, 3, 4, 5, 5, 6, 7, 8, 9, 10, 11)
ENDS = ("none", "bias", "common", "norm", "softmax", "logsoftmax", "sigmoid")


def wide_recipe(seed: int) -> Recipe:
    """Return a network, dense or of convolutions, small enough to be compiled and simulated within a minute."""
    r = np.random.default_rng([seed, 4])
    if r.random() < 0.3:
        return _dense(r, seed)
    count, kind = _of(r, 1, 2, 2, 3), _of(r, "byte", "byte", "q8", "sign", "affine")
    while True:
        recipe = _convolutions(r, seed, count, kind)
        if recipe is not None:
            return recipe


def _of(r: np.random.Generator, *values: Any) -> Any:
    return values[r.integers(len(values))]


def _levels(bits: int, ternary: bool = False) -> int:
    return 2 if ternary else 2**bits - 1


def _copies(weight_bits: int) -> int:
    """Return how many copies of a map of bits are needed by weights of so many bits."""
    return {0: 2, 1: 1}.get(weight_bits, 2**weight_bits - 2)


def _bits(r: np.random.Generator) -> int:
    return int(_of(r, 1, 1, 1, 2, 2, 3, 4))


def _last(r: np.random.Generator) -> dict[str, Any]:
    return {
        "classes": int(r.integers(2, 6)), "end": _of(r, *ENDS), "weight_bits": int(_of(r, 0, 1, 1, 1, 1, 2, 3, 4)),
        "dynamo": bool(r.random() < 0.25), "free_batch": bool(r.random() < 0.25),
    }  # fmt: skip


def _fitting(outputs: int, levels: int, copies: int, kernel: int = 1) -> int:
    return max(1, min(outputs, MOST_BITS // (levels * copies * kernel)))


def _dense(r: np.random.Generator, seed: int) -> Recipe:
    """Return a dense network on pixels of one or a few bits, with hidden layers."""
    shape = (1, int(r.integers(3, 13)), int(r.integers(3, 13)))
    kind = _of(r, "sign", "sign", "q2")
    hidden = []
    for index in range(_of(r, 1, 1, 2, 3)):
        bits, slope = _bits(r), _of(r, "", "", "", "prelu", "leaky")
        weight_bits = 1 if not index else int(_of(r, 0, 1, 1, 2, 3, 4))
        hidden.append(Hidden(int(r.integers(3, 33)), bits, weight_bits, slope))
    last = _last(r)
    readers = [*(h.weight_bits for h in hidden[1:]), last["weight_bits"]]
    hidden = [
        replace(h, outputs=_fitting(h.outputs, _levels(h.bits), _copies(bits)))
        for h, bits in zip(hidden, readers, strict=True)
    ]
    return Recipe(shape, kind, (), tuple(hidden), seed=seed, **last)


def _convolutions(r: np.random.Generator, seed: int, count: int, kind: str) -> Recipe | None:
    height = int(r.integers(6, 19))
    shape = (int(_of(r, 1, 1, 2, 3)), height, int(_of(r, height, r.integers(6, 19))))
    blocks: list[Block] = []
    sizes, bits_before, scale_before = shape[1:], kind == "sign", 1.0
    for index in range(count):
        kernel = int(_of(r, *KERNELS))
        padding = (
            0
            if kind == "affine" and not index
            else int(r.integers(0, (kernel + int(r.random() < 0.1) + 1) // 2)) * int(r.integers(2))
        )
        pool, bits = int(_of(r, 1, 1, 2, 2, 3)), _bits(r)
        block = Block(
            int(r.integers(1, 9)), kernel, int(_of(r, 1, 1, 1, 2, 3)), padding,
            _of(r, 0, -1) if bits_before and scale_before == 1 else 0, pool, bool(r.integers(2)),
            norm_first=bool(r.integers(2)), per_channel=r.random() < 0.3, bias=r.random() < 0.2,
            clip=r.random() < 0.15, scale=_of(r, 1.0, 0.5, 0.7), bits=bits, signed=r.random() < 0.3,
            ternary=r.random() < 0.1,
            weight_bits=int(_of(r, 0, 1, 1, 1, 2, 3, 4)) if index or kind != "sign" or r.random() < 0.05 else 1,
            slope=_of(r, "", "", "", "prelu", "leaky"),
        )  # fmt: skip
        blocks.append(block)
        bits_before, scale_before = bits == 1 and not block.ternary, block.scale
        if block.stride > min(sizes) or min(sizes) + padding < kernel or (kernel > 1 and min(sizes) == 1):
            return None
        sizes = tuple(((n + 2 * padding - kernel) // block.stride + 1) // pool for n in sizes)
        if min(sizes) < 1:
            return None
    last = _last(r)
    head = _of(r, "dense", "dense", "dense", "conv", "conv_flat")
    if head != "dense" and sizes[0] != sizes[1]:
        return None
    readers = [(b.weight_bits, b.kernel) for b in blocks[1:]] + [(last["weight_bits"], 1)]
    blocks = [
        replace(b, outputs=_fitting(b.outputs, _levels(b.bits, b.ternary), _copies(bits), kernel))
        for b, (bits, kernel) in zip(blocks, readers, strict=True)
    ]
    hidden = (Hidden(int(r.integers(3, 12))),) if head == "dense" and r.random() < 0.3 else ()
    return Recipe(shape, kind, tuple(blocks), hidden, seed=seed, head=head, **last)
