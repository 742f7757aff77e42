"""What each round of a training reached: a row of log.jsonl, and of TensorBoard when it is asked for."""

import json
import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from bnn.errors import UserError
from bnn.storage.files import write_file
from bnn.storage.records import entries, optional, parse, parse_json


@dataclass(frozen=True)
class Row:
    """What one round reached."""

    round: int  # from 1
    step: int  # steps that are done
    pictures: int  # that were learnt from until then, with repetitions
    loss: float  # mean over the round
    train_accuracy: float  # 0 to 1, over the round, of pictures as they were augmented
    learning_rate: float  # of the last step
    pictures_per_second: float
    seconds: float  # that the round took, with what was done at its end
    held_out_loss: float | None = optional(None)  # None: the round was not judged on held-out pictures
    held_out_accuracy: float | None = optional(None)


class Log(Protocol):
    """Something that rows are written to."""

    def write(self, row: Row) -> None: ...

    def close(self) -> None: ...


class RowFile:
    """A file of one JSON object per round, in order, each round once.

    A row is written in front of the checkpoint of its round. A training that resumes repeats the rounds behind its
    checkpoint, so their rows are taken away.
    """

    def __init__(self, path: Path, rounds: int) -> None:
        """Go on with the log of a training of which so many rounds are done. UserError when `path` is no such log."""
        self.path = path
        if os.path.lexists(path):
            kept = [row for row in read_rows(path) if row.round <= rounds]
            write_file(path, "".join(map(_line, kept)))

    def write(self, row: Row) -> None:
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(handle, "ab") as file:
            file.write(_line(row).encode())
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        """Every row is in the file already."""


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a log; a last row that was not written to its end is left out.

    UserError when the file holds anything else: somebody else wrote it.
    """
    try:
        if path.is_symlink() or not path.is_file():
            raise ValueError("it is no file")
        *lines, rest = path.read_bytes().split(b"\n")
        rows: list[Row] = [parse(Row, parse_json(line), "") for line in lines]
        if not (rest.startswith(b'{"round": ') or b'{"round": '.startswith(rest)):
            raise ValueError(f"{rest[:40]!r} is no row")
        if any(later.round <= row.round for row, later in pairwise(rows)):
            raise ValueError("its rounds are not in order")
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"{path} is not the log of this training ({str(error)[:200]}); move it away and give the same command with "
            "--resume"
        ) from None
    return rows


class TensorBoard:
    """The same rows as curves over the steps, in the folder of TensorBoard's files."""

    def __init__(self, folder: Path, first_step: int) -> None:
        """Begin behind `first_step` steps; what an interrupted training wrote of later ones is hidden."""
        writer = require_tensorboard()
        self.writer = writer(str(folder), purge_step=first_step + 1)

    def write(self, row: Row) -> None:
        values = {**entries(row), "round": None, "step": None}
        for name, value in values.items():
            if value is not None:
                self.writer.add_scalar(name, value, row.step)
        self.writer.flush()

    def close(self) -> None:
        self.writer.close()


def require_tensorboard() -> type:
    """Return torch's SummaryWriter; UserError when TensorBoard is not installed, or one that does not fit."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except Exception as error:  # one that was made for another protobuf raises what only that protobuf knows
        raise UserError(
            f"--log tensorboard needs TensorBoard, which cannot be loaded ({str(error).splitlines()[0][:200]}); "
            "pip install 'tensorboard<2.20', or leave --log out: log.jsonl in the run folder holds the same numbers"
        ) from None
    return SummaryWriter


def _line(row: Row) -> str:
    return json.dumps(entries(row)) + "\n"
