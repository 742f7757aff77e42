"""Damaged TOML files give a table or one sentence, never a traceback."""

import random
from pathlib import Path

import pytest

from bnn import data as bnn_data
from bnn.data.cards import Card, read_card
from bnn.errors import UserError
from bnn.model.spec import NetworkSpec, load_spec
from bnn.storage.tables import read_toml
from tests.benchmarks.damage.alter import alter_bytes

ROOT = Path(bnn_data.__file__).parents[1]


@pytest.mark.parametrize(
    ("file", "load", "kind"),
    [("model/networks/large.toml", load_spec, NetworkSpec), ("datasets/lemon.toml", read_card, Card)],
)
def test_200_altered_files(tmp_path: Path, file: str, load, kind: type) -> None:
    rng, right, refused = random.Random(3), (ROOT / file).read_bytes(), 0
    for _ in range(200):
        wrong, what = alter_bytes(right, rng)
        (tmp_path / "altered.toml").write_bytes(wrong)
        try:
            assert isinstance(load(tmp_path / "altered.toml"), kind), what
        except UserError as error:
            assert "altered" in str(error) and "\n" not in str(error), what
            refused += 1
    assert refused > 50


def test_a_table_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("x = [1, 2]")
    assert read_toml(tmp_path / "a.toml", "it") == {"x": [1, 2]}
