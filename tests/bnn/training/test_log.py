"""The log of a training has one row per round, whatever interrupted it; what is not its log is left alone."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bnn.data import Dataset
from bnn.errors import UserError
from bnn.model.spec import Block, NetworkSpec
from bnn.training import rounds
from bnn.training.config import TrainConfig
from bnn.training.log import Row, RowFile, read_rows
from bnn.training.train import train
from bnn.training.trainer import Trainer

SPEC = NetworkSpec("tiny", (Block(2, pool=2),))
CONFIG = TrainConfig(steps=24, batch=8)
ROW = Row(1, 10, 80, 0.5, 0.75, 0.03, 100.0, 1.0)


@pytest.fixture(scope="module")
def data() -> Dataset:
    draw = np.random.default_rng(0)
    images, labels = draw.integers(0, 256, (60, 8, 8, 1)).astype(np.uint8), np.arange(60) % 2
    return Dataset("toy", ("a", "b"), images[:44], labels[:44], images[44:], labels[44:])


@pytest.fixture(scope="module")
def rows(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """Return the log of a training that ran through."""
    out = tmp_path_factory.mktemp("log") / "run"
    train(data, SPEC, out, CONFIG, progress=False)
    return read_rows(out / "log.jsonl")


def timeless(rows: list[Row]) -> list[Row]:
    return [replace(row, seconds=0.0, pictures_per_second=0.0) for row in rows]


def test_each_round_has_a_row_that_says_what_it_reached(rows: list[Row]) -> None:
    assert [row.round for row in rows] == list(range(1, 25)) and [row.step for row in rows] == list(range(1, 25))
    assert [row.pictures for row in rows[:6]] == [7, 14, 21, 28, 35, 42]  # 42 in six batches of 7
    assert rows[0].learning_rate == CONFIG.learning_rate > rows[-1].learning_rate > 0
    judged = [row.round for row in rows if row.held_out_loss is not None]
    assert judged == list(range(19, 25)) == [row.round for row in rows if row.held_out_accuracy is not None]
    assert all(row.loss > 0 and 0 <= row.train_accuracy <= 1 and row.pictures_per_second > 0 for row in rows)


@pytest.mark.parametrize("moment", ["in a round", "between row and checkpoint"])
def test_a_resumed_training_neither_repeats_nor_misses_a_round(
    data: Dataset, rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    out, whole, write = tmp_path / "run", Trainer.run_round, rounds.write_file

    def stopped(self: Trainer):
        if self.round == 20 and moment == "in a round":
            raise KeyboardInterrupt
        yield from whole(self)

    def unwritten(path: Path, content: bytes) -> None:
        if len(read_rows(out / "log.jsonl")) == 20 and moment == "between row and checkpoint":
            raise KeyboardInterrupt
        write(path, content)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "run_round", stopped)
        patch.setattr(rounds, "write_file", unwritten)
        train(data, SPEC, out, CONFIG, progress=False)
    assert len(read_rows(out / "log.jsonl")) == 20
    with (out / "log.jsonl").open("ab") as file:
        file.write(b'{"round": 21, "st')  # a row that was being written when the machine went down
    train(data, SPEC, out, CONFIG, resume=True, progress=False)
    assert timeless(read_rows(out / "log.jsonl")) == timeless(rows)
    assert (out / "log.jsonl").read_bytes().endswith(b"}\n")


@pytest.mark.parametrize(
    "content",
    [
        b"precious", b"precious\n", b'{"round": 1}\n', b'{"a": 2}\n', b"\n", b"\xff\xfe\n", b"[" * 5000 + b"\n",
        (json.dumps(vars(ROW)) + "\n").encode() * 2,
    ],
)  # fmt: skip
def test_a_file_of_somebody_is_refused_and_stays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"is not the log of this training \(.*\); move it away and give the same"):
        RowFile(path, 0)
    assert path.read_bytes() == content


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("")
    (tmp_path / "log.jsonl").symlink_to(tmp_path / "precious")
    with pytest.raises(UserError, match="it is no file"):
        RowFile(tmp_path / "log.jsonl", 0)
    (tmp_path / "log.jsonl").unlink()
    log = RowFile(tmp_path / "log.jsonl", 0)
    os.symlink(tmp_path / "precious", tmp_path / "log.jsonl")
    with pytest.raises(OSError):
        log.write(ROW)
    assert (tmp_path / "precious").read_text() == ""


class Unfit:
    """A TensorBoard that was made for another protobuf."""

    @property
    def SummaryWriter(self) -> object:  # as torch calls it
        raise Exception("Detected incompatible Protobuf versions.\nSee the web.")


@pytest.mark.parametrize("module", [None, Unfit()], ids=["missing", "unfit"])
def test_tensorboard_that_cannot_be_loaded_is_told_before_training(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    with pytest.raises(UserError, match=r"--log tensorboard needs TensorBoard, which cannot be loaded.*pip install '"):
        train(data, SPEC, tmp_path / "run", CONFIG, progress=False, tensorboard=True)
    assert not (tmp_path / "run").exists()


def test_tensorboard_gets_every_row(
    data: Dataset, rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch's writer is replaced: TensorBoard is not among what is installed here."""
    calls: list[tuple[object, ...]] = []

    class Writer:
        def __init__(self, folder: str, purge_step: int) -> None:
            calls.append((folder, purge_step))

        def add_scalar(self, name: str, value: float, step: int) -> None:
            calls.append((name, value, step))

        def flush(self) -> None: ...

        def close(self) -> None:
            calls.append(())

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Writer))
    train(data, SPEC, tmp_path / "run", CONFIG, progress=False, tensorboard=True)
    assert calls[0] == (str(tmp_path / "run" / "tensorboard"), 1) and calls[-1] == ()
    losses = [call[1:] for call in calls if call and call[0] == "held_out_loss"]
    assert losses == [(row.held_out_loss, row.step) for row in rows[18:]]
    assert {str(call[0]) for call in calls[1:-1]} == set(vars(ROW)) - {"round", "step"}
