"""The embedded set: sandwich biscuits on a conveyor belt, rendered from a seed. Synthetic, not photographs.

    good     two round scalloped halves with cream between, one upon the other (within 4 % of the radius)
    broken   as good, but a piece is missing: bitten out of the edge or snapped off along a jagged line;
             the face of the break is pale and rough
    crooked  whole, but the upper half has slipped by 26 to 42 % of the radius: a crescent of cream shows

Everything else varies alike in all three: place, size, rotation, tones, the number of scallops and docking
holes, bake, crumbs, belt texture, direction and slope of the light, drop shadow, exposure, blur and noise.

Lengths are in units of half the picture's side; angles in radians; tones in 0..1.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLASSES = ("good", "broken", "crooked")
SIDE = 48  # pixels
TRAIN, TEST = 1500, 500  # pictures
_BATCH = 100  # pictures rendered at a time, few enough to stay in the cache

Array = NDArray[Any]  # float32
Draw = Callable[[float, float], Array]  # (low, high) -> one number per picture, [N, 1, 1]


def render(count: int, seed: int, side: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Render `count` biscuits, uint8 [count, 48, 48], classes in turn in shuffled order, and their labels.

    `side` is "train" or "test": the two are drawn independently from one seed.
    """
    generator = np.random.default_rng([seed, ("train", "test").index(side)])
    labels = generator.permutation(np.arange(count) % len(CLASSES))
    images = np.empty((count, SIDE, SIDE), np.uint8)
    for start in range(0, count, _BATCH):
        batch = slice(start, start + _BATCH)
        images[batch] = _batch(labels[batch], generator)
    return images, labels


def _batch(labels: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.uint8]:
    count = len(labels)

    def draw(low: float, high: float) -> Array:
        return generator.uniform(low, high, (count, 1, 1)).astype(np.float32)

    axis: Array = (np.arange(SIDE, dtype=np.float32) + 0.5) * 2 / SIDE - 1
    x, y = axis[None, None, :], axis[None, :, None]  # of a pixel's centre, in the picture
    light = draw(0, 2 * np.pi)  # where it comes from

    biscuit, cover = _biscuit(labels, x, y, light, draw, generator)
    belt = _belt(x, y, draw, generator, count)
    length = draw(1.0, 2.6)  # pixels
    shadow = _shifted(cover, length * np.cos(light), length * np.sin(light))
    belt = _crumbs(belt * (1 - draw(0.3, 0.7) * _blur(shadow)), x, y, draw)
    picture = cover * biscuit + (1 - cover) * belt

    slope = draw(0.0, 0.35)
    picture = picture * (1 + slope * (np.cos(light) * x + np.sin(light) * y)) * draw(0.75, 1.1)
    soft = draw(0, 1)
    picture = (1 - soft) * picture + soft * _blur(picture) + draw(-0.05, 0.06)
    picture = picture + draw(0.005, 0.02) * generator.standard_normal(picture.shape, dtype=np.float32)
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _biscuit(
    labels: NDArray[np.int64], x: Array, y: Array, light: Array, draw: Draw, generator: np.random.Generator
) -> tuple[Array, Array]:
    """Return the tone of the biscuit at each pixel and how much of the pixel it covers, both [N, H, W]."""
    broken, crooked = (
        (labels == CLASSES.index(name)).astype(np.float32)[:, None, None] for name in ("broken", "crooked")
    )
    radius = draw(0.52, 0.7)
    slip = radius * (crooked * draw(0.26, 0.42) + (1 - crooked) * draw(0.0, 0.04))  # upper half against lower
    free = np.maximum(0.97 - radius - slip / 2, 0.02)  # how far from the middle it can lie and be seen whole
    cx, cy, slipped = free * draw(-1, 1), free * draw(-1, 1), draw(0, 2 * np.pi)
    slip_x, slip_y = slip / 2 * np.cos(slipped), slip / 2 * np.sin(slipped)
    scallops, depth = np.floor(draw(13, 20)), draw(0.015, 0.035)
    tone = draw(0.42, 0.66)

    # The two halves and the cream between them, as distances to their edges, positive inside.
    dx, dy, lower = _disc(x, y, cx - slip_x, cy - slip_y, radius, scallops, depth, draw)
    cream = 0.94 * radius - np.sqrt(dx * dx + dy * dy)  # sticks to the lower half
    dx, dy, upper = _disc(x, y, cx + slip_x, cy + slip_y, radius, scallops, depth, draw)
    left = np.where(broken > 0, _break(x - cx, y - cy, radius, draw), np.float32(9))
    whole = np.minimum(np.maximum(np.maximum(lower, cream), upper), left)

    surface = _bake(dx, dy, upper, radius, light, tone, draw)
    surface = surface * (1 + draw(0.01, 0.05) * _grain(generator, len(labels), 24))
    below = tone * draw(0.8, 0.95) * (1 - _soft(cream)) + draw(0.85, 1.0) * _soft(cream)
    below = below * (1 - 0.3 * np.exp(-((np.minimum(upper, 0) / 0.04) ** 2)))  # the upper half's shadow
    surface = _soft(upper) * surface + (1 - _soft(upper)) * below
    crumb = np.exp(-((left / draw(0.08, 0.13)) ** 2))  # the face of a break is pale and rough
    rough = draw(0.75, 0.95) + 0.15 * generator.standard_normal(surface.shape, dtype=np.float32)
    return (1 - crumb) * surface + crumb * rough, _soft(whole)


def _soft(distance: Array) -> Array:
    """Return how much of a pixel lies inside an edge at `distance`."""
    return np.clip(distance * (SIDE / 2) + 0.5, 0, 1)


def _disc(
    x: Array, y: Array, cx: Array, cy: Array, radius: Array, scallops: Array, depth: Array, draw: Draw
) -> tuple[Array, Array, Array]:
    """Return offsets from the middle of a scalloped disc, and the distance to its edge, positive inside."""
    dx, dy = x - cx, y - cy
    angle = np.arctan2(dy, dx) + draw(0, 2 * np.pi)
    return dx, dy, radius * (1 + depth * np.cos(scallops * angle)) - np.sqrt(dx * dx + dy * dy)


def _bake(dx: Array, dy: Array, inside: Array, radius: Array, light: Array, tone: Array, draw: Draw) -> Array:
    """Return the tone of the upper half: darker towards the rim, lit on one side, docking holes in two rings."""
    relative = np.sqrt(dx * dx + dy * dy) / radius  # 0 in the middle, 1 at the edge
    angle = np.arctan2(dy, dx)
    surface = tone * (1 - draw(0.1, 0.35) * relative**6)
    rim = np.exp(-((np.maximum(inside, 0) / 0.07) ** 2))
    surface = surface + draw(0.03, 0.12) * rim * (np.cos(light) * dx + np.sin(light) * dy) / radius
    for ring, low, high in ((0.66, 7, 11), (0.33, 3, 6)):
        holes = np.floor(draw(low, high))
        folded = np.mod(angle + draw(0, 7), 2 * np.pi / holes) - np.pi / holes
        square = relative**2 + ring**2 - 2 * relative * np.float32(ring) * np.cos(folded)
        surface = surface - draw(0.1, 0.25) * np.exp(-square / 0.005)
    return surface


def _break(dx: Array, dy: Array, radius: Array, draw: Draw) -> Array:
    """Return the distance to the edge of what is missing, positive where the biscuit is left."""
    outwards = draw(0, 2 * np.pi)  # over the broken place
    along = (np.cos(outwards) * dx + np.sin(outwards) * dy) / radius
    across = (np.cos(outwards) * dy - np.sin(outwards) * dx) / radius
    jagged = 0.06 * np.sin(across * draw(5, 9) + draw(0, 7)) + 0.035 * np.sin(across * draw(13, 19) + draw(0, 7))
    snapped = draw(0.15, 0.55) - along + jagged
    place, size = draw(0.8, 1.05), draw(0.38, 0.6)
    bitten = np.sqrt((along - place) ** 2 + across**2) - size + 0.7 * jagged
    return radius * np.where(draw(0, 1) < 0.5, snapped, bitten)


def _belt(x: Array, y: Array, draw: Draw, generator: np.random.Generator, count: int) -> Array:
    """Return a belt that is ribbed, woven or rough, [N, H, W]."""
    angle, period = draw(0, np.pi), draw(0.12, 0.4)
    u = (np.cos(angle) * x + np.sin(angle) * y) * (2 * np.pi / period) + draw(0, 7)
    v = (np.cos(angle) * y - np.sin(angle) * x) * (2 * np.pi / period) + draw(0, 7)
    kind = draw(0, 1)
    ribs, weave, rough = np.sin(u), np.sin(u) * np.sin(v), _grain(generator, count, 16)
    texture = np.where(kind < 0.35, ribs, np.where(kind < 0.65, weave, rough))
    return draw(0.08, 0.3) * (1 + draw(0.08, 0.3) * texture)


def _crumbs(belt: Array, x: Array, y: Array, draw: Draw) -> Array:
    """Scatter up to four crumbs on the belt, whatever the class."""
    for _ in range(4):
        square = (x - draw(-1, 1)) ** 2 + (y - draw(-1, 1)) ** 2
        belt = belt + draw(-0.3, 0.4).clip(0) * np.exp(-square / draw(0.0008, 0.004))
    return belt


def _grain(generator: np.random.Generator, count: int, cells: int) -> Array:
    """Return smooth noise of about unit height, [count, H, W]: `cells` random values per side, interpolated."""
    values = generator.standard_normal((count, cells + 1, cells + 1), dtype=np.float32)
    place = (np.arange(SIDE, dtype=np.float32) + 0.5) * cells / SIDE
    low = place.astype(np.int64)
    weight = place - low
    rows = values[:, low] * (1 - weight)[:, None] + values[:, low + 1] * weight[:, None]
    return rows[:, :, low] * (1 - weight) + rows[:, :, low + 1] * weight


def _shifted(images: Array, right: Array, down: Array) -> Array:
    """Shift each picture against the light by whole pixels, nothing coming in from outside."""
    index = np.arange(SIDE)
    rows = index[None] + np.rint(down[:, 0]).astype(np.int64)  # [N, H]
    columns = index[None] + np.rint(right[:, 0]).astype(np.int64)
    which = np.arange(len(images))[:, None, None]
    return images[which, rows.clip(0, SIDE - 1)[:, :, None], columns.clip(0, SIDE - 1)[:, None, :]]


def _blur(images: Array) -> Array:
    """Smooth with [1 2 1] / 4 both ways, the border repeated."""
    wide = np.pad(images, ((0, 0), (1, 1), (0, 0)), mode="edge")
    images = (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]) / 4
    wide = np.pad(images, ((0, 0), (0, 0), (1, 1)), mode="edge")
    return (wide[:, :, :-2] + 2 * wide[:, :, 1:-1] + wide[:, :, 2:]) / 4
