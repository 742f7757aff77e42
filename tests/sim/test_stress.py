"""Whole accelerators on broken streams: whole frames give right results, and broken ones are reported."""

import random

import numpy as np
import pytest

from bnn.qonnx.read import read_qonnx
from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from finn_build.manifest import load
from sim.frames import unpack_result
from sim.stress import LAST, RESET, run_beats
from tests.support.networks import random_network
from tests.support.streams import framed

BEATS, WIDTH = 120, 10


@pytest.fixture(scope="module")
def acc(tmp_path_factory):
    """Build an accelerator for 12x10 pixels of three colours: a jet, a bottleneck and a hidden dense layer, folded."""
    folder = tmp_path_factory.mktemp("stress")
    network = random_network("bottleneck", height=BEATS // WIDTH, width=WIDTH, colors=3, hidden=5, seed=3)
    write_qonnx(network, folder / "model.onnx")
    build(folder / "model.onnx", folder / "acc", fps=0.6 * 200e6 / BEATS)
    return folder / "acc"


def expected_results(acc, frames):
    """Return (class, scores) of each frame, a list of 24-bit pixels."""
    network = read_qonnx(acc / "model.onnx")
    pixels = np.array(frames, np.int64).reshape(len(frames), BEATS // WIDTH, WIDTH)
    images = np.stack([pixels >> 8 * c & 255 for c in range(3)], axis=1).astype(np.uint8)
    scores = network.run(images)
    return list(zip(network.classify(scores).tolist(), map(tuple, scores.tolist()), strict=True))


def packet(draw, length, ended=True):
    """Return pixels, of which some are dark, so that a frame filled up with zeros differs from a whole one."""
    high = draw.choice((2, 1 << 24))
    return [draw.randrange(high) for _ in range(length)] + ([] if ended else [None])


def run(acc, epochs, **stalls):
    """Send epochs of packets with resets between them; return each epoch's results, due results, and error flag."""
    pixels, flags = [], []
    for index, packets in enumerate(epochs):
        begin = len(pixels)
        for one in packets:
            data = [pixel for pixel in one if pixel is not None]
            pixels += data
            flags += [0] * len(data)
            if one[-1] is not None:
                flags[-1] |= LAST
        if index:
            flags[begin] |= RESET
    words = np.array(pixels, np.int64)
    data = np.stack([words >> 8 * c & 255 for c in range(3)], axis=1).astype(np.uint8)
    outcome = run_beats(acc, data, np.array(flags, np.uint8), **stalls)
    assert outcome.faults == [] and len(outcome.epochs) == len(epochs)
    manifest = load(acc)
    out = []
    for index, (packets, epoch) in enumerate(zip(epochs, outcome.epochs, strict=True)):
        frames, broken, marks = framed(packets, BEATS)
        if index < len(epochs) - 1:  # the flag would rise a clock after the last beat, when reset is there already
            broken = [at for at in broken if at < sum(pixel is not None for one in packets for pixel in one) - 1]
        whole = [frame for frame in frames if len(frame) == BEATS]
        results = [unpack_result(word, manifest)[:2] for word in epoch.results]
        assert epoch.broken == marks[: len(results)]  # each result says with itself whether its frame was whole
        out.append((results, expected_results(acc, whole), epoch, bool(broken)))
    return out


STALLS = [{}, *({"idle": i, "backpressure": b, "seed": s} for s, (i, b) in enumerate([(0.9, 0), (0, 0.9), (0.5, 0.3)]))]


@pytest.mark.parametrize("stalls", [*STALLS, {"idle": 0.9, "backpressure": 0.9}], ids=str)
def test_right_frames_back_to_back_and_stalled(acc, stalls):
    draw = random.Random(1)
    [(results, due, epoch, _)] = run(acc, [[packet(draw, BEATS) for _ in range(12)]], **stalls)
    assert results == due and not epoch.frame_error and not any(epoch.broken)


WRONG = {
    "short by one": [BEATS - 1],
    "one beat": [1],
    "half a frame, again and again": [BEATS // 2] * 4,
    "long by one": [BEATS + 1],
    "twice as long": [2 * BEATS],
    "short and long": [BEATS - 7, BEATS + 7, 3, 2 * BEATS - 1],
    "three frames and a bit": [3 * BEATS + 11],
}


@pytest.mark.parametrize("stalls", STALLS, ids=str)
def test_wrong_lengths_are_told_and_the_next_frame_is_right(acc, stalls):
    for name, lengths in WRONG.items():
        draw = random.Random(name)
        packets = [packet(draw, BEATS), *(packet(draw, n) for n in lengths), packet(draw, BEATS), packet(draw, BEATS)]
        [(results, due, epoch, _)] = run(acc, [packets], **stalls)
        assert results == due and results[-2:] == expected_results(acc, packets[-2:]), name
        assert any(epoch.broken) and not any(epoch.broken[-2:]), name
        assert epoch.frame_error and epoch.error_at == sorted(epoch.error_at), name
        if max(lengths) <= 2 * BEATS:
            assert len(results) == len(packets), name


@pytest.mark.parametrize("stalls", STALLS, ids=str)
def test_missing_tlast_loses_one_frame_and_no_more(acc, stalls):
    draw = random.Random(2)
    right = [packet(draw, BEATS) for _ in range(8)]
    once = [one if index != 2 else [*one, None] for index, one in enumerate(right)]
    [(results, due, epoch, _)] = run(acc, [once], **stalls)
    assert results == due == expected_results(acc, [*right[:3], *right[4:]]) and epoch.frame_error
    never = [[*one, None] for one in right]
    assert epoch.broken == [index == 2 for index in range(7)]
    [(results, due, epoch, _)] = run(acc, [never], **stalls)
    assert results == due == expected_results(acc, [right[0], *right[2:]]) and epoch.frame_error
    assert all(epoch.broken)


@pytest.mark.parametrize("stalls", STALLS, ids=str)
def test_after_a_reset_anywhere_the_next_frame_is_right(acc, stalls):
    """A reset cuts frames off after 1 pixel, after all, or between. The source begins anew or goes on where it was."""
    draw = random.Random(3)
    epochs = []
    for length in [1, 2, WIDTH, BEATS // 2, BEATS - 1, BEATS, *(draw.randrange(1, BEATS) for _ in range(14))]:
        before = [packet(draw, BEATS) for _ in range(draw.randrange(3))]
        rest = [packet(draw, BEATS - length)] if length < BEATS and draw.random() < 0.5 and epochs else []
        epochs.append([*rest, *before, packet(draw, length, ended=False)])
    epochs.append([packet(draw, BEATS) for _ in range(3)])
    assert any(len(packets[0]) < BEATS for packets in epochs[1:])
    ends = run(acc, epochs, **stalls)
    for results, due, epoch, broken in ends[:-1]:  # a reset drops what was under way
        assert results == due[: len(results)] and epoch.frame_error == broken
    assert ends[-1][0] == ends[-1][1] and len(ends[-1][0]) == 3 and not ends[-1][2].frame_error
    assert sum(len(results) for results, *_ in ends) > 10


def test_reset_drops_a_result_that_waits(acc):
    """A reset comes right after some frames. All results after it belong to later frames."""
    draw = random.Random(4)
    epochs = [[packet(draw, BEATS) for _ in range(n)] for n in (1, 2, 3, 1, 4)]
    for results, due, _, _ in (ends := run(acc, epochs, backpressure=0.9)):
        assert results == due[: len(results)]
    assert ends[-1][0] == ends[-1][1]
