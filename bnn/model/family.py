"""Networks for pictures of any size: geometry and channels as a pure function of the picture, the classes and a width.

Two geometries. `coarse` pools the pixels by three or four and has few blocks: later layers then have time to fold even
at a pixel per clock. `fine` pools by two and doubles its channels: it sees smaller things, and is for belts that leave
clocks for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt, prod

from bnn.errors import UserError
from bnn.model.spec import Block, NetworkSpec

WIDTHS = (4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 72, 80, 96, 112, 128, 160, 192)  # multiples of 4
MOST_PLACES = 64  # of the last map: 8x8
MOST_FEATURES = 1024  # places of the last map times classes; beyond it the last map is pooled as well
LEAST_PADLESS = 6  # shortest side of a map that a convolution without padding may shorten
LEAST_LONG = 12  # the same of a map that is at least twice as long as it is high
LEAST_POOLED = 4  # shortest side of a map that is pooled
MOST_LONG = 256  # places of the last map of a long picture; a larger one is summed up as a whole
LEAST_SIDE, MOST_SIDE = 8, 1024


@dataclass(frozen=True)
class Geometry:
    """How the blocks of a network shrink a picture, and how its channels grow."""

    name: str
    # (size, least side): of pooling windows, for maps of at least such a side (the root of the area); else 2.
    first_pools: tuple[tuple[int, int], ...]
    pools: tuple[tuple[int, int], ...]
    growth: tuple[Fraction, ...]  # channels of a block, for a width of one; the last entry for all that follow
    last: Fraction  # the same of the last block
    of_colours: Fraction  # the same of the first block, for pictures in colour


COARSE = Geometry(
    "coarse", ((4, 96), (3, 20)), ((3, 24),), (Fraction(1), Fraction(4, 3)), Fraction(2), of_colours=Fraction(1, 2)
)
FINE = Geometry("fine", (), (), (Fraction(1), Fraction(2), Fraction(4)), Fraction(4), of_colours=Fraction(1))


@dataclass(frozen=True)
class _Step:
    padding: bool
    pool: int
    sums: tuple[int, int]  # height and width of the map of sums
    pooling: str = "max"


def member(
    shape: tuple[int, int, int], classes: int, width: int, *, form: str = "bottleneck", first: str | None = None,
    maps: int = 4, kernel: int = 3, geometry: Geometry = COARSE,
) -> NetworkSpec:  # fmt: skip
    """Return the network of a width, the channels of its first block in gray, for pictures (C, H, W).

    first: form of the first block, when it is not `form`. maps: M of the bottleneck. UserError for pictures that are
    smaller than 8x8 or larger than 1024x1024.
    """
    steps = tuple(_steps(shape[1:], classes, kernel, geometry))
    blocks = []
    for i, step in enumerate(steps):
        growth = geometry.last if i == len(steps) - 1 else geometry.growth[min(i, len(geometry.growth) - 1)]
        if i == 0 and shape[0] > 1:
            growth = geometry.of_colours
        blocks.append(
            Block(
                _channels(width * growth, i == 0), kernel, first or form if i == 0 else form, maps,
                padding=step.padding, pool=step.pool, pooling=step.pooling,
            )
        )  # fmt: skip
    label = (f"{first}, " if first else "") + (f"{form} M={maps}" if form == "bottleneck" else form)
    return NetworkSpec(f"{'-'.join(str(block.channels) for block in blocks)} {label}", tuple(blocks))


def operations(shape: tuple[int, int, int], classes: int, spec: NetworkSpec) -> int:
    """Return how many multiply-adds training spends on a picture, in its forward pass."""
    inputs, size, total = shape[0], tuple(shape[1:]), 0
    for i, block in enumerate(spec.blocks):
        sums = prod((side + 2 * block.padded - block.kernel) // block.stride + 1 for side in size)
        mixed = block.maps if block.form == "bottleneck" and i else inputs
        total += sums * block.channels * mixed * block.kernel**2 + (mixed != inputs) * prod(size) * inputs * mixed
        inputs, size = block.channels, tuple(block.output_size(side) for side in size)
    return total + prod(size) * inputs * classes


def _steps(size: tuple[int, int], classes: int, kernel: int, geometry: Geometry) -> Iterator[_Step]:
    """Yield how each block shrinks its map, until at most MOST_PLACES are left, or it is too low to be pooled.

    There are two blocks at the least.
    """
    if not all(LEAST_SIDE <= side <= MOST_SIDE for side in size):
        raise UserError(f"pictures of {size[0]}x{size[1]} pixels; allowed are sides from {LEAST_SIDE} to {MOST_SIDE}")
    first = True
    while True:
        padding = not first and needs_padding(size)
        sums = size if padding else (size[0] - kernel + 1, size[1] - kernel + 1)
        if not first and (prod(sums) <= MOST_PLACES or min(sums) < LEAST_POOLED):
            yield _last(padding, sums, classes)
            return
        if min(sums) < LEAST_POOLED or (
            prod(side - kernel + 1 for side in sums) <= MOST_PLACES and not needs_padding(sums)
        ):
            step = _Step(padding, 1, sums)
        else:
            step = _Step(padding, _pool(sums, geometry.first_pools if first else geometry.pools), sums)
        yield step
        size, first = (step.sums[0] // step.pool, step.sums[1] // step.pool), False


def _last(padding: bool, sums: tuple[int, int], classes: int) -> _Step:
    """Return the last step, which pools where its map is large, or times many classes."""
    if prod(sums) > MOST_LONG:
        return _Step(padding, 0, sums, pooling="sum")
    pooled = prod(sums) * classes > MOST_FEATURES and min(sums) >= LEAST_POOLED
    return _Step(padding, 2 if pooled else 1, sums)


def needs_padding(size: tuple[int, int]) -> bool:
    """Tell whether a convolution without padding would leave too little of a map."""
    return min(size) < (LEAST_LONG if max(size) >= 2 * min(size) else LEAST_PADLESS)


def _pool(sums: tuple[int, int], pools: tuple[tuple[int, int], ...]) -> int:
    """Return the size of the windows that a map is pooled by; a long map is looked at as the square of its area."""
    side = isqrt(prod(sums))
    return next((pool for pool, least in pools if side >= least and min(sums) >= 3 * pool), 2)


def _channels(wanted: Fraction, first: bool) -> int:
    """Return a number of channels that folds well: the nearest multiple of 4, beyond 16 of 8; of two the larger.

    Nothing folds by the channels of the first block.
    """
    step = 4 if first or wanted <= 16 else 8
    return max(4, step * int(wanted / step + Fraction(1, 2)))
