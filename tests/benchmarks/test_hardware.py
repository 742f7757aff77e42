"""The workloads compute what they say, and a small plain design passes through the whole benchmark."""

import numpy as np
import pytest

from bnn import jets
from bnn.integer.layers import Conv, Dense, Levels, Threshold
from tests.benchmarks import hardware
from tests.benchmarks.measure import InexactError, area, simulate
from tests.benchmarks.rivals import plain
from tests.benchmarks.workloads import Workload, sum_range, workloads

WORKLOADS = workloads()


def naive(x: np.ndarray, workload: Workload) -> np.ndarray:
    """Return the same sums by loops over the places of a kernel."""
    for layer in workload.layers:
        if isinstance(layer, Conv):
            outputs, per_group, size, _ = layer.weight.shape
            height, width = x.shape[2] - size + 1, x.shape[3] - size + 1
            y = np.zeros((len(x), outputs, height, width), np.int64)
            for o in range(outputs):
                first = o // (outputs // layer.groups) * per_group
                for c, r, s in np.ndindex(per_group, size, size):
                    y[:, o] += layer.weight[o, c, r, s] * x[:, first + c, r : r + height, s : s + width]
            x = y
        elif isinstance(layer, Dense):
            x = np.einsum("nf,fo->no", x.reshape(len(x), -1), layer.weight)
        elif isinstance(layer, Levels):
            below, above = layer.thresholds.T
            x = np.where(x < below, -1, np.where(x < above, 0, 1))
        else:
            x = np.where(x >= layer.thresholds.reshape(-1, *(1,) * (x.ndim - 2)), 1, -1)
    return x


@pytest.mark.parametrize("name", WORKLOADS)
def test_workloads_are_what_they_say(name):
    w = WORKLOADS[name]
    x = w.frames(2)
    assert set(np.unique(x[1])) == {w.input_range[0]}
    y = w.reference(x)
    assert np.array_equal(y, naive(x, w))
    assert y[0].size == w.out_pixels * y.shape[1]
    for index, layer in enumerate(w.layers):
        if isinstance(layer, Threshold | Levels):  # some inputs reach each threshold, others do not
            lows, highs = (ends.reshape(-1, *(1,) * (layer.thresholds.ndim - 1))
                           for ends in sum_range(w.layers[:index], *w.input_range)[-1])  # fmt: skip
            assert (layer.thresholds > lows).all() and (layer.thresholds <= highs).all()
        elif name in ("W4", "W5", "W5x5"):
            kernels = layer.weight.reshape(-1, *layer.weight.shape[2:])
            assert all(jets.factorise(kernel) is not None for kernel in kernels)
    assert 0.2 < (y > 0).mean() < 0.8 or w.is_dense
    assert w.digest() == workloads()[name].digest()


def small(offset: int = 0) -> Workload:
    """Return a jet layer on bytes with five outputs, its thresholds moved by `offset`."""
    rng = np.random.default_rng(0)
    conv = Conv(jets.compose(rng.choice(np.array([-1, 1]), (5, 1, 4))))
    return Workload("small", "five jets", (1, 6, 7), 8, (conv, Threshold(rng.integers(-50, 50, 5) + offset)), (1,))


def test_a_plain_design_is_exact_and_counted(tmp_path):
    w = small()
    design = plain.build(w, "1 clock", tmp_path, 300)
    assert simulate(w, design) == pytest.approx(6 * 7 / (4 * 5))
    counts = area(design, 300)
    assert 50 < counts["sites"] < 400 and counts["dsp"] == counts["ramb18"] == 0
    with pytest.raises(InexactError, match="results differ"):
        simulate(small(100), design)


def test_results_are_kept_by_content(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURALJET_CACHE", str(tmp_path))
    calls = []

    def measure(workload, rival, variant, limit_s):
        calls.append(limit_s)
        return {"status": "did not finish: too long", "limit_s": limit_s} if limit_s < 5 else {"status": "exact"}

    monkeypatch.setattr(hardware, "_measure", measure)
    w = small()
    rows = [hardware.measured(w, "plain", "1 clock", limit) for limit in (2, 1, 9, 9, 1)]
    assert calls == [2, 9]  # a time-out is tried again with more time only
    assert [row["status"][:3] for row in rows] == ["did", "did", "exa", "exa", "exa"]
    hardware.measured(small(100), "plain", "1 clock", 9)
    assert calls == [2, 9, 9]
    assert "did not finish" in hardware.table(rows)
