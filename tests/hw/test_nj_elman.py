"""nj_elman, and nj_elman_rows round a matrix, equal the integer layer under stalls, in the clocks of the operator."""

from pathlib import Path

import numpy as np
import pytest

from bnn.integer.layers.elman import Elman
from hw.ops.base import MEMORIES
from hw.text import sources_in
from sim.modules import STALLS, Stall, run_streams
from sim.runner import SimulationError
from tests.hw.test_ops import operator
from tests.support.streams import beats_of, frames, intervals, unpack

STALLS_AND_WAITS = (*STALLS, Stall(0.0, 0.95, 5))  # long enough for the next frame to be complete too


def check(shape: tuple[int, int, int], outputs: int, folding: dict[str, int], folder: Path, count: int = 8) -> None:
    """shape: of the map, channels, rows, columns. A reset comes in the middle of a frame, between two runs."""
    rng = np.random.default_rng(outputs + 100 * shape[0])
    channels, height, width = shape
    weight, recurrent = (rng.choice(np.array([1, -1]), (n, outputs)) for n in (channels * width, outputs))
    thresholds = rng.integers(-2, 3, outputs)
    thresholds[:2] = 10**5, -(10**5)  # never, always
    layer = Elman(weight, recurrent, thresholds)
    bits = frames(rng, shape, count=count)
    expected = (layer.run(2 * bits - 1) + 1) // 2
    assert outputs < 4 or len(np.unique(expected, axis=0)) > 1
    op = operator(
        "Elman_rtl", [1, height, width, channels], [1, outputs], "BIPOLAR", "BIPOLAR", Weight=weight,
        Recurrent=recurrent, Threshold=thresholds, **folding,
    )  # fmt: skip
    assert np.array_equal(op.run(bits), expected)
    text, sources = op.written(), None
    if text is not None:
        (folder / MEMORIES).mkdir()
        for name, lines in op.memories().items():
            (folder / MEMORIES / name).write_text("".join(f"{line}\n" for line in lines))
        (folder / "layer.sv").write_text(text)
        sources = [*sources_in(text), folder / "layer.sv"]
    beats = beats_of(bits, 1)
    further = beats[: len(beats) // count // 2]
    results = run_streams(op.module, op.parameters(), beats + further, count, stalls=STALLS_AND_WAITS, sources=sources)
    for stall, result in zip(STALLS_AND_WAITS, results, strict=True):
        assert np.array_equal([unpack(beat, outputs, 1) for beat in result.beats], expected), stall
    free, plan = results[0], op.schedule(np.zeros(len(beats), np.int64))
    assert free.in_cycles[: len(beats)] == plan.taken[0].tolist()
    assert free.out_cycles == plan.results.tolist()
    assert intervals(free.out_cycles, 1)[2:] == [op.get_exp_cycles()] * (count - 3)


DIRECT = [
    ((5, 4, 3), 7, 1),  # the state takes two beats, the last not full
    ((4, 5, 1), 4, 1),  # rows so short that the state is not there yet
    ((3, 1, 4), 3, 1),  # one row: no state
]
MORE_DIRECT = [
    ((2, 3, 1), 6, 3),
    ((1, 6, 1), 5, 5),  # more beats of state than of pixels
    ((9, 2, 2), 4, 2),
]


@pytest.mark.parametrize(("shape", "outputs", "fold"), DIRECT)
def test_equals_the_integer_layer(shape, outputs, fold, tmp_path):
    check(shape, outputs, {"Fold": fold, "PE": 0, "SIMD": 0, "Replay": 0}, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "outputs", "fold"), MORE_DIRECT)
def test_equals_the_integer_layer_in_more_shapes(shape, outputs, fold, tmp_path):
    check(shape, outputs, {"Fold": fold, "PE": 0, "SIMD": 0, "Replay": 0}, tmp_path)


FOLDED = [
    ((8, 4, 5), 6, {"PE": 2, "SIMD": 16}),  # a pixel and the state in a word
    ((4, 3, 4), 10, {"PE": 2, "SIMD": 4, "Replay": 1}),
]
MORE_FOLDED = [
    ((8, 4, 6), 12, {"PE": 3, "SIMD": 16}),  # two pixels a word, then two beats of state
    ((12, 3, 2), 10, {"PE": 2, "SIMD": 5}),  # a pixel in three words
]


@pytest.mark.parametrize(("shape", "outputs", "folding"), FOLDED)
def test_equals_the_integer_layer_with_a_memory_of_weights(shape, outputs, folding, tmp_path):
    groups = -(-outputs // folding["PE"])
    check(shape, outputs, {"Replay": 0, **folding, "Fold": groups}, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "outputs", "folding"), MORE_FOLDED)
def test_equals_the_integer_layer_with_a_memory_of_weights_in_more_shapes(shape, outputs, folding, tmp_path):
    groups = -(-outputs // folding["PE"])
    check(shape, outputs, {"Replay": 0, **folding, "Fold": groups}, tmp_path)


def test_foldings_keep_their_clocks():
    """What `foldings` offers for a rate keeps it, with either kind of weights, and costs are counted."""
    rng = np.random.default_rng(0)
    weight, recurrent = (rng.choice(np.array([1, -1]), (n, 16)) for n in (8 * 6, 16))
    op = operator(
        "Elman_rtl", [1, 5, 6, 8], [1, 16], "BIPOLAR", "BIPOLAR", Weight=weight, Recurrent=recurrent,
        Threshold=np.zeros(16, int),
    )  # fmt: skip
    for clocks in (op.fastest(), 100, 400, 2000):
        found = op.foldings(clocks)
        assert found and all(op.cycles(choice) <= clocks for choice in found)
        assert all(op.folded(choice).lut_estimation("") > 0 and op.folded(choice).latency() > 0 for choice in found)
    assert {bool(choice["PE"]) for choice in op.foldings(400)} == {False, True}
    assert any(choice["Replay"] for choice in op.foldings(2000))


@pytest.mark.parametrize(
    ("parameters", "message"), [({"Rows": 0}, "a map of 0 x 4"), ({"Columns": 0}, "a map of 4 x 0")]
)
def test_refuses_maps_without_pixels(parameters, message):
    with pytest.raises(SimulationError, match=message):
        run_streams("nj_elman_rows", parameters, [0], 1)
