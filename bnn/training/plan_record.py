"""The plan of a training, as plan.json and metrics.json hold it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """Short trainings with some augmentation, against those with what was kept until then."""

    augment: tuple[str, ...]
    trainings: int  # one for each split that was tried
    steps: int  # of each
    pictures: int  # that judged, of all splits together
    loss: float  # mean over these pictures
    accuracy: float  # 0 to 1
    gain: float  # how much lower the loss is on the same pictures
    noise: float  # standard error of the gain
    kept: bool

    def line(self) -> str:
        """Return it for people."""
        measured = f"loss {self.loss:.3f}, accuracy {self.accuracy:.1%} on {self.pictures} held-out pictures"
        if not self.augment:
            return f"augment none: {measured}"
        verdict = "kept" if self.kept else "left out"
        return f"augment {', '.join(self.augment)}: {measured}; {self.gain:.3f} +- {self.noise:.3f} lower, {verdict}"


@dataclass(frozen=True)
class Start:
    """The beginning of a training from one seed."""

    seed: int
    steps: int
    loss: float  # on the held-out pictures, or on the training pictures where none are held out


@dataclass(frozen=True)
class Estimate:
    """Cross-validated accuracy: each training picture was judged once, by a network that did not learn from it."""

    accuracy: float  # 0 to 1, of all pictures
    spread: float  # standard deviation of the folds' accuracies
    folds: tuple[float, ...]  # accuracy of each
    loss: float
    steps: int  # of each fold's training, fewer than the training itself has
    pictures: int

    def line(self) -> str:
        """Return it for people."""
        return (
            f"cross-validated accuracy {self.accuracy:.1%} on {self.pictures} training pictures "
            f"({len(self.folds)} folds, {min(self.folds):.1%} to {max(self.folds):.1%}, {self.steps} steps each)"
        )


@dataclass(frozen=True)
class Plan:
    """What was settled, and what was measured for it."""

    augment: tuple[str, ...]
    seed: int  # of the first weights, and of what each step draws
    held_out: bool  # False: all training pictures are learnt from, and the estimate says what to expect
    trials: tuple[Trial, ...] = ()
    starts: tuple[Start, ...] = ()
    estimate: Estimate | None = None
    notes: tuple[str, ...] = ()  # what was asked for and could not be done

    def lines(self) -> list[str]:
        """Return what was measured and chosen, for people."""
        lines = []
        if self.trials:
            for trial in self.trials:
                lines.append(trial.line())
            lines.append(f"augmentation chosen: {', '.join(self.augment) or 'none'}")
        for start in self.starts:
            lines.append(f"start {start.seed}: loss {start.loss:.3f} after {start.steps} steps")
        if self.starts:
            lines.append(f"start chosen: {self.seed}")
        if self.estimate:
            lines.append(self.estimate.line())
        return [*lines, *self.notes]
