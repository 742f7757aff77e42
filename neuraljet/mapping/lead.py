"""By how much a cell must lead the good class, chosen on the tiles that the network learned from.

Tiles of training show how many good windows a lead takes for something, and how many others it misses. In whole
pictures good windows are far more frequent than among the tiles, so they count more: GOOD_WINDOWS for one that is not.
"""

from dataclasses import dataclass

import numpy as np

from bnn import data as labelled
from bnn.data.source import DataSource
from bnn.errors import UserError
from bnn.integer.network import IntegerNetwork
from bnn.integer.reference import Ints
from bnn.storage.records import Record

GOOD_WINDOWS = 50  # windows of a whole picture that show nothing, for each that shows something


@dataclass(frozen=True)
class ChosenLead(Record):
    """A lead, and what it does on tiles."""

    lead: int
    tiles: int  # that it was chosen on
    false_alarms: int  # good tiles that it takes for something
    missed: int  # other tiles that it takes for good
    good_tiles: int


def largest_leads(scores: Ints, good: int) -> Ints:
    """Return by how much the best other class leads the good one, [N], of scores [N, classes]."""
    return np.asarray(np.delete(scores, good, axis=1).max(axis=1) - scores[:, good], np.int64)


def best_lead(leads: Ints, is_good: Ints) -> int:
    """Return the lead with the fewest mistakes, a good tile counting as GOOD_WINDOWS do; of several the middle one.

    leads, is_good: of tiles, [N]. At least 1, so that a cell that is good is never found.
    """
    values = np.unique(np.concatenate([[1], leads[leads > 0], leads[leads > 0] + 1]))
    bad, fine = np.sort(leads[~is_good.astype(bool)]), np.sort(leads[is_good.astype(bool)])
    missed = np.searchsorted(bad, values) / max(1, len(bad))
    alarms = 1 - np.searchsorted(fine, values) / max(1, len(fine))
    cost = missed + GOOD_WINDOWS * alarms
    best = np.flatnonzero(cost <= cost.min() + 1e-12)
    return int((values[best[0]] + values[best[-1]]) // 2)


def chosen_lead(network: IntegerNetwork, source: DataSource | None, good: int) -> ChosenLead:
    """Return the lead that suits the training tiles of a network. UserError when nobody knows which these are."""
    if source is None:
        raise UserError("the network does not say which tiles it learned from; say how large a lead counts with --lead")
    channels, height, width = network.input_shape
    data = labelled.load_again(source, (height, width), "rgb" if channels == 3 else "gray")
    if tuple(data.classes) != tuple(network.classes):
        raise UserError(f"{source.source} has other classes than the network; say how large a lead counts with --lead")
    scores = network.run(np.ascontiguousarray(data.train_images.transpose(0, 3, 1, 2)))
    leads, is_good = largest_leads(scores, good), data.train_labels == good
    lead = best_lead(leads, is_good)
    return ChosenLead(
        lead, len(leads), int((leads[is_good] >= lead).sum()), int((leads[~is_good] < lead).sum()), int(is_good.sum())
    )
