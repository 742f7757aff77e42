"""The pictures that an accelerator is handed over with, and the results that it must give for them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnn import data as labelled
from bnn.data.source import parse_source
from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint, decide
from bnn.integer.network import IntegerNetwork
from bnn.storage.names import plain
from finn_build.manifest import Manifest, Output
from finn_build.results import pack_result

MOST_FRAMES, LEAST_FRAMES = 20, 5  # of fewer no rate can be told
END_MARK = "5a  // end"  # hw/tb/nj_frames_check.v looks for it
MOST_PIXELS = 1 << 20  # above it fewer frames


@dataclass(frozen=True, eq=False)
class Frames:
    """Pictures as the hardware takes them."""

    words: str  # which ones
    images: NDArray[np.uint8]  # [N, H, W, C]
    names: tuple[str, ...]  # of each, for a comment
    notes: tuple[str, ...] = ()  # for the user


def choose_frames(manifest: Manifest, network: IntegerNetwork) -> Frames:
    """Return some test pictures of the network, of all classes in turn; without these, drawn ones.

    A note says why the test pictures could not be had when the network names some.
    """
    count = min(MOST_FRAMES, max(LEAST_FRAMES, MOST_PIXELS // manifest.input.beats_per_frame))
    source = parse_source(manifest.data)
    if source is None:
        return _drawn(network, count)
    _, height, width = network.input_shape
    color = "rgb" if network.input_shape[0] == 3 else "gray"
    try:
        data = labelled.load_again(source, (height, width), color)
        if data.test_images.shape[1:] != (height, width, network.input_shape[0]):
            raise UserError(f"its pictures are of shape {data.test_images.shape[1:]}")
    except UserError as error:
        drawn = _drawn(network, count)
        note = f"tb/ has drawn frames, for the test pictures could not be read: {error}"
        return Frames(drawn.words, drawn.images, drawn.names, (note,))
    chosen = _in_turn(data.test_labels, count)
    names = tuple(f"test picture {index}, {plain(data.classes[data.test_labels[index]])}" for index in chosen)
    words = f"test pictures of {plain(data.name)}, of all classes in turn"
    return Frames(words, np.ascontiguousarray(data.test_images[chosen]), names)


def _in_turn(labels: NDArray[np.int64], count: int) -> list[int]:
    """Return the places of the first picture of each class, then of the second ones, and so on.

    >>> _in_turn(np.array([0, 0, 1, 0, 1]), 4)
    [0, 2, 1, 4]
    """
    places = [np.flatnonzero(labels == label).tolist() for label in sorted(set(labels.tolist()))]
    rounds = range(max(map(len, places)))
    return [own[number] for number in rounds for own in places if number < len(own)][:count]


def _drawn(network: IntegerNetwork, count: int) -> Frames:
    """Return a black picture, a white one, and patterns of squares from a pixel to half a picture.

    In noise alone all sums of a layer are nearly equal, so no threshold is crossed.
    """
    channels, height, width = network.input_shape
    r = np.random.default_rng(0)
    images, names = np.zeros((count, height, width, channels), np.uint8), ["black", "white"]
    images[1] = 255
    for number in range(2, count):
        size = min(1 << number % 6, max(1, min(height, width) // 2))
        rows, columns = -(-height // size), -(-width // size)
        levels = r.integers(0, 256, (rows, columns, channels), np.uint8)
        images[number] = levels.repeat(size, axis=0).repeat(size, axis=1)[:height, :width]
        names.append(f"squares of {size} pixels")
    return Frames("drawn, for no test pictures are known", images, tuple(names[:count]))


def frames_text(frames: Frames) -> str:
    """Return frames.mem: a row of a picture on a line, a pixel a word, channel 0 in its low byte."""
    return "\n".join(_lines(frames)) + "\n"


def _lines(frames: Frames) -> Iterator[str]:
    for number, (image, name) in enumerate(zip(frames.images, frames.names, strict=True)):
        yield f"// frame {number}: {name}"
        for row in image[:, :, ::-1]:  # channels
            yield " ".join(pixel.tobytes().hex() for pixel in row)
    yield END_MARK


def golden_text(
    frames: Frames, network: IntegerNetwork, output: Output, point: OperatingPoint, number_bit: int | None = None
) -> str:
    """Return golden.mem: the result of each frame at this operating point, as m_axis_tdata carries it.

    number_bit: where the number of the frame stands (`ip --gate`); None: nowhere.
    """
    scores = network.run(np.ascontiguousarray(frames.images.transpose(0, 3, 1, 2)))
    lines = []
    for number, (row, *decided) in enumerate(
        zip(scores.tolist(), *(part.tolist() for part in decide(scores, point)), strict=True)
    ):
        label, margin, unsure = decided
        word = pack_result(label, row, margin, unsure, output)
        if number_bit is not None:
            word |= number << number_bit
        said = f"frame {number}: {plain(output.classes[label])}, scores {' '.join(map(str, row))}, margin {margin}"
        lines.append(f"{word:0{output.tdata_bits // 4}x}  // {said}{', unsure' * unsure}")
    return "\n".join([*lines, END_MARK]) + "\n"
