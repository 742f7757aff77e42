"""The run folder: whose it is, what was asked, and that its files are those that training wrote.

    run/  run.json                what was asked: data, network, settings; a digest of the pictures
          plan.json               what was settled before the training by short ones, where anything was left open
          log.jsonl               what each round reached (bnn.training.log); nothing is read from it but by --resume
          tensorboard/            the same as curves, with --log tensorboard
          checkpoint.safetensors  while training only: everything --resume needs, sealed
          weights.safetensors     the last latent weights and batch-norm statistics
          model.onnx              the frozen network (QONNX)
          operating_point.json    what `tune` chose (finn_build.operating); metrics.json does not list it
          heldout.json            margins and brightness of the test pictures (bnn.drift.heldout)
          label_mistakes.csv      labels that networks doubt which did not learn from these pictures; for people alone
          metrics.json            accuracy, confusion matrix, per-class precision and recall, what was noted of the
                                  pictures, SHA-256 of the other files; written last

run.json, plan.json and metrics.json are sealed (bnn.storage.records).
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from bnn.data.dataset import Dataset
from bnn.data.source import DataSource
from bnn.drift.heldout import FILE as HELD_OUT
from bnn.errors import UserError
from bnn.integer.decision import FILE as POINT
from bnn.model.budget import Hardware
from bnn.model.spec import NetworkSpec
from bnn.storage.files import new_folder, write_file
from bnn.storage.folders import Kind
from bnn.storage.hashes import first_damage
from bnn.storage.records import OPTIONAL, SEAL, check_seal, entries, parse, parse_json, seal_of, sha256
from bnn.training.config import TrainConfig
from bnn.training.label_mistakes import FILE as MISTAKES
from bnn.training.metrics import Metrics
from bnn.training.plan_record import Plan

ASKED, PLAN, LOG, CHECKPOINT, WEIGHTS, MODEL, METRICS = (
    "run.json", "plan.json", "log.jsonl", "checkpoint.safetensors", "weights.safetensors", "model.onnx", "metrics.json",
)  # fmt: skip
CURVES = "tensorboard"
FORMAT = "neuraljet-run"
RUN = Kind(
    ASKED,
    FORMAT,
    later=(PLAN, LOG, CHECKPOINT, WEIGHTS, MODEL, HELD_OUT, MISTAKES, METRICS, POINT),
    scratch=(CURVES,),
)
Record = TypeVar("Record")


@dataclass(frozen=True)
class PictureSet:
    """What tells one set of pictures from another."""

    classes: tuple[str, ...]
    train: int  # pictures
    test: int
    validation: int
    sha256: str  # Dataset.digest

    @classmethod
    def of(cls, data: Dataset) -> "PictureSet":
        """Describe the pictures of `data`."""
        validation = 0 if data.validation_labels is None else len(data.validation_labels)
        return cls(data.classes, len(data.train_labels), len(data.test_labels), validation, data.digest)


@dataclass(frozen=True)
class Request:
    """What a training was asked for: the content of run.json."""

    data: DataSource
    network: NetworkSpec
    config: TrainConfig
    pictures: PictureSet
    hardware: Hardware | None = field(default=None, metadata={OPTIONAL: True})
    begun: str | None = field(
        default=None, metadata={OPTIONAL: True}
    )  # digest of weights that it was given to begin with


def refuse_other(out: Path, resume: bool) -> None:
    """Raise UserError when `out` holds something that is no run, or a run and `resume` is not set."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; choose a folder for the run")
    if (out / ASKED).exists():
        requested(out, "choose another --out")
        if not resume:
            raise UserError(f"{out} already holds a run; continue it with --resume or choose another --out")
    elif out.is_dir() and any(out.iterdir()):
        raise UserError(f"{out} holds files that are not a run (no {ASKED} there); choose an empty or new folder")


def claim(out: Path, asked: Request, resume: bool) -> None:
    """Make `out` the folder of the run that is asked for, or find that it is one already.

    UserError as of `refuse_other`, and when it holds a run of other settings or pictures. Pictures are the same when
    their digest is: a folder that was moved is written down where it is now, unless the run is finished. The caller
    holds the lock of `out`.
    """
    refuse_other(out, resume)
    if (out / ASKED).exists():
        before = requested(out, "choose another --out")
        _compare(out, before, asked)
        if before.data != asked.data and not (out / METRICS).exists():
            _write(out / ASKED, entries(asked))
        return
    with new_folder(out, RUN) as folder:
        _write(folder / ASKED, entries(asked))


def requested(run: Path, way_out: str = "train again") -> Request:
    """Return what a run was asked for. UserError when its run.json is damaged; it ends with the way out."""
    return _record(Request, _read(run / ASKED, way_out), run / ASKED, way_out)


def keep_plan(out: Path, plan: Plan) -> None:
    """Write plan.json, so that a training that is resumed does not plan again."""
    require_free(out, (PLAN,))
    _write(out / PLAN, entries(plan))


def kept_plan(out: Path) -> Plan | None:
    """Return the plan of a run that was begun, None before there is one; UserError when it was changed."""
    if not os.path.lexists(out / PLAN):
        return None
    way_out = "delete it, and it is made again"
    return _record(Plan, _read(out / PLAN, way_out), out / PLAN, way_out)


def require_free(out: Path, names: Iterable[str]) -> None:
    """Raise UserError when one of these files is in the run folder before training has come to write it."""
    for name in names:
        if os.path.lexists(out / name):
            raise _not_of_training(out / name)


def put(path: Path, data: bytes) -> None:
    """Write a file that training ends with. UserError when a file of another content is there, which stays."""
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


def finish(out: Path, metrics: Metrics) -> None:
    """Write metrics.json, which makes the run a finished one."""
    require_free(out, (METRICS,))
    names = (ASKED, *((PLAN,) if metrics.plan else ()), WEIGHTS, MODEL, HELD_OUT)
    files = {name: sha256(out / name) for name in names}
    _write(out / METRICS, {**entries(metrics), "files": files})


def finished(run: Path) -> Metrics:
    """Return the metrics of a finished run whose files are all as training wrote them; UserError otherwise."""
    if not (run / METRICS).is_file():
        if (run / ASKED).is_file():
            raise UserError(f"{run} is not trained to the end; finish it: neuraljet train ... --out {run} --resume")
        raise UserError(
            f"{run} is not a run folder (no {METRICS} there); give the folder that `neuraljet train` wrote, or a QONNX "
            "file"
        )
    content = _read(run / METRICS, "train again")
    files = content.pop("files", None)
    if not isinstance(files, dict) or set(files) - {PLAN, HELD_OUT} != {ASKED, WEIGHTS, MODEL}:
        raise UserError(f"{run / METRICS} does not list the files of the run; train again")
    damage = first_damage(run, files)
    if damage is not None:
        raise UserError(
            f"{damage[0]} is not the file that training wrote; train again, or, when it was changed on purpose, "
            "give the QONNX file itself instead of the folder"
        )
    return _record(Metrics, content, run / METRICS, "train again")


def request_of(run: Path) -> Request:
    """Return what a run was asked for; UserError when its run.json is damaged."""
    return _record(Request, _read(run / ASKED, "train again"), run / ASKED, "train again")


def _write(path: Path, content: Mapping[str, Any]) -> None:
    record = {"format": FORMAT, **content}
    write_file(path, json.dumps({**record, SEAL: seal_of(record)}, indent=2) + "\n")


def _read(path: Path, way_out: str) -> dict[str, Any]:
    """Return the entries of a sealed file of the run, without its format and its seal."""
    try:
        if not path.is_file():  # a named pipe would be waited for
            raise ValueError("it is no file")
        content = parse_json(path.read_bytes())
        if _is_unsealed(content):
            raise UserError(
                f"{path} is of an earlier version, which did not seal its runs; train again into another folder, or "
                f"build the {MODEL} of this one by giving that file itself"
            )
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError(f"it is not of the format {FORMAT!r}")
        check_seal(content)
    except UserError:
        raise
    except (OSError, ValueError) as error:
        raise _damaged(path, error, way_out) from None
    return {name: value for name, value in content.items() if name not in ("format", SEAL)}


def _is_unsealed(content: Any) -> bool:
    """Tell whether this is a run.json or metrics.json without format and seal, as earlier versions wrote it."""
    old = ({"data", "network", "config"}, {"test_accuracy", "links", "confusion", "seconds"})
    return isinstance(content, dict) and "format" not in content and any(names <= set(content) for names in old)


def _record(kind: type[Record], content: Mapping[str, Any], path: Path, way_out: str) -> Record:
    try:
        record: Record = parse(kind, content, "")
    except (TypeError, ValueError) as error:
        raise _damaged(path, error, way_out) from None
    return record


def _damaged(path: Path, error: Exception, way_out: str) -> UserError:
    reason = error.strerror if isinstance(error, OSError) else str(error).splitlines()[0]
    return UserError(f"{path} is damaged or not ours ({reason}); {way_out}")


def _compare(out: Path, before: Request, asked: Request) -> None:
    """Raise UserError when a run was begun with other settings or pictures; where these lie does not matter."""
    old, new = (entries(replace(request, data=request.data.anywhere())) for request in (before, asked))
    for name in {**old, **new}:
        differs = _difference(old.get(name), new.get(name), name)
        if differs:
            what = "pictures" if name == "pictures" else "settings"
            raise UserError(
                f"{out} was begun with other {what} ({differs}); resume with the same ones or choose another --out"
            )


def _difference(before: Any, now: Any, where: str) -> str:
    """Return the first entry that differs, such as "config.epochs: 6 against 5"; empty when none does."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*now, *(key for key in before if key not in now)]:
            found = _difference(before.get(key), now.get(key), f"{where}.{key}")
            if found:
                return found
        return ""
    return "" if before == now else f"{where}: {str(before)[:80]} against {str(now)[:80]}"
