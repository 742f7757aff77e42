"""Modules whose lanes share LUTs or cells drive every bit once. The linter sees modules with one lane only."""

from collections.abc import Mapping

import pytest
from pyslang import driver

from hw.text import CELLS, RTL, sources_of

LANES: list[tuple[str, Mapping[str, int]]] = [
    *(
        ("nj_digits", {"N": words, "Bits": bits, "Digit": digit, "RoundBits": 4})
        for words in (2, 3)
        for bits, digit in ((3, 4), (3, 3), (4, 2), (8, 1), (13, 1))  # one digit, two, two groups of them, four
    ),
    ("nj_add3", {"N": 3, "Width": 4}),
    ("nj_count3", {"N": 3}),
    ("nj_count7", {"N": 3}),
    ("nj_leaf", {"N": 3, "RoundBits": 2}),
    ("nj_leaf", {"N": 3, "RoundBits": 5}),
    ("nj_leaf3", {"N": 3, "RoundBits": 2}),
    ("nj_match", {"N": 3, "Pairs": 5}),
    ("nj_or_lanes", {"N": 4}),
    ("nj_or_lanes", {"N": 5}),
    ("nj_ram", {"Words": 32, "Bits": 17}),
    ("nj_ram", {"Words": 64, "Bits": 3}),
    ("nj_reach", {"N": 2, "Width": 7}),
]


def _name(value):
    return "-".join(f"{k}{v}" for k, v in value.items()) if isinstance(value, dict) else None


@pytest.mark.parametrize("plain", [0, 1])
@pytest.mark.parametrize(("module", "parameters"), LANES, ids=_name)
def test_every_bit_has_one_driver(module, parameters, plain, capfd):
    run = driver.Driver()
    run.addStandardArgs()
    settings = [f"-G{name}={value}" for name, value in {**parameters, "Plain": plain}.items()]
    cells = ["--libext", ".sv", "-y", str(RTL), "-y", str(CELLS)]
    words = ["slang", "--top", module, *settings, *map(str, sources_of(module)), *cells]
    assert run.parseCommandLine(" ".join(words), driver.CommandLineOptions()) and run.processOptions()
    assert run.parseAllSources() and run.runFullCompilation(quiet=True), capfd.readouterr().err
