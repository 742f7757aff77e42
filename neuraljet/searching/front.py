"""The front: the networks of a search that no other one beats in accuracy and LUT sites; as a table."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

from bnn.integer.rates import Share
from bnn.model.spec import NetworkSpec
from bnn.storage.records import entries
from neuraljet.searching.space import Start
from neuraljet.searching.store import Seen
from neuraljet.searching.trial import Costs, Reached

COLUMNS = (
    "trial", "accuracy", "low", "high", "right", "held_out", "steps", "sites", "ramb18", "clocks", "parameters",
    "seconds", "network", "spec",
)  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """A network that was trained in the highest rung that any network has reached."""

    trial: int
    network: NetworkSpec
    costs: Costs
    reached: Reached
    start: Start  # what its training begins with, which may be wider

    @property
    def share(self) -> Share:
        return Share(self.reached.right, self.reached.of)


def candidates(trials: Sequence[Seen]) -> list[Candidate]:
    """Return what can be compared: the networks of the highest rung, in the order of their trials."""
    highest = max((trial.rung for trial in trials), default=-1)
    return [
        Candidate(
            trial.number, trial.left or trial.network, trial.costs, trial.reached[highest],
            Start(trial.network, trial.shrinking),
        )
        for trial in trials
        if highest >= 0 and trial.rung == highest and trial.network and trial.costs and not trial.refused
    ]  # fmt: skip


def best(found: Sequence[Candidate]) -> Candidate:
    """Return the network with the most held-out pictures right, of equals that with the least loss."""
    return max(found, key=lambda one: one.reached.worth())


def front(found: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates that no other one beats, by falling sites and accuracy.

    One beats another when it is as accurate or more and takes as few sites or fewer, and differs in one of them.
    """
    kept: list[Candidate] = []
    for one in sorted(found, key=lambda one: (one.costs.sites, -one.reached.right, one.reached.loss)):
        if not kept or one.reached.right > kept[-1].reached.right:
            kept.append(one)
    return kept[::-1]


def as_csv(kept: Sequence[Candidate]) -> str:
    """Return the table of a front; the column spec holds the network as JSON, as run.json has it."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for one in kept:
        low, high = one.share.interval()
        table.writerow(
            (
                one.trial, f"{one.reached.accuracy:.4f}", f"{low:.4f}", f"{high:.4f}", one.reached.right,
                one.reached.of, one.reached.steps, one.costs.sites, one.costs.ramb18, one.costs.cycles_per_frame,
                one.costs.parameters, one.reached.seconds, one.network.name, json.dumps(entries(one.network)),
            )
        )  # fmt: skip
    return text.getvalue()
