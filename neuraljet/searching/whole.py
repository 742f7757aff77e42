"""A search from its request to its folder: open, settle, drive, write the front, train the best network."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bnn.data import Dataset
from bnn.engines import Engine, opened, run, words
from bnn.errors import UserError
from bnn.storage.records import Record
from bnn.training.config import AUTO
from bnn.training.metrics import Metrics
from finn_build.choose import Choice, choose
from neuraljet.searching.clock import Clock
from neuraljet.searching.drive import Driver, Event
from neuraljet.searching.finish import folds_of, train_best
from neuraljet.searching.folder import BEST, FILE, Beginning, Folder, Request, opened_folder
from neuraljet.searching.foresight import pace_here, refuse_short
from neuraljet.searching.front import Candidate, best, candidates
from neuraljet.searching.halving import rungs
from neuraljet.searching.methods import METHODS, quiet
from neuraljet.searching.page import default_of, write_front
from neuraljet.searching.space import Space
from neuraljet.searching.store import Store, database_words, opened_store
from neuraljet.searching.trial import Asked, for_trials, settling, shape_of

NAME = "neuraljet-"  # of studies; the key of the request follows
KEY_LETTERS = 24
CHOOSING = "choosing the network that would be taken without a search ..."


@dataclass(frozen=True)
class FrontRow(Record):
    """A network of the front."""

    trial: int
    network: str
    accuracy: float  # of the held-out training pictures
    sites: int
    ramb18: int
    clocks: int
    parameters: int


@dataclass(frozen=True)
class SearchResult(Record):
    """What a search left."""

    folder: str
    trials: int  # that were trained
    refused: int  # by estimate
    held_out: int  # training pictures that judged the trials
    steps: int  # of the trainings that are compared
    front: tuple[FrontRow, ...]  # the most accurate first
    default_accuracy: float | None  # of what would be taken without a search, on the same pictures
    best: str  # the folder of its run
    test_accuracy: float
    seconds: float  # of all searches in this folder
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Bounds:
    """How long a search goes on; both count what was done before in the same folder or study."""

    trials: int | None
    seconds: float | None


def search_whole(
    data: Dataset, out: Path, request: Request, bounds: Bounds, *, engine: str, storage: str | None, progress: bool
) -> SearchResult:  # fmt: skip
    """Search, or go on with the search in `out`, until a bound is reached; then train the best network."""
    words(engine)
    if storage is not None:
        database_words(storage)
    quiet()
    for_trials(data)  # refused before there is a folder
    method = METHODS[request.method]
    clock, known = Clock(bounds.seconds), None
    if bounds.seconds is not None and not (out / FILE).exists():
        known = _foreseen(data, request, clock, progress)
    with opened_folder(out, request, storage is not None) as folder:
        clock.before_s = folder.content.seconds
        keeper = _Keeper(folder, clock, progress)
        try:
            with opened(engine) as running:
                begun = _begun(keeper, data, running, known)
                pace_s = 0.0 if bounds.seconds is None else pace_here(data, begun.default, request.config)
                sampler = method.sampler(_seed(folder.content.driver, folder.content.seconds))
                name = NAME + request.key()[:KEY_LETTERS]
                with opened_store(out, storage, name, folder.content.driver, method.directions, sampler) as store:
                    driver = Driver(
                        store, request, begun, shape_of(data), len(data.classes), method, clock, bounds.trials,
                        folds_of(request, data), keeper.told(store, begun), pace_s,
                    )  # fmt: skip
                    driver.run(running)
                    trials = store.trials()
            found = candidates(trials)
            if not found:
                raise UserError(_nothing(driver.note))
            kept = write_front(folder.path, request, begun, trials)
            chosen = best(found)
            keeper.say(f"training the best network in full: trial {chosen.trial}, {chosen.network.name}")
            metrics = train_best(folder.path, chosen, request, begun, data, progress, clock.check)
        finally:
            keeper.keep()
        refused = sum(trial.refused for trial in trials)
        trained = sum(bool(trial.reached) for trial in trials)
        notes = (driver.note,) if driver.note else ()
        return _result(folder, trained, refused, kept, default_of(found, begun), metrics, clock, notes)


def _foreseen(data: Dataset, request: Request, clock: Clock, progress: bool) -> Choice:
    """Return what would be taken without a search. UserError when the time is too short for a search."""
    if progress:
        print(CHOOSING, file=sys.stderr, flush=True)
    choice = choose(shape_of(data), len(data.classes), request.budget)
    network = Space(shape_of(data), choice.network).settled()
    pace_s = pace_here(data, network, request.config)
    refuse_short(
        clock, pace_s, data, network, request.config, rungs(request.config.steps or 0), folds_of(request, data)
    )  # fmt: skip
    return choice


class _Keeper:
    """Keeps how long the search has worked, and what is known so far."""

    def __init__(self, folder: Folder, clock: Clock, progress: bool) -> None:
        self.folder, self.clock, self.progress = folder, clock, progress

    def say(self, text: str) -> None:
        if self.progress:
            print(text, file=sys.stderr, flush=True)

    def keep(self) -> None:
        self.folder.keep(seconds=round(self.clock.spent(), 1))

    def told(self, store: Store, begun: Beginning) -> Callable[[Event], None]:
        def tell(event: Event) -> None:
            self.say(f"trial {event.trial}: {event.network.name}: {event.words}")
            self.keep()
            if event.final:
                write_front(self.folder.path, self.folder.content.request, begun, store.trials())

        return tell


def _begun(keeper: _Keeper, data: Dataset, engine: Engine, choice: Choice | None) -> Beginning:
    """Return what was settled before the first trial; settle it at the first time. choice: where it is known."""
    content = keeper.folder.content
    if content.beginning is not None:
        return content.beginning
    request = content.request
    if choice is None:
        keeper.say(CHOOSING)
        choice = choose(shape_of(data), len(data.classes), request.budget)
    keeper.say(choice.words())
    augment = request.config.augment
    if augment == AUTO:
        keeper.say("choosing how pictures are varied ...")
        config = replace(request.config, folds=1, starts=1)
        task = settling(Asked(request.pictures, choice.network, config))
        augment = tuple(run([task], engine)[task.key]["augment"])
    default = Space(shape_of(data), choice.network).settled()
    keeper.folder.keep(beginning=Beginning(default, augment), seconds=round(keeper.clock.spent(), 1))
    assert keeper.folder.content.beginning is not None
    return keeper.folder.content.beginning


def _seed(driver: str, seconds: float) -> int:
    """Return a seed for Optuna that no other driver has, nor the same one in an earlier run."""
    return (int(driver[:8], 16) + round(10 * seconds)) % 2**31


def _nothing(note: str) -> str:
    why = f": {note}" if note else ""
    return f"no network was trained{why}; allow more (--sites, --ramb18, a lower --fps), or more --hours or --trials"


def _result(
    folder: Folder, trained: int, refused: int, kept: list[Candidate], default: Candidate | None, metrics: Metrics,
    clock: Clock, notes: tuple[str, ...],
) -> SearchResult:  # fmt: skip
    rows = tuple(
        FrontRow(
            one.trial, one.network.name, one.reached.accuracy, one.costs.sites, one.costs.ramb18,
            one.costs.cycles_per_frame, one.costs.parameters,
        )
        for one in kept
    )  # fmt: skip
    return SearchResult(
        folder=str(folder.path), trials=trained, refused=refused, held_out=kept[0].reached.of,
        steps=kept[0].reached.steps, front=rows, default_accuracy=default.reached.accuracy if default else None,
        best=str(folder.path / BEST), test_accuracy=metrics.test_accuracy, seconds=round(clock.spent(), 1), notes=notes,
    )  # fmt: skip
