"""Small convolutions and matrices written from their weights are proved, and each kind of fault is refuted."""

import numpy as np
import pytest

from hw.matvec.folding import Folding
from hw.text import sources_in
from sim.proofs.formal import PROPERTIES, prove
from tests.sim.proofs.faults import FAULTS
from tests.support.written import JET, JETS, SIGNS, SMALL, TWO, by_columns, by_digits, by_lanes, convolution, matrix


def _prove_convolution(tmp_path, settings, text, harness=None, **options):
    layer = tmp_path / "layer.sv"
    layer.write_text(text)
    names = ("nj_convolution_properties", "nj_stable", "nj_windows")
    properties = [harness or PROPERTIES / f"{names[0]}.sv", *(PROPERTIES / f"{name}.sv" for name in names[1:])]
    sources = [*sources_in(text), *properties, layer]
    return prove("nj_convolution_properties", settings, sources=sources, **options)


@pytest.mark.parametrize(
    ("weight", "fold", "thresholds", "more"),
    [
        (SIGNS, 1, [1], SMALL),
        (JET, 1, [1], SMALL),
        (TWO, 2, [1, 0], SMALL),
        (np.array([[[[1]]], [[[-1]]]]), 2, [1, 0], {"pad": 0, "Height": 2, "Width": 2, "Frames": 5}),
        (JETS, 2, [1, 3], {**SMALL, "writer": by_lanes}),
    ],
)
def test_convolutions_keep_their_beats_for_all_time(tmp_path, weight, fold, thresholds, more):
    verdict = _prove_convolution(tmp_path, *convolution(weight, fold, thresholds, **more))
    assert verdict, verdict.text


@pytest.mark.parametrize(
    ("weight", "fold", "thresholds", "bits", "writer"),
    [
        (SIGNS, 1, [1], 1, None),
        (JET, 1, None, 1, None),
        (TWO, 2, [1, 0], 1, None),
        (np.concatenate([JET, -JET]), 2, [2, 0], 2, by_digits),
        (np.concatenate([JET, -JET]), 2, [2, 0], 2, by_columns),
        (JETS, 2, [1, 3], 1, by_lanes),
    ],
)
def test_convolutions_are_right_in_the_first_clocks(tmp_path, weight, fold, thresholds, bits, writer):
    settings, text = convolution(weight, fold, thresholds, bits=bits, writer=writer, Frames=3)
    verdict = _prove_convolution(tmp_path, settings, text, method="bounded", depth=18)
    assert verdict, verdict.text


@pytest.mark.parametrize("fault", ["stall_ignored", "beats_lost"])
def test_faults_at_the_ports_of_a_convolution_are_refuted(tmp_path, fault):
    text = (PROPERTIES / "nj_convolution_properties.sv").read_text()
    old, new = FAULTS[fault]
    assert old in text
    harness = tmp_path / "nj_convolution_properties.sv"
    harness.write_text(text.replace(old, new, 1))
    assert not _prove_convolution(tmp_path, *convolution(SIGNS, 1, [1], **SMALL), harness=harness, trace=False)


def test_a_convolution_with_a_wrong_weight_is_refuted(tmp_path):
    settings, _ = convolution(SIGNS, 1, [1])
    other = SIGNS.copy()
    other[0, 0, 2, 1] *= -1
    _, text = convolution(other, 1, [1])
    assert not _prove_convolution(tmp_path, settings, text, method="bounded", depth=18, trace=False)


def _prove_matrix(tmp_path, settings, text, harness=None, **options):
    layer = tmp_path / "layer.sv"
    layer.write_text(text)
    names = ("nj_matvec_properties", "nj_scoreboard", "nj_stable", "nj_taken")
    properties = [harness or PROPERTIES / f"{names[0]}.sv", *(PROPERTIES / f"{name}.sv" for name in names[1:])]
    return prove("nj_matvec_properties", settings, sources=[*sources_in(text), *properties, layer], **options)


MATRICES = {  # sums, and whether they are thresholded
    Folding(3, 1, 2, 1, 2): True,  # two beats of a word, one in the last
    Folding(1, 3, 2, 1, 2): False,  # two words of a beat
    Folding(2, 1, 2, 1, 1, replay=True): True,
    Folding(1, 4, 2, 1, 2, repeat=2): True,  # neighbours share a weight
}


def test_matrices_with_two_thresholds_of_a_sum_are_right_for_all_time(tmp_path):
    settings, text = matrix(Folding(1, 2, 2, 1, 2), seed=2, times=2)
    assert ".OutBits(2)" in text
    verdict = _prove_matrix(tmp_path, settings, text)
    assert verdict, verdict.text


@pytest.mark.parametrize("folding", MATRICES, ids=str)
def test_matrices_are_right_for_all_time(tmp_path, folding):
    verdict = _prove_matrix(tmp_path, *matrix(folding, thresholded=MATRICES[folding]))
    assert verdict, verdict.text


@pytest.mark.parametrize("fault", ["stall_ignored", "beats_lost", "beats_doubled", "data_changed"])
@pytest.mark.parametrize("folding", MATRICES, ids=str)
def test_faults_at_the_ports_of_a_matrix_are_refuted(tmp_path, folding, fault):
    """Where a beat has two words, the lost beat is one that is never taken."""
    text = (PROPERTIES / "nj_matvec_properties.sv").read_text()
    old, new = FAULTS[fault]
    assert old in text
    harness = tmp_path / "nj_matvec_properties.sv"
    harness.write_text(text.replace(old, new, 1))
    settings, layer = matrix(folding, thresholded=MATRICES[folding])
    options = {"method": "bounded", "depth": 40, "trace": False}
    assert not _prove_matrix(tmp_path, settings, layer, harness=harness, **options)
