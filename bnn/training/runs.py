"""The run folder as a record: whose it is, what was asked, and that its files are those that training wrote.

run.json is sealed (bnn.storage.records) and says what was asked for and on which pictures; metrics.json is written
last, sealed too, and holds the SHA-256 of every other file.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bnn.errors import UserError
from bnn.storage.files import new_folder, write_file
from bnn.storage.folders import Kind
from bnn.storage.records import SEAL, check_seal, parse_json, seal_of, sha256

ASKED, CHECKPOINT, WEIGHTS, MODEL, METRICS = (
    "run.json", "checkpoint.safetensors", "weights.safetensors", "model.onnx", "metrics.json",
)  # fmt: skip
FORMAT = "neuraljet-run"
RUN = Kind(ASKED, FORMAT, later=(CHECKPOINT, WEIGHTS, MODEL, METRICS))


def claim(out: Path, asked: Mapping[str, Any], resume: bool) -> None:
    """Make `out` the folder of the run that is asked for, or find it to be that already.

    UserError when it holds something else, or a run and `resume` is not set, or one of other settings or pictures.
    Pictures are the same when their digest is: a folder that was moved is written down where it is now, unless the run
    is finished. The caller holds the lock of `out`.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; choose a folder for the run")
    if (out / ASKED).exists():
        before = _read(out / ASKED, "choose another --out")
        if not resume:
            raise UserError(f"{out} already holds a run; continue it with --resume or choose another --out")
        _compare(out, before, asked)
        if before.get("data") != asked.get("data") and not (out / METRICS).exists():
            _write(out / ASKED, asked)
        return
    if out.is_dir() and any(out.iterdir()):
        raise UserError(f"{out} holds files that are not a run (no {ASKED} there); choose an empty or new folder")
    with new_folder(out, RUN) as folder:
        _write(folder / ASKED, asked)


def require_free(out: Path, names: Iterable[str]) -> None:
    """UserError when one of these files is in the run folder already, though training has not come to write it."""
    for name in names:
        if os.path.lexists(out / name):
            raise _not_of_training(out / name)


def put(path: Path, data: bytes) -> None:
    """Write a file that training ends with. One that is there and differs is somebody's: UserError, and it stays."""
    if os.path.lexists(path):
        if path.is_symlink() or not path.is_file() or path.read_bytes() != data:
            raise _not_of_training(path)
        return  # of an end that was interrupted
    write_file(path, data)


def _not_of_training(path: Path) -> UserError:
    return UserError(
        f"{path} was not written by this training, which would replace it; move it away and give the same command with "
        "--resume"
    )


def finish(out: Path, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Write metrics.json, which makes the run a finished one; returns what it holds."""
    require_free(out, (METRICS,))
    files = {name: sha256(out / name) for name in (ASKED, WEIGHTS, MODEL)}
    return _write(out / METRICS, {**metrics, "files": files})


def finished(run: Path) -> dict[str, Any]:
    """The metrics of a finished run whose files are all as training wrote them; UserError otherwise."""
    if not (run / METRICS).is_file():
        if (run / ASKED).is_file():
            raise UserError(f"{run} is not trained to the end; finish it: neuraljet train ... --out {run} --resume")
        raise UserError(
            f"{run} is not a run folder (no {METRICS} there); give the folder that `neuraljet train` wrote, or a QONNX "
            "file"
        )
    metrics = _read(run / METRICS, "train again")
    files = metrics.get("files")
    if not isinstance(files, dict) or set(files) != {ASKED, WEIGHTS, MODEL}:
        raise UserError(f"{run / METRICS} does not list the files of the run; train again")
    for name, digest in files.items():
        if not (run / name).is_file() or sha256(run / name) != digest:
            raise UserError(
                f"{run / name} is not the file that training wrote; train again, or, when it was changed on purpose, "
                "give the QONNX file itself instead of the folder"
            )
    return metrics


def _write(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    record = json.loads(json.dumps({"format": FORMAT, **content}))  # as it will be read
    record[SEAL] = seal_of(record)
    write_file(path, json.dumps(record, indent=2) + "\n")
    return record


def _read(path: Path, way_out: str) -> dict[str, Any]:
    try:
        if not path.is_file():  # a named pipe would be waited for
            raise ValueError("it is no file")
        content = parse_json(path.read_bytes())
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError(f"it is not of the format {FORMAT!r}")
        check_seal(content)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error).splitlines()[0]
        raise UserError(f"{path} is damaged or not ours ({reason}); {way_out}") from None
    return content


def _compare(out: Path, before: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    for key in asked:
        differs = _difference(_without_place(before.get(key)), _without_place(asked[key]), key)
        if differs and key == "pictures":
            raise UserError(
                f"{out} was begun with other pictures ({differs}); resume with the same ones or choose another --out"
            )
        if differs:
            raise UserError(
                f"{out} was begun with other settings ({differs}); resume with the same ones or choose another --out"
            )


def _without_place(entry: Any) -> Any:
    """An entry of run.json without the name of the pictures' folder: the digest says whether they are the same."""
    return {key: value for key, value in entry.items() if key != "source"} if isinstance(entry, dict) else entry


def _difference(before: Any, now: Any, where: str) -> str:
    """The first entry that differs: "config.epochs: 6 against 5"; empty when none does."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*now, *(key for key in before if key not in now)]:
            found = _difference(before.get(key), now.get(key), f"{where}.{key}")
            if found:
                return found
        return ""
    return "" if before == now else f"{where}: {str(before)[:80]} against {str(now)[:80]}"
