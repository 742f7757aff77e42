"""Without a named network one is chosen for pictures and budget. The run keeps both, and build keeps the rate."""

import json

import pytest

import neuraljet
from bnn.errors import UserError
from finn_build import choose
from neuraljet import cli

BUDGET = ("--sites", "900", "--fps", "20000", "--ramb18", "3")


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Train on a budget; return the command and its folder."""
    folder = tmp_path_factory.mktemp("chosen") / "run"
    command = [
        "train",
        "biscuits",
        "--size",
        "16x40",
        "--out",
        str(folder),
        *BUDGET,
        "--steps",
        "4",
        "--augment",
        "none",
    ]
    return command, folder


def test_what_is_chosen_is_printed_kept_and_built_at_the_rate(asked, capsys, tmp_path):
    command, folder = asked
    assert cli.main(command) == 0
    said = capsys.readouterr().err
    kept = json.loads((folder / "run.json").read_text())
    hardware, expected = kept["hardware"], kept["hardware"]["expected"]
    assert hardware["fps"] == 20_000 and hardware["budget"] == {"sites": 900, "ramb18": 3, "fps": 20_000}
    assert f"network {kept['network']['name']}: about {expected['sites']:,} LUT sites" in said
    assert "chosen for 900 LUT sites, 3 RAMB18 and 20,000 frames/s" in said
    built = neuraljet.build(folder, tmp_path / "acc")
    assert built["fps"] >= 20_000
    assert any("20,000 frames/s is the rate of the run; --fps N builds for another" in note for note in built["notes"])
    assert built["estimate"]["bram18"] <= 3
    assert built["estimate"]["lut"] <= 900
    assert abs(built["estimate"]["lut"] - expected["sites"]) <= 0.05 * expected["sites"]


def test_a_run_that_goes_on_keeps_its_network(asked, capsys, monkeypatch):
    command, folder = asked
    before = (folder / "run.json").read_bytes()
    monkeypatch.setattr(choose, "choose", lambda *given, **options: pytest.fail("it is chosen anew"))
    assert cli.main([*command, "--resume"]) == 0
    assert (folder / "run.json").read_bytes() == before
    monkeypatch.undo()
    other = [*command, "--resume"]
    other[other.index("900")] = "1000"
    assert cli.main(other) == 2
    assert "begun with other settings" in capsys.readouterr().err


def test_a_rate_goes_with_a_named_network_and_sites_do_not(tmp_path):
    with pytest.raises(UserError, match="--network small names a network, and --sites and --ramb18 choose one"):
        neuraljet.train("biscuits", tmp_path / "run", network="small", sites=900)
    neuraljet.train("biscuits", tmp_path / "run", network="small", fps=5000, size=(24, 24), steps=2, augment="none")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["hardware"]["fps"] == 5000
    fast = neuraljet.build(tmp_path / "run", tmp_path / "fast", fps=100_000, tb=False)
    assert fast["fps"] >= 100_000 and not any("rate of the run" in note for note in fast["notes"])


def test_a_budget_that_is_too_small_makes_no_folder(tmp_path):
    with pytest.raises(UserError, match=r"the smallest network for pictures of 16x16 pixels .* Give --sites \d+"):
        neuraljet.train("biscuits", tmp_path / "run", size=(16, 16), sites=100)
    assert not (tmp_path / "run").exists()
