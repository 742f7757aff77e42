"""The driver of a search: it asks for networks, has an engine train them, and tells the study what came of it.

It keeps nothing that is not in the study, so another driver, or the same after a kill, goes on from there.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import optuna
from optuna.trial import TrialState

from bnn.engines import Engine, Future, Task
from bnn.errors import ToolError
from bnn.model.family import operations
from bnn.model.spec import NetworkSpec
from bnn.storage.records import parse
from neuraljet.searching.clock import Clock, final_seconds, pace
from neuraljet.searching.folder import Beginning, Request
from neuraljet.searching.front import best, candidates
from neuraljet.searching.halving import promising, rungs
from neuraljet.searching.methods import Method, Past, beginning
from neuraljet.searching.space import Space, Start
from neuraljet.searching.store import Seen, Store
from neuraljet.searching.trial import Asked, Costs, Outcome, Reached, training

MOST_REPEATS = 200  # networks in a row that were known or refused, before a search gives up
MOST_FAILURES = 5  # trainings in a row that failed


@dataclass(eq=False)
class Course:
    """A trial of this driver, and the rung that is trained next."""

    trial: optuna.Trial
    start: Start
    rung: int = 0
    costs: Costs | None = None


@dataclass(frozen=True)
class Event:
    """What became of a trial, for who wants to be told."""

    trial: int
    network: NetworkSpec
    words: str
    final: bool = False  # a training of the last rung is done


class Driver:
    """One driver of a study."""

    def __init__(
        self, store: Store, request: Request, begun: Beginning, shape: tuple[int, int, int], classes: int,
        method: Method, clock: Clock, most_trials: int | None, folds: int, tell: Callable[[Event], object],
        pace_s: float = 0.0,
    ) -> None:  # fmt: skip
        """most_trials: of the study, that are trained. folds: of the training that follows the search.

        pace_s: `pace` as long as no training has ended; 0 when nobody knows.
        """
        self.store, self.request, self.method, self.clock = store, request, method, clock
        self.shape, self.classes, self.most_trials, self.folds, self.tell = shape, classes, most_trials, folds, tell
        self.space = Space(shape, begun.default, method.shrinks)
        self.config = replace(request.config, augment=begun.augment)
        self.rungs = rungs(self.config.steps or 0)
        self.pace_s = pace_s
        self.draw = random.Random()
        self.in_vain = self.failures = 0
        self.note = ""  # why the search ended before its time

    def run(self, engine: Engine) -> None:
        """Search until the time is over, or there are enough trials. UserError and ToolError as of trials."""
        if not self.store.trials():
            for answers in beginning(self.space, self.config.seed):
                self.store.propose(answers)
        ready, pending = deque(self._left_over()), dict[Future, Course]()
        while True:
            while len(pending) < engine.workers and (course := self._next(ready)) is not None:
                pending[engine.submit(self._task(course))] = course
            if not pending:
                return
            left = max(1.0, self._left())
            done, _ = engine.wait(list(pending), None if left == float("inf") else left)
            for future in done:
                after = self._take(pending.pop(future), future)
                if after is not None:
                    ready.appendleft(after)
            over = self.clock.left() if not candidates(self.store.trials()) else self._left()
            if not done and over <= 0:
                return  # what is not done goes on when the search does

    def _left(self) -> float:
        """Return the seconds that are left when those for the training of the best network are kept."""
        left = self.clock.left()
        if left == float("inf"):
            return left
        trials = self.store.trials()
        found = candidates(trials)
        chosen = best(found) if found else None
        network = chosen.start.network if chosen else self.space.default
        one = pace([done for trial in trials if chosen and trial.number == chosen.trial for done in self._done(trial)])
        return left - final_seconds(max(one, self._pace(trials)), self._work(network, len(self.rungs) - 1), self.folds)

    def _pace(self, trials: list[Seen]) -> float:
        return pace([done for trial in trials for done in self._done(trial)]) or self.pace_s

    def _done(self, trial: Seen) -> list[tuple[float, int]]:
        """Return the seconds and the work of the trainings of a trial."""
        network = trial.network
        if network is None:
            return []
        return [(reached.seconds, self._work(network, rung)) for rung, reached in trial.reached.items()]

    def _work(self, network: NetworkSpec, rung: int) -> int:
        return operations(self.shape, self.classes, network) * self.rungs[rung]

    def _in_time(self, network: NetworkSpec, rung: int) -> bool:
        """Tell whether a training would end in time, as far as earlier ones say."""
        left = self._left()
        if left == float("inf"):
            return True
        known = self._pace(self.store.trials())
        return known == 0 or known * self._work(network, rung) <= left

    def _left_over(self) -> list[Course]:
        """Return the trials of this driver that a kill or the end of the time interrupted; end those that are done."""
        found = []
        for trial in self.store.trials():
            if trial.state != TrialState.RUNNING or trial.driver != self.store.driver:
                continue
            again = self.store.again(trial)
            if trial.network is None:
                self.store.fail(again, "it was interrupted before it had a network")
                continue
            course = Course(again, Start(trial.network, trial.shrinking), max(0, trial.rung), trial.costs)
            after = self._judged(course, trial.reached[trial.rung]) if trial.reached else course
            if after is not None:
                found.append(after)
        return sorted(found, key=lambda course: -course.rung)

    def _next(self, ready: deque[Course]) -> Course | None:
        """Return what is trained next: a promising network, else a new one; None when there is time for neither."""
        for course in ready:
            if self._in_time(course.start.network, course.rung):
                ready.remove(course)
                return course
        if self.note or not self._in_time(self.space.default, 0):
            return None
        trials = self.store.trials()
        going = [trial for trial in trials if trial.reached or trial.state == TrialState.RUNNING]
        if self.most_trials is not None and len(going) >= self.most_trials:
            return None
        return self._new()

    def _new(self) -> Course | None:
        """Begin a trial of a network that no trial has had."""
        while self.in_vain < MOST_REPEATS:
            trials = self.store.trials()
            known = {_told_apart(Start(trial.network, trial.shrinking)) for trial in trials if trial.network}
            if self.method.propose is not None and not self.store.waits():
                self.store.propose(self.method.propose(self.space, _past(trials), self.draw))
            trial = self.store.ask()
            start = self.space.start(trial)
            if _told_apart(start) not in known:
                self.store.begun(trial, start)
                return Course(trial, start)
            self.store.fail(trial, "another trial has the same network")
            self.in_vain += 1
        self.note = f"{MOST_REPEATS} networks in a row were known already or did not fit the budget"
        return None

    def _task(self, course: Course) -> Task:
        config = replace(self.config, epochs=None, steps=self.rungs[course.rung], folds=1, starts=1)
        start = course.start
        budget = self.request.budget if course.costs is None or start.shrinking else None
        return training(Asked(self.request.pictures, start.network, config, budget, start.shrinking))

    def _take(self, course: Course, future: Future) -> Course | None:
        """Tell the study what came of a training; return the longer one that follows."""
        try:
            outcome: Outcome = parse(Outcome, future.record(), "")
        except ToolError as error:
            self.store.fail(course.trial, str(error))
            self.tell(Event(course.trial.number, course.start.network, f"failed: {error}"))
            self.failures += 1
            if self.failures >= MOST_FAILURES:
                raise
            return None
        self.failures = 0
        if outcome.costs is not None and not outcome.excess:
            course.costs = outcome.costs
            self.store.cost(course.trial, outcome.costs)
        if outcome.reached is None:
            excess = dict(outcome.excess or {})
            self.store.refuse(course.trial, excess)
            self.in_vain += 1
            self.tell(Event(course.trial.number, course.start.network, f"refused: {_beyond(excess)}"))
            return None
        self.in_vain = 0
        if outcome.network is not None and course.start.shrinking is not None:
            shrinking = replace(course.start.shrinking, removed=outcome.removed)
            self.store.shrunk(course.trial, shrinking, outcome.network)
            course.start = replace(course.start, shrinking=shrinking)
        self.store.reach(course.trial, course.rung, outcome.reached)
        after = self._judged(course, outcome.reached)
        last = course.rung == len(self.rungs) - 1
        words = _reached(outcome.reached, course.costs) + (", goes on" if after else "")
        self.tell(Event(course.trial.number, outcome.network or course.start.network, words, last))
        return after

    def _judged(self, course: Course, reached: Reached) -> Course | None:
        """Return the next rung of a network that is promising; else end its trial."""
        assert course.costs is not None
        last = course.rung == len(self.rungs) - 1
        # Where small networks are looked for too, a network has to be better than those that are no larger.
        others = [
            trial
            for trial in self.store.trials()
            if trial.number != course.trial.number
            and course.rung in trial.reached
            and (len(self.method.directions) == 1 or (trial.costs and trial.costs.sites <= course.costs.sites))
        ]
        gone_on = sum(trial.rung > course.rung or trial.state == TrialState.RUNNING for trial in others)
        if not last and promising(reached, [trial.reached[course.rung] for trial in others], gone_on):
            return Course(course.trial, course.start, course.rung + 1, course.costs)
        self.store.end(course.trial, reached, course.costs, last)
        return None


def _told_apart(start: Start) -> tuple[Any, ...]:
    """Return what two trials have in common that train the same."""
    how = start.shrinking
    return (start.network.blocks, how and replace(how, removed=None))


def _past(trials: list[Seen]) -> list[Past]:
    return [Past(t.answers, (t.rung, t.reached[t.rung].worth())) for t in trials if t.reached]


def _beyond(excess: dict[str, float]) -> str:
    return ", ".join(f"{share:.0%} beyond the {name} allowed" for name, share in excess.items())


def _reached(reached: Reached, costs: Costs | None) -> str:
    sites = f", {costs.sites:,} sites" if costs else ""
    return f"{reached.accuracy:.1%} of {reached.of} held-out pictures after {reached.steps} steps{sites}"
