"""Jets selected from a memory equal the reference in any folding, and keep the promised rate."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bnn import jets
from bnn.integer import reference
from bnn.integer.intervals import signed_bits
from hw.adders.layer import ConvLayer, jets_of
from hw.bits import dot_range, literal
from hw.cycles import window_map
from hw.jets.folding import JetFolding, code, decoded, foldings
from hw.jets.schedule import Raster, frame_period, schedule
from sim.modules import STALLS, Stall, rtl_sources, run_streams
from tests.support.shapes import unusual
from tests.support.streams import beats_of, frames, intervals, maps_of

STALLS_AND_WAITS = (*STALLS, Stall(0.0, 0.97, 5))  # so long that the next window is complete as well


@dataclass(frozen=True)
class Shape:
    """One layer, folded."""

    height: int = 5
    width: int = 6
    stride: int = 1
    pad: int = 0
    maps: int = 4
    bits: int = 3
    signed: bool = True
    outputs: int = 6
    lanes: int = 1
    slots: int = 1
    thresholded: bool = True
    block: bool = False
    cells: bool = False  # of the chip, not plain arithmetic

    def __str__(self) -> str:
        return unusual(self)


def check(s: Shape, folder: Path, count: int = 4):
    rng = np.random.default_rng(s.maps + 10 * s.outputs)
    kinds = rng.integers(0, 9, (s.outputs, s.maps))
    weight = jets.group(2)[kinds] * rng.integers(-1, 2, kinds.shape)[..., None, None]
    maps = frames(rng, (s.maps, s.height, s.width), s.bits, count) - (1 << s.bits - 1) * s.signed
    sums = reference.convolve(reference.pad(maps, s.pad, 0), weight, s.stride)
    low, high = dot_range(
        weight, *((-(1 << s.bits - 1), (1 << s.bits - 1) - 1) if s.signed else (0, (1 << s.bits) - 1))
    )
    limits = np.array([rng.choice(sums[:, o].ravel()) for o in range(s.outputs)])  # equality happens
    limits[0], limits[-1] = high[0] + 1, low[-1]  # never, always
    constants = -limits if s.thresholded else np.zeros_like(limits)
    sum_bits = signed_bits(int((low + constants).min()), int((high + constants).max()))
    out_bits = 1 if s.thresholded else signed_bits(int(low.min()), int(high.max()))
    constant_bits = signed_bits(int(constants.min()), int(constants.max()))
    folding = JetFolding(s.maps, s.outputs, s.lanes, s.slots, s.block, constant_bits if s.thresholded else 0)
    found = jets_of(ConvLayer(weight, None, s.bits))
    assert found is not None
    words, bits = folding.shape
    content = "".join(format(int(line, 16), f"0{bits}b") for line in reversed(list(folding.rows(found, constants))))
    padded = np.pad(constants, (0, folding.groups * s.lanes - s.outputs))
    parameters = {
        "Height": s.height, "Width": s.width, "Stride": s.stride, "Pad": s.pad, "InBits": s.bits,
        "Signed": int(s.signed),
        "Slots": s.slots, "Words": folding.words, "Lanes": s.lanes, "Outputs": s.outputs, "SumBits": sum_bits,
        "ConstantBits": constant_bits, "Thresholded": int(s.thresholded), "OutBits": out_bits,
        "Block": int(s.block), "Joined": int(folding.joined), "Selection": f"{words * bits}'b{content}",
        "Constant": literal(padded, constant_bits),
    }  # fmt: skip
    sources = []
    for path in rtl_sources("nj_jets"):
        text = path.read_text()
        if s.cells and path.stem != "nj_ram":  # whose cells Verilator does not know
            text = text.replace("Plain = nj_pkg::Plain", "Plain = 1'b0")
        (folder / path.name).write_text(text)
        sources.append(folder / path.name)
    expected = sums >= limits.reshape(-1, 1, 1) if s.thresholded else sums
    windows = expected[0, 0].size
    beats = beats_of(maps & (1 << s.bits) - 1, s.bits)
    results = run_streams("nj_jets", parameters, beats, count * windows, stalls=STALLS_AND_WAITS, sources=sources)
    for stall, run in zip(STALLS_AND_WAITS, results, strict=True):
        assert np.array_equal(maps_of(run.beats, expected.shape, out_bits, not s.thresholded), expected), stall
    raster = Raster(s.height, s.width, s.stride, s.pad)
    taken, ends = schedule(raster, folding, [0] * len(beats))
    assert results[0].in_cycles == taken.tolist()
    assert results[0].out_cycles == ends.tolist()
    assert intervals(results[0].out_cycles, windows)[-1] == frame_period(raster, folding)


@pytest.mark.parametrize(
    "shape",
    [
        Shape(),
        Shape(pad=1, signed=False, bits=1, outputs=30),  # sums are slower than jets
        Shape(stride=2, height=7, lanes=4, maps=3),  # the last group is not full
        Shape(slots=2, lanes=2, pad=1, thresholded=False),
        Shape(slots=4, lanes=5, outputs=12),  # one word
        Shape(maps=1, outputs=70, bits=4, pad=1, stride=2),  # one map; two LUTs a bit of the sums
        Shape(maps=6, slots=2, outputs=66, height=3, width=4),  # sums in two banks
        Shape(maps=8, slots=4, outputs=9, block=True),  # constants beside the selections
        Shape(maps=2, outputs=40, slots=2, lanes=3, block=True, height=3, width=4),  # and apart
        Shape(maps=1, outputs=3, lanes=3, thresholded=False),  # a result per step
        Shape(maps=2, outputs=2, lanes=2),  # sums in a register
        Shape(maps=16, slots=8, outputs=7, bits=2, lanes=2, signed=False, height=4, width=3),
        Shape(maps=2, outputs=130, height=3, width=3, lanes=1),  # constants in block RAM
        Shape(width=18, cells=True, slots=2, lanes=2),
    ],
    ids=str,
)  # fmt: skip
def test_equals_the_reference(shape, tmp_path):
    check(shape, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("pad", [0, 1])
@pytest.mark.parametrize("maps", [1, 2, 5, 8])
@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("outputs", [5, 26])
@pytest.mark.parametrize("thresholded", [False, True])
def test_equals_the_reference_sweep(stride, pad, maps, lanes, outputs, thresholded, tmp_path):
    slots = 1 if maps % 2 else 2
    check(Shape(6, 5, stride, pad, maps, 4, True, outputs, lanes, slots, thresholded), tmp_path)


def test_every_selection_is_read_back():
    seen = set()
    for sign in (-1, 1):
        for down, across in np.ndindex(3, 3):
            value = code((sign, down, across))
            assert np.array_equal(decoded(value), sign * jets.kernel(2, down, across))
            seen.add(value)
    assert len(seen) == 18 and not decoded(code(None)).any() and code(None) not in seen


@pytest.mark.parametrize("raster", [Raster(14, 14, 1, 0), Raster(6, 9, 1, 1), Raster(9, 8, 2, 1)], ids=str)
@pytest.mark.parametrize("folding", [(8, 64, 1, 1), (8, 64, 4, 1), (4, 40, 2, 2), (2, 19, 1, 1), (1, 7, 1, 1)])
def test_the_clocks_of_a_frame_are_those_of_the_schedule(raster, folding):
    found = JetFolding(*folding)
    pixels, windows = (
        raster.height * raster.width,
        np.prod(window_map(raster.height, raster.width, 3, raster.stride, raster.pad)),
    )
    _, ends = schedule(raster, found, [0] * 4 * pixels)
    assert ends[4 * windows - 1] - ends[3 * windows - 1] == frame_period(raster, found)


def test_foldings_have_the_fewest_lanes():
    found = list(foldings(8, 50))
    assert len(set(found)) == len(found) and {f.slots for f in found} == {1, 2, 4, 8} == {
        f.slots for f in found if f.block
    }
    assert all(f.lanes == 1 or -(-50 // (f.lanes - 1)) > f.groups for f in found)
