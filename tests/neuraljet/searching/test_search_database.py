"""Two searches at once on one study, in a PostgreSQL database; and what is said when there is none."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from optuna.trial import TrialState

from bnn.errors import UserError
from neuraljet.searching.methods import BEGINNING
from tests.support.database import server
from tests.support.searching import DEFAULT, AtOnce, drive
from tests.support.waiting import free_ports

ROOT = Path(__file__).resolve().parents[3]
TRIALS = 9
OTHER = """
import json, pathlib, sys
from tests.support.searching import AtOnce, drive
url, folder = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
engine = AtOnce()
drive(pathlib.Path(folder), engine, driver="b" * 32, trials=int({trials}), storage=url, seed=7)
print(json.dumps([[asked.network.name, asked.config.steps] for asked in engine.asked]))
"""


def test_two_searches_at_once_are_one_study(tmp_path):
    """Each has trials of its own, both know all of them, and hardly anything is trained by both."""
    with server() as url:
        program = OTHER.replace("{trials}", str(TRIALS))
        with subprocess.Popen(
            [sys.executable, "-c", program, url, tmp_path], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        ) as other:  # fmt: skip
            assert other.stdin is not None and other.stdout is not None
            assert other.stdout.readline() == "ready\n"
            other.stdin.write("go\n")
            other.stdin.flush()
            mine = AtOnce()
            drive(tmp_path, mine, storage=url, trials=TRIALS)
            said, _ = other.communicate(timeout=300)
        assert other.returncode == 0
        theirs = [tuple(entry) for entry in json.loads(said)]
        late = AtOnce()
        *trials, _ = drive(tmp_path, late, storage=url, trials=TRIALS)  # whoever comes later has nothing to do
        assert late.asked == []
    own = [(asked.network.name, asked.config.steps) for asked in mine.asked]
    assert own or theirs
    trained = [trial for trial in trials if trial.reached]
    assert TRIALS <= len(trained) <= TRIALS + 2  # both may begin the last one
    assert all(trial.state != TrialState.RUNNING for trial in trials)
    assert Counter(trial.driver for trial in trained).keys() <= {"a" * 32, "b" * 32}
    done = Counter(name for name, steps in (*own, *theirs) if steps == 600)
    assert sum(count - 1 for count in done.values()) <= BEGINNING
    assert any(trial.network.blocks == DEFAULT.blocks for trial in trained)
    assert any(2 in trial.reached for trial in trained)  # which ones go on depends on who is first


def test_a_database_that_is_not_there_is_one_sentence(tmp_path):
    (port,) = free_ports(1)
    with pytest.raises(UserError, match=f"the database name at 127.0.0.1:{port} cannot be used") as caught:
        drive(tmp_path, AtOnce(), trials=3, storage=f"postgresql://me:secret@127.0.0.1:{port}/name")
    assert "secret" not in str(caught.value)
