"""Run the rounds of a training to its end: show how far it is, log each round, and keep what it reached."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from bnn.storage.files import write_file
from bnn.training.log import Log, Row
from bnn.training.resume import checkpoint
from bnn.training.trainer import Judgement, Tally, Trainer

SHOWN_S = 0.5  # between two updates of the progress bar


def run_rounds(
    trainer: Trainer, path: Path | None = None, logs: Sequence[Log] = (), progress: bool = False,
    check: Callable[[], object] = lambda: None,
) -> None:  # fmt: skip
    """Train the rounds that are left; after each of them the checkpoint `path` holds what was reached.

    Of several processes the one that leads judges, shows and writes; the others only train, and need no `path`.
    check: called behind each round, when its checkpoint is written; an error of its ends the training there.
    """
    schedule, leads = trainer.schedule, trainer.worker.leads
    first = schedule.first_step(trainer.round)
    with tqdm(
        total=schedule.steps,
        initial=first,
        disable=not (progress and leads),
        mininterval=SHOWN_S,
        bar_format="step {n_fmt}/{total_fmt} |{bar:24}| {elapsed}<{remaining}{postfix}",
    ) as bar:
        shown, judgement = time.monotonic(), None
        while trainer.round < schedule.rounds:
            started, begun = time.monotonic(), schedule.first_step(trainer.round)
            for tally in trainer.run_round():
                bar.update()
                now = time.monotonic()
                if not bar.disable and now > shown + SHOWN_S:
                    shown = now
                    rate = (schedule.seen(bar.n) - schedule.seen(begun)) / (now - started)
                    bar.set_postfix_str(_reached(tally, rate, judgement), refresh=False)
            if leads and path is not None:
                trained = time.monotonic() - started
                judgement = trainer.evaluate() if trainer.settled and trainer.sides.held_out else None
                row = _row(trainer, tally, judgement, trained, time.monotonic() - started)
                for log in logs:
                    log.write(row)
                write_file(path, checkpoint(trainer))
            if trainer.round < schedule.rounds:
                check()


def _reached(tally: Tally, rate: float, judgement: Judgement | None) -> str:
    held = f" held out {judgement.accuracy:.1%}" if judgement else ""
    return f"{rate:,.0f} pictures/s loss {tally.loss:.3f} train {tally.accuracy:.1%}{held}"


def _row(trainer: Trainer, tally: Tally, judgement: Judgement | None, trained: float, seconds: float) -> Row:
    schedule = trainer.schedule
    before, step = schedule.first_step(trainer.round - 1), schedule.first_step(trainer.round)
    return Row(
        round=trainer.round,
        step=step,
        pictures=schedule.seen(step),
        loss=tally.loss,
        train_accuracy=tally.accuracy,
        learning_rate=trainer.learning_rate(step - 1),
        pictures_per_second=round((schedule.seen(step) - schedule.seen(before)) / trained, 1),
        seconds=round(seconds, 3),
        held_out_loss=judgement.loss if judgement else None,
        held_out_accuracy=judgement.accuracy if judgement else None,
    )
