"""Where the trials of a search are kept: Optuna's study, in its journal file or in a PostgreSQL database.

What a trial is and what it reached stands in attributes of its own, so that any driver of the study, now or later, goes
on with what all of them know. A trial that runs belongs to one driver. A driver that was killed finds its own again.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from bnn.errors import ToolError, UserError
from bnn.model.spec import NetworkSpec
from bnn.storage.records import entries, parse
from neuraljet.searching.shrinking import Shrinking
from neuraljet.searching.space import Start
from neuraljet.searching.trial import Costs, Reached

JOURNAL = "trials.journal"  # in the folder of the search
SCHEMES = ("postgresql", "postgresql+psycopg")
TRIES, PAUSE_S = 5, 0.5  # where two drivers make the tables of a database at once
NETWORK, COSTS, EXCESS, RUNGS, DRIVER, FAULT = "network", "costs", "excess", "rung ", "driver", "fault"
SHRINKING, LEFT = "shrinking", "left"
CONNECT_S = 10
Value = TypeVar("Value")


@dataclass(frozen=True)
class Seen:
    """What is known of a trial."""

    id: int  # in the storage
    number: int
    state: TrialState
    answers: dict[str, Any]
    network: NetworkSpec | None  # that its trainings begin with
    costs: Costs | None
    refused: bool
    reached: dict[int, Reached]  # by rung
    driver: str | None
    shrinking: Shrinking | None = None  # how it becomes smaller, where it does
    left: NetworkSpec | None = None  # what is left of it then

    @property
    def rung(self) -> int:
        """The highest rung that was trained; -1 when none was."""
        return max(self.reached, default=-1)


def seen(trial: FrozenTrial) -> Seen:
    """Read a trial. UserError when it is not one of a search."""
    found = trial.user_attrs
    try:
        return Seen(
            id=trial._trial_id,
            number=trial.number,
            state=trial.state,
            answers=trial.params,
            network=parse(NetworkSpec, found[NETWORK], "") if NETWORK in found else None,
            costs=parse(Costs, found[COSTS], "") if COSTS in found else None,
            refused=EXCESS in found,
            reached={
                int(name.removeprefix(RUNGS)): parse(Reached, value, "")
                for name, value in found.items()
                if name.startswith(RUNGS)
            },
            driver=found.get(DRIVER),
            shrinking=parse(Shrinking, found[SHRINKING], "") if SHRINKING in found else None,
            left=parse(NetworkSpec, found[LEFT], "") if LEFT in found else None,
        )
    except (TypeError, ValueError) as error:
        raise UserError(f"trial {trial.number} of the study is not one of this search ({str(error)[:120]})") from None


class Store:
    """The study of a search."""

    def __init__(self, study: optuna.Study, driver: str) -> None:
        self.study, self.driver = study, driver
        self._ended: dict[int, Seen] = {}  # trials that change no more

    def trials(self) -> list[Seen]:
        """Return all trials, of all drivers, in the order in which they began."""
        found = []
        for trial in self.study.get_trials(deepcopy=False):
            if trial.state == TrialState.WAITING:
                continue
            known = self._ended.get(trial.number) or seen(trial)
            if trial.state.is_finished():
                self._ended[trial.number] = known
            found.append(known)
        return found

    def propose(self, answers: dict[str, Any]) -> None:
        """Let a trial that begins later be this one, unless there is one."""
        self.study.enqueue_trial(answers, skip_if_exists=True)

    def waits(self) -> bool:
        """Is there a trial that was proposed and has not begun?"""
        return bool(self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))

    def ask(self) -> optuna.Trial:
        """Begin a trial of this driver."""
        trial = self.study.ask()
        trial.set_user_attr(DRIVER, self.driver)
        return trial

    def again(self, seen_trial: Seen) -> optuna.Trial:
        """Return a trial that this driver began before."""
        return optuna.Trial(self.study, seen_trial.id)

    def begun(self, trial: optuna.Trial, start: Start) -> None:
        """Write down which network a trial is."""
        trial.set_user_attr(NETWORK, entries(start.network))
        if start.shrinking is not None:
            trial.set_user_attr(SHRINKING, entries(start.shrinking))

    def shrunk(self, trial: optuna.Trial, shrinking: Shrinking, left: NetworkSpec) -> None:
        """Write down what is left of its network."""
        trial.set_user_attr(SHRINKING, entries(shrinking))
        trial.set_user_attr(LEFT, entries(left))

    def cost(self, trial: optuna.Trial, costs: Costs) -> None:
        """Write down what its network takes."""
        trial.set_user_attr(COSTS, entries(costs))

    def refuse(self, trial: optuna.Trial, excess: dict[str, float]) -> None:
        """End a trial whose network does not fit the budget."""
        trial.set_user_attr(EXCESS, excess)
        for name, share in excess.items():
            trial.set_constraint(name, share)
        self._end(trial, state=TrialState.PRUNED)

    def reach(self, trial: optuna.Trial, rung: int, reached: Reached) -> None:
        """Write down what a training reached."""
        trial.set_user_attr(f"{RUNGS}{rung}", entries(reached))
        if len(self.study.directions) == 1:
            trial.report(reached.accuracy, reached.steps)

    def end(self, trial: optuna.Trial, reached: Reached, costs: Costs, last: bool) -> None:
        """End a trial that was trained as far as it will be. last: in the last rung.

        Where sites are an objective too, Optuna does not know of trials that end early: they count as what they
        reached.
        """
        if len(self.study.directions) > 1:
            self._end(trial, [reached.accuracy, float(costs.sites)])
        elif last:
            self._end(trial, reached.accuracy)
        else:
            self._end(trial, state=TrialState.PRUNED)

    def fail(self, trial: optuna.Trial, why: str) -> None:
        """End a trial of which nothing came."""
        trial.set_user_attr(FAULT, why[:500])
        self._end(trial, state=TrialState.FAIL)

    def _end(self, trial: optuna.Trial, values: Any = None, state: TrialState | None = None) -> None:
        self.study.tell(trial, values, state)


@contextmanager
def opened_store(
    folder: Path, url: str | None, name: str, driver: str, directions: tuple[str, ...], sampler: BaseSampler
) -> Iterator[Store]:  # fmt: skip
    """Yield the study of this name in the folder's journal, or in the database at `url`; it is made when missing.

    The caller holds the lock of the folder. UserError for a URL of another kind, or when the database cannot be
    reached; ToolError when it is lost later.
    """
    if url is None:
        yield Store(_study(_journal(folder / JOURNAL), name, directions, sampler), driver)
        return
    from sqlalchemy.exc import SQLAlchemyError

    where = database_words(url)
    try:
        storage = _patient(lambda: _database(url))
        study = _patient(lambda: _study(storage, name, directions, sampler))
    except SQLAlchemyError as error:
        raise UserError(f"--storage: {where} cannot be used ({_reason(error)}); start it, or correct the URL") from None
    try:
        yield Store(study, driver)
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise ToolError(
            f"{where} was lost ({_reason(error)}); what was finished is in it, and the same command goes on"
        ) from None
    finally:
        storage.remove_session()
        storage.engine.dispose()


def database_words(url: str) -> str:
    """Return what messages call a database, without its user and password. UserError for a URL of another kind."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "this machine", parts.port
    except ValueError:
        scheme, host, port = "", "", None
    if scheme not in SCHEMES:
        raise UserError(
            "--storage is no URL of a PostgreSQL database; give one such as postgresql://USER:PASSWORD@HOST:5432/NAME, "
            "or leave it out: trials are then kept in a file of the folder of the search"
        )
    return f"the database {parts.path.lstrip('/') or 'of that user'} at {host}{f':{port}' if port else ''}"


def _database(url: str) -> RDBStorage:
    scheme, rest = url.split("://", 1)
    assert scheme in SCHEMES
    options = {"pool_pre_ping": True, "connect_args": {"connect_timeout": CONNECT_S}}
    return RDBStorage(f"{SCHEMES[1]}://{rest}", engine_kwargs=options)


class _FolderIsLocked(JournalFileOpenLock):
    """No lock: the folder that holds the journal is locked already, for this process, however it ends."""

    def __init__(self) -> None:
        pass

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def _journal(path: Path) -> JournalStorage:
    if path.exists():
        _mend(path)
    return JournalStorage(JournalFileBackend(str(path), lock_obj=_FolderIsLocked()))


def _mend(path: Path) -> None:
    """Take away the part of a line that a killed process left at the end."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - (1 << 20)))
        tail = file.read()
        if not tail.endswith(b"\n"):
            file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)


def _study(storage: BaseStorage, name: str, directions: tuple[str, ...], sampler: BaseSampler) -> optuna.Study:
    kinds = [StudyDirection[direction] for direction in directions]
    return optuna.create_study(
        storage=storage, study_name=name, directions=kinds, sampler=sampler, load_if_exists=True
    )  # fmt: skip


def _patient(make: Callable[[], Value]) -> Value:
    """Return what `make` returns; another driver that makes the same tables at once is waited for."""
    from sqlalchemy.exc import IntegrityError, ProgrammingError

    for _ in range(TRIES - 1):
        try:
            return make()
        except (IntegrityError, ProgrammingError, optuna.exceptions.StorageInternalError):
            time.sleep(PAUSE_S)
    return make()


def _reason(error: Exception) -> str:
    """Return the first line of what a database said, without the statement that it was about."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0][:200] if str(error) else "no reason"
