"""The examples in docstrings run and give the results written below them."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from tests.support.rooms import ROOMS

ROOT = Path(__file__).resolve().parents[1]
FILES = [path.relative_to(ROOT) for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
MODULES = [".".join(path.with_suffix("").parts) for path in FILES if ">>> " in (ROOT / path).read_text()]


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_right(name):
    found = doctest.testmod(import_module(name))
    assert found.attempted and not found.failed


def test_examples_are_found_and_a_wrong_one_fails():
    assert {"hw.bits", "hw.adders.heap", "bnn.integer.intervals"} <= set(MODULES)
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(wrong, out=lambda _: None).failed == 1
