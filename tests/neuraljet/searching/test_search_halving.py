"""Successive halving, and the front."""

import csv
import io
import json

from bnn.model.family import member
from bnn.model.spec import NetworkSpec
from bnn.storage.records import parse
from neuraljet.searching.clock import final_seconds, pace
from neuraljet.searching.front import COLUMNS, Candidate, as_csv, best, front
from neuraljet.searching.halving import promising, rungs
from neuraljet.searching.space import Start
from neuraljet.searching.trial import Costs, Reached


def reached(right, loss=0.5):
    return Reached(steps=600, right=right, of=100, loss=loss, seconds=1.0)


def candidate(trial, right, sites, loss=0.5):
    network = member((1, 12, 12), 3, 8)
    return Candidate(trial, network, Costs(sites, 1, 160, 500, 900), reached(right, loss), Start(network))


def test_rungs_end_with_the_whole_training():
    assert rungs(3600) == (600, 1800, 3600) and rungs(6000) == (1000, 3000, 6000)
    assert rungs(300) == (150, 300) and rungs(40) == (40,) and rungs(1) == (1,)


def test_the_best_third_goes_on():
    assert promising(reached(10), [], 0)
    assert not promising(reached(10), [reached(11)], 0) and promising(reached(11), [reached(10)], 1)
    nine = [reached(right) for right in range(10, 19)]

    def kept(gone_on):
        return [one.right for one in nine if promising(one, [other for other in nine if other is not one], gone_on)]

    assert kept(2) == [16, 17, 18] and kept(3) == [18]
    assert promising(reached(10, 0.1), [reached(10, 0.2)], 0)
    assert not promising(reached(10, 0.3), [reached(10, 0.2)], 0)


def test_the_front_holds_what_nothing_beats():
    found = [
        candidate(0, 80, 1000), candidate(1, 90, 1500), candidate(2, 85, 1600), candidate(3, 80, 900),
        candidate(4, 90, 1500, 0.2), candidate(5, 70, 900), candidate(6, 60, 400),
    ]  # fmt: skip
    assert [one.trial for one in front(found)] == [4, 3, 6]
    assert best(found).trial == 4
    assert front([]) == []


def test_the_table_holds_the_networks():
    kept = front([candidate(0, 80, 1000), candidate(7, 99, 1500)])
    rows = list(csv.DictReader(io.StringIO(as_csv(kept))))
    assert tuple(rows[0]) == COLUMNS and [row["trial"] for row in rows] == ["7", "0"]
    assert float(rows[0]["low"]) < float(rows[0]["accuracy"]) == 0.99 < float(rows[0]["high"])
    assert parse(NetworkSpec, json.loads(rows[1]["spec"]), "") == kept[1].network


def test_the_pace_is_the_median_of_the_trainings():
    assert pace([]) == 0.0 and pace([(2.0, 100), (8.0, 200), (90.0, 100)]) == 0.04
    assert final_seconds(0.04, 1000, 1) < final_seconds(0.04, 1000, 5)
