"""Stopping a training after a round and going on later, to the same weights as without the stop."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import Tensor

from bnn.storage.records import entries, parse
from bnn.training.checkpoints import check_like, damaged, pack, unpack
from bnn.training.machine import Machine
from bnn.training.optimizers import memory, memory_like
from bnn.training.trainer import Trainer

NOISE = "adversary."


@dataclass(frozen=True)
class Progress:
    """The numbers of a checkpoint."""

    round: int  # rounds that are done
    training: str  # Trainer.identity
    machines: tuple[Machine, ...]  # that it ran on, one after the other

    def check(self, rounds: int) -> None:
        """Raise ValueError unless a training of `rounds` can have these numbers."""
        if type(self.round) is not int or not 1 <= self.round <= rounds:
            raise ValueError(f"round {self.round!r} is not one of 1 to {rounds}")
        if not self.machines:
            raise ValueError("no machine is named")


def checkpoint(trainer: Trainer) -> bytes:
    """Return all that `restore` needs, sealed."""
    tensors = {f"network.{k}": v for k, v in trainer.network.state_dict().items()}
    tensors |= {f"objective.{k}": v for k, v in trainer.objective.state().items()}
    tensors |= {f"{_memory(trainer)}{k}": v for k, v in memory(trainer.optimizer, trainer.parameters.values).items()}
    tensors |= _noise(trainer)
    progress = Progress(trainer.round, trainer.identity, trainer.machines)
    return pack(tensors, entries(progress))


def restore(trainer: Trainer, path: Path) -> None:
    """Let `trainer` go on from a checkpoint; UserError when that is damaged or of another training."""
    tensors, numbers = unpack(path)
    try:
        progress = _progress(numbers, trainer)
        check_like(tensors, _expected(trainer))
        steps = trainer.schedule.first_step(progress.round)
        if float(tensors.get(f"{_memory(trainer)}step", steps)) != steps:  # SGD counts none
            raise ValueError(f"the steps are not those of {progress.round} rounds")
    except (KeyError, ValueError, TypeError) as error:
        raise damaged(path, error) from error
    trainer.network.load_state_dict(_under("network.", tensors))
    groups = trainer.optimizer.state_dict()["param_groups"]
    trainer.optimizer.load_state_dict({"state": {0: _under(_memory(trainer), tensors)}, "param_groups": groups})
    if trainer.adversary is not None:
        trainer.adversary.restore(_under(NOISE, tensors))
    trainer.objective.restore(_under("objective.", tensors))
    trainer.round = progress.round
    before = progress.machines
    trainer.machines = before if before[-1] == trainer.machines[0] else (*before, *trainer.machines)


def _progress(numbers: Mapping[str, Any], trainer: Trainer) -> Progress:
    if "best" in numbers or "epoch" in numbers:
        raise ValueError("an earlier version wrote it")
    if numbers.get("training") != trainer.identity:
        raise ValueError("it is of another training: of other pictures, settings or network")
    values = {field.name: numbers[field.name] for field in fields(Progress)}
    progress = Progress(**values | {"machines": parse(tuple[Machine, ...], values["machines"], "machines")})
    progress.check(trainer.schedule.rounds)
    return progress


def _expected(trainer: Trainer) -> dict[str, Tensor]:
    """Return tensors with the names, shapes and types of those that a checkpoint holds."""
    expected = {f"network.{k}": v for k, v in trainer.network.state_dict().items()}
    expected |= {f"objective.{k}": v for k, v in trainer.objective.state().items()}
    remembered = memory_like(trainer.config.optimizer, trainer.parameters.values, trainer.network)
    expected |= {f"{_memory(trainer)}{k}": v for k, v in remembered.items()}
    return expected | _noise(trainer)


def _noise(trainer: Trainer) -> dict[str, Tensor]:
    """Return the noise that the training learns against, if it does."""
    if trainer.adversary is None:
        return {}
    return {f"{NOISE}{name}": value for name, value in trainer.adversary.state().items()}


def _memory(trainer: Trainer) -> str:
    """Return what the names of the tensors begin with that the optimizer remembers."""
    return f"{trainer.config.optimizer}."


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
