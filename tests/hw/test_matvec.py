"""A folded matrix of +-1 equals the reference in both orders and in any folding, and keeps the promised rate."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bnn.integer import reference
from hw.block_ram import block_rams
from hw.matvec.cost import counting
from hw.matvec.folding import Folding, foldings, repeated
from hw.matvec.module import Patches, RowOutput, matvec_module, merged
from hw.matvec.schedule import conv_period, convolution, dense
from hw.text import sources_in
from sim.modules import STALLS, Stall, run_streams
from tests.support.streams import beats_of, frames, intervals, maps_of, pack, unpack

STALLS_AND_WAITS = (*STALLS, Stall(0.0, 0.95, 5))  # long enough for the next frame to be complete too


@dataclass(frozen=True)
class Shape:
    """One layer, folded."""

    beats: int
    in_bits: int
    outputs: int
    lanes: int
    simd: int
    replay: bool = False
    thresholded: bool = True
    weights: str = "random"  # "random", "ones" or "minus"
    repeat: int = 1
    times: int = 1  # neighbouring outputs with the same weights
    held: bool = False

    @property
    def folding(self) -> Folding:
        rows = self.outputs // self.times
        return Folding(self.beats, self.in_bits, rows, self.lanes, self.simd, self.replay, self.repeat, self.held)


def weights_of(s: Shape, rng: np.random.Generator):
    shape = (s.outputs, s.beats * s.in_bits)
    if s.weights == "random":
        kept = rng.choice(np.array([-1, 1]), (s.outputs // s.times, s.beats * s.in_bits // s.repeat))
        return np.repeat(np.repeat(kept, s.repeat, axis=1), s.times, axis=0)
    return np.full(shape, 1 if s.weights == "ones" else -1)


def write_memory(folder: Path, folding: Folding, weight: np.ndarray):
    (folder / "mem").mkdir()
    (folder / "mem" / "layer.mem").write_text("\n".join(folding.lines(weight)) + "\n")


def check(s: Shape, folder: Path, count: int = 6):
    rng = np.random.default_rng(s.beats + 100 * s.in_bits + 10_000 * s.outputs)
    weight = weights_of(s, rng)
    bits = frames(rng, (s.beats * s.in_bits,), count=count)
    matches = (reference.dense(2 * bits - 1, weight.T) + weight.shape[1]) // 2
    if s.thresholded:
        constants = np.sort(matches, axis=0)[len(matches) // 2] + rng.integers(0, 2, s.outputs)
        constants[0], constants[-1] = matches[:, 0].max() + 1, matches[:, -1].min()  # never, always
        expected = matches >= constants
        weight, result = merged(weight, constants)
    else:
        constants = rng.integers(-9, 10, s.outputs)
        result, expected = RowOutput(constants, False, 2 + int(weight.shape[1] + 9).bit_length()), matches + constants
    text = matvec_module("layer", "a layer", s.folding, result, "mem/layer.mem")
    (folder / "layer.sv").write_text(text)
    write_memory(folder, s.folding, weight)
    beats = [pack(beat, 1) for beat in bits.reshape(-1, s.in_bits)]
    sources = [*sources_in(text), folder / "layer.sv"]
    results = run_streams("layer", {}, beats, count, stalls=STALLS_AND_WAITS, sources=sources)
    for stall, run in zip(STALLS_AND_WAITS, results, strict=True):
        got = [
            unpack(beat, s.outputs, 1 if s.thresholded else result.out_bits, not s.thresholded) for beat in run.beats
        ]
        assert np.array_equal(got, expected), stall
    assert set(intervals(results[0].out_cycles, 1)[2:]) == {s.folding.cycles}
    taken, ends = dense(s.folding, [0] * len(beats), counting(s.folding))
    assert results[0].in_cycles == taken.tolist()
    assert results[0].out_cycles == ends.tolist()


@pytest.mark.parametrize(
    "shape",
    [
        Shape(20, 1, 4, 1, 5),  # full words of packed bits
        Shape(20, 1, 5, 2, 8, thresholded=False),  # the last word and the last group are not full
        Shape(17, 3, 4, 1, 16, weights="minus"),  # the last word has one beat, and a bit of every word is unused
        Shape(6, 13, 7, 3, 13),
        Shape(6, 13, 4, 2, 16),  # each word has one beat and three unused bits
        Shape(2, 40, 6, 2, 16, thresholded=False),  # beats split, the last piece not full
        Shape(1, 30, 3, 3, 30),  # one step a frame
        Shape(1, 12, 6, 1, 12, thresholded=False),  # one word, all groups
        Shape(9, 1, 3, 3, 1),  # a bit per clock into all sums
        Shape(5, 8, 130, 1, 8),  # weights in block RAM, two LUTs a bit of the sums
        Shape(20, 1, 5, 2, 8, replay=True),
        Shape(1, 50, 10, 1, 7, replay=True, thresholded=False),
        Shape(4, 20, 4, 2, 6, replay=True, weights="ones"),
        Shape(6, 4, 3, 3, 4, replay=True),  # written as fast as it is read
        Shape(33, 2, 70, 1, 2, replay=True),
        Shape(5, 6, 5, 2, 12, repeat=3),  # a weight for three neighbours, two beats of a word, one in the last
        Shape(2, 30, 6, 2, 12, thresholded=False, repeat=6),  # beats split, the last piece not full
        Shape(2, 30, 70, 1, 6, replay=True, repeat=2),  # in block RAM
        Shape(2, 12, 12, 2, 6, repeat=2, times=3),  # three thresholds of a sum
        Shape(1, 12, 260, 1, 4, replay=True, times=2),  # thresholds in block RAM
        Shape(4, 10, 40, 19, 21, thresholded=False),  # three blocks of seven lanes, of which two are unused
        Shape(2, 20, 34, 17, 12, replay=True, repeat=2),
        Shape(1, 13, 8, 1, 4, replay=True, held=True, thresholded=False),
        Shape(1, 12, 5, 2, 6, replay=True, held=True, repeat=3),
    ],
    ids=str,
)  # fmt: skip
def test_equals_the_reference(shape, tmp_path):
    check(shape, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("replay", [False, True])
@pytest.mark.parametrize(("beats", "in_bits"), [(30, 1), (7, 5), (2, 33), (1, 64)])
@pytest.mark.parametrize("lanes", [1, 3, 8])
@pytest.mark.parametrize("simd", [3, 8, 10])
@pytest.mark.parametrize("thresholded", [False, True])
def test_equals_the_reference_sweep(replay, beats, in_bits, lanes, simd, thresholded, tmp_path):
    check(Shape(beats, in_bits, 9, lanes, simd, replay, thresholded), tmp_path)


@pytest.mark.parametrize(
    ("patches", "maps", "outputs", "lanes", "simd", "replay"),
    [
        (Patches(6, 5, 3, 1, 1), 4, 5, 2, 12, False),  # three pixels of a word
        (Patches(6, 5, 3, 1, 0), 6, 4, 1, 3, False),  # two words of a pixel
        (Patches(5, 7, 3, 2, 1), 4, 4, 4, 4, False),
        (Patches(5, 5, 2, 1, 0), 3, 6, 2, 7, True),
        (Patches(6, 6, 3, 1, 1), 5, 4, 1, 3, True),
    ],
)  # fmt: skip
def test_windows_of_a_map_are_vectors_too(patches, maps, outputs, lanes, simd, replay, tmp_path):
    rng = np.random.default_rng(outputs)
    p, count = patches, 5
    weight = rng.choice(np.array([-1, 1]), (outputs, maps, p.kernel, p.kernel))
    bits = frames(rng, (maps, p.height, p.width), count=count)
    sums = reference.convolve(reference.pad(2 * bits - 1, p.pad, -1), weight, p.stride)
    limits = np.array([rng.choice(sums[:, o].ravel()) for o in range(outputs)])
    expected = sums >= limits.reshape(-1, 1, 1)
    folding = Folding(p.kernel**2, maps, outputs, lanes, simd, replay)
    constants = -((-limits - weight[0].size) // 2)  # the sum of +-1 is twice the matches less the number of inputs
    text = matvec_module("layer", "a layer", folding, RowOutput(constants, True), "mem/layer.mem", p)
    (tmp_path / "layer.sv").write_text(text)
    write_memory(tmp_path, folding, weight.transpose(0, 2, 3, 1).reshape(outputs, -1))
    windows = expected[0, 0].size
    sources = [*sources_in(text), tmp_path / "layer.sv"]
    results = run_streams("layer", {}, beats_of(bits, 1), count * windows, stalls=STALLS_AND_WAITS, sources=sources)
    for stall, run in zip(STALLS_AND_WAITS, results, strict=True):
        assert np.array_equal(maps_of(run.beats, expected.shape, 1), expected), stall
    latency = counting(folding)
    taken, ends = convolution(p, folding, [0] * (count * p.height * p.width), latency)
    assert results[0].in_cycles == taken.tolist()
    assert results[0].out_cycles == ends.tolist()
    assert intervals(results[0].out_cycles, windows)[-1] == conv_period(p, folding, latency)


def test_every_element_has_its_place():
    for shape in ((20, 1, 8), (17, 3, 16), (6, 13, 13), (2, 40, 16), (3, 5, 20)):
        places = Folding(shape[0], shape[1], 1, 1, shape[2]).places
        assert sorted(places[places >= 0].tolist()) == list(range(shape[0] * shape[1]))


def test_weights_that_neighbours_share_are_found_and_kept_once():
    kept = np.random.default_rng(0).choice(np.array([-1, 1]), (7, 5 * 4))
    weight = np.repeat(kept, 3, axis=1)
    assert repeated(weight, 12) == 3 and repeated(weight, 4) == 1 and repeated(kept, 4) == 1
    assert repeated(np.ones((2, 12), np.int64), 6) == 6
    once, all_of_them = Folding(5, 12, 7, 2, 6, repeat=3), Folding(5, 12, 7, 2, 6)
    assert once.shape == (all_of_them.shape[0], all_of_them.shape[1] // 3)
    found = list(foldings(5, 12, 7, 1000, 3))
    assert found and all(f.repeat == 3 and f.simd % 3 == 0 for f in found)
    assert len(list(found[0].rows(weight))) == found[0].shape[0]


def test_outputs_with_the_same_weights_are_one_row():
    rows = np.repeat(np.random.default_rng(0).choice(np.array([-1, 1]), (3, 9)), 4, axis=0)
    limits = np.array([5, 2, 5, 2, 1, 1, 1, 1, 9, 8, 9, 8])
    kept, result = merged(rows, limits)
    assert np.array_equal(kept, rows[::4]) and result.out_bits == result.levels == 2
    assert result.constants.tolist() == [[2, 5], [1, 1], [8, 9]]
    assert result.constants.ravel()[list(result.order)].tolist() == limits.tolist()
    kept, result = merged(rows[::4], limits[::4])
    assert len(kept) == 3 and result.levels == 1 and result.order == ()


def test_block_rams_are_counted_in_their_best_shape():
    shapes = {(704, 72): 4, (512, 36): 1, (513, 36): 2, (16384, 1): 1, (2000, 18): 2}
    assert {shape: block_rams(*shape) for shape in shapes} == shapes


@pytest.mark.parametrize("layer", [(1, 1024, 1024), (9, 64, 128), (784, 1, 100), (1, 64, 10)], ids=str)
@pytest.mark.parametrize("clocks", [784, 20_000])
def test_foldings_have_the_fewest_lanes_and_the_fewest_block_rams(layer, clocks):
    """For every offered width of a word, no folding with fewer lanes keeps the rate."""
    offered = list(foldings(*layer, clocks))
    assert offered and all(found.cycles <= clocks for found in offered) and len(set(offered)) == len(offered)
    for simd, replay in {(found.simd, found.replay) for found in offered}:
        every = [Folding(*layer, lanes, simd, replay) for lanes in range(1, min(layer[2], 8192 // simd) + 1)]
        fitting = [f for f in every if f.cycles <= clocks and (f.groups > 1 or not replay)]
        some = [found for found in offered if (found.simd, found.replay) == (simd, replay)]
        assert min(found.lanes for found in some) == min(found.lanes for found in fitting)
        assert min(found.ramb18 for found in some) == min(found.ramb18 for found in fitting)
