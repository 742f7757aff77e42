"""Choose groups of augmentations by trials, greedily."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bnn.training.augment import AUGMENTATIONS
from bnn.training.plan.judge import Gain, Judged, accuracy, gain, mean_loss
from bnn.training.plan_record import Trial

Names = tuple[str, ...]
Try = Callable[[Names, int], Judged]  # augmentation and number of a split -> what a short training says


def choose(groups: Sequence[Names], splits: int, attempt: Try, steps: int) -> tuple[Trial, ...]:
    """Return the trials, of `steps` steps each; the last one that is kept has the augmentation that was chosen.

    First each group is tried alone. Those that help join one by one, the best first, when they still help beside those
    that joined before. A group is given up at the first split after which it is no better so far.
    """
    search = _Search(splits, attempt, steps)
    alone = {group: search.race(group, ()) for group in groups}
    helpful = sorted((group for group in groups if _helps(alone[group])), key=lambda group: -alone[group].mean)
    kept: Names = ()
    for group in helpful:
        together = _ordered((*kept, *group))
        if not kept or _helps(search.race(together, kept)):
            kept = together
            search.keep(kept)
    return search.trials()


class _Search:
    """Trainings that were done, and the trials that they were done for."""

    def __init__(self, splits: int, attempt: Try, steps: int) -> None:
        self.splits, self.attempt, self.steps = splits, attempt, steps
        self._judged: dict[Names, list[Judged]] = {(): []}
        self._trials: dict[Names, Trial] = {}

    def race(self, names: Names, kept: Names) -> Gain:
        """Return how much better `names` are than `kept`, on as many splits as they stay ahead."""
        for split in range(self.splits):
            after, before = self._first(names, split + 1), self._first(kept, split + 1)
            found = gain(before, after)
            if found.mean <= 0:
                break
        self._trials[names] = self._trial(names, after, found)
        return found

    def keep(self, names: Names) -> None:
        self._trials[names] = replace(self._trials[names], kept=True)

    def trials(self) -> tuple[Trial, ...]:
        """Return all trials in the order in which they ended; the first is without augmentation."""
        if not self._judged[()]:
            return ()
        plain = self._trial((), self._judged[()], Gain(0.0, 0.0))
        return (replace(plain, kept=True), *self._trials.values())

    def _first(self, names: Names, splits: int) -> list[Judged]:
        """Return what trainings with these augmentations say, of the first splits; train where that was not done."""
        done = self._judged.setdefault(names, [])
        while len(done) < splits:
            done.append(self.attempt(names, len(done)))
        return done[:splits]

    def _trial(self, names: Names, judged: list[Judged], found: Gain) -> Trial:
        return Trial(
            augment=names,
            trainings=len(judged),
            steps=self.steps,
            pictures=sum(len(j.losses) for j in judged),
            loss=mean_loss(judged),
            accuracy=accuracy(judged),
            gain=found.mean,
            noise=found.noise,
            kept=False,
        )


def _helps(found: Gain) -> bool:
    """Tell whether a gain is more than noise."""
    return found.mean > found.noise


def _ordered(names: Names) -> Names:
    """Return the names in the order of AUGMENTATIONS."""
    return tuple(name for name in AUGMENTATIONS if name in names)
