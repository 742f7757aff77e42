"""Every version 5 of Verilator knows the pragmas in our sources. Older versions refuse an unknown code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Codes of 5.006, the version of Debian 12, that sources may need.
KNOWN = {
    "CASEINCOMPLETE", "DECLFILENAME", "MULTIDRIVEN", "PINCONNECTEMPTY", "PINMISSING", "UNDRIVEN", "UNOPTFLAT",
    "UNSIGNED", "UNUSED", "UNUSEDGENVAR", "UNUSEDPARAM", "UNUSEDSIGNAL", "VARHIDDEN", "WIDTH",
}  # fmt: skip
SOURCES = sorted(
    path
    for folder in ("hw", "sim/benches", "sim/proofs/properties")
    for path in (ROOT / folder).rglob("*")
    if path.name.removesuffix(".in").endswith((".sv", ".v"))
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_lint_comments_are_known(path):
    told = re.findall(r"verilator\s+lint_(?:off|on)\s+(\w+)", path.read_text())
    assert set(told) <= KNOWN
