"""The benchmark of engines compares reports without their seconds, and medians."""

from tests.benchmarks.engines import row, same

REPORT = {"frames": 9, "cycles": 5, "seconds": 1.0, "build_seconds": 0.0, "cycles_per_second": 5}


def test_reports_are_the_same_but_for_seconds():
    assert same([REPORT, {**REPORT, "seconds": 2.0, "build_seconds": 1.0, "cycles_per_second": 3}])
    assert not same([REPORT, REPORT, {**REPORT, "cycles": 6}])


def test_ratios_are_those_of_medians():
    found = row({"one core": [4.0, 9.0, 3.0], "2 processes": [2.0, 8.0, 1.0]}, "2 processes")
    assert found == {"seconds": {"one core": 4.0, "2 processes": 2.0}, "ratios": {"one core": 2.0}}
