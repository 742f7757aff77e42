"""The training loop.

A training is a number of steps, in rounds (bnn.training.schedule). What a step draws depends on the seed and its number
alone, so an interrupted training that resumes ends with the same weights as one that ran through. Binary weights jump,
and running batch-norm statistics lag behind them. So the statistics are estimated anew with frozen weights before every
evaluation.

The last weights are the result. The learning rate has fallen to zero by then, and what a few held-out pictures say of
the rounds before is mostly chance: of the last fifteen rounds of one training (bsdata, 2,000 steps, 80 pictures held
out) the one with the lowest loss had 87.6 % on other pictures, the last one 91.8 %.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from bnn.data import Dataset
from bnn.errors import ToolError
from bnn.model.network import Network
from bnn.model.spec import NetworkSpec
from bnn.storage.records import entries
from bnn.training.adversarial import UniversalNoise
from bnn.training.augment import augment
from bnn.training.config import TrainConfig
from bnn.training.distil import objective_of
from bnn.training.evaluation import estimate_statistics, scores_of
from bnn.training.flat import FlatParameters
from bnn.training.initial import begin_with
from bnn.training.machine import Machine
from bnn.training.optimizers import optimizer_of
from bnn.training.schedule import Draw, Schedule
from bnn.training.sides import split_sides
from bnn.training.worker import CPU, Worker, require_slices

ESTIMATION_FRAMES = 2048  # pictures that batch-norm statistics are estimated from between rounds


class Judgement(NamedTuple):
    """What the network reaches on the held-out pictures."""

    loss: float
    accuracy: float  # 0 to 1


class Tally:
    """What the steps of a round reached together; its numbers are read from the device only when they are asked for."""

    def __init__(self, device: torch.device) -> None:
        self.pictures = 0
        self.loss_sum, self.right = torch.zeros((), device=device), torch.zeros((), device=device)

    def add(self, loss: Tensor, scores: Tensor, labels: Tensor) -> None:
        """Count a step: its mean loss, scores [N, classes] and labels [N]."""
        self.pictures += len(labels)
        self.loss_sum = loss * len(labels) + self.loss_sum
        self.right = (scores.argmax(1) == labels).sum() + self.right

    def add_up(self, worker: Worker) -> None:
        """Count what the other processes counted too."""
        pictures = torch.full_like(self.right, self.pictures)
        sums = torch.stack([self.loss_sum, self.right, pictures])
        worker.add_up(sums)
        self.loss_sum, self.right, self.pictures = sums[0], sums[1], int(sums[2])

    @property
    def loss(self) -> float:
        return float(self.loss_sum) / self.pictures

    @property
    def accuracy(self) -> float:
        return float(self.right) / self.pictures


class Trainer:
    """One training, from its first round; bnn.training.resume lets it begin at a checkpoint."""

    def __init__(self, data: Dataset, spec: NetworkSpec, config: TrainConfig, worker: Worker | None = None) -> None:
        """worker: this process; None trains alone, on the CPU."""
        self.data, self.spec, self.config, self.worker = data, spec, config, worker or Worker()
        self.sides = split_sides(data, config).on(self.worker.device)
        torch.manual_seed(config.seed)
        _, height, width, channels = data.train_images.shape
        self.network = Network(spec, (channels, height, width), len(data.classes))
        self.begun_with = begin_with(self.network, Path(config.init)) if config.init else None
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
        self.network.to(self.worker.device)
        self.parameters = FlatParameters(self.network)
        self.optimizer = optimizer_of(config.optimizer, self.parameters.values, self.network, config.rate)
        self.schedule = Schedule.of(config, len(self.sides.images))
        require_slices(self.worker, self.schedule.pictures, self.schedule.steps_per_pass)
        noisy = config.adversarial > 0
        shape, device = self.sides.images.shape[1:], self.worker.device
        self.adversary = UniversalNoise(tuple(shape), config.adversarial, device) if noisy else None
        self.objective = objective_of(config, self.sides, data.classes)
        self.machines: tuple[Machine, ...] = (self.worker.machine(),)  # more when it is resumed on another
        self.round = 0

    @cached_property
    def identity(self) -> str:
        """What tells this training from all others: a digest of its network, settings and pictures."""
        asked = [entries(self.spec), entries(self.config), self.data.digest]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    def run_round(self) -> Iterator[Tally]:
        """Train one round; yield what it reached so far after every step. ToolError when it diverges."""
        images, labels, schedule, worker = self.sides.images, self.sides.labels, self.schedule, self.worker
        tally = Tally(worker.device)
        self.objective.begin()
        self.network.train()
        batches: tuple[Tensor, ...] = ()
        for step in schedule.steps_of(self.round):
            number, place = divmod(step, schedule.steps_per_pass)
            if not batches or place == 0:
                batches = tuple(batch.to(worker.device) for batch in schedule.order(number))
            batch = worker.slice(batches[place])
            self.optimizer.param_groups[0]["lr"] = self.learning_rate(step)
            frames = images[batch]
            if self.config.augment:
                draw = schedule.generator(Draw.AUGMENT, step, worker.process)
                frames = augment(frames, self.config.augment, draw)
            shown = frames if self.adversary is None else self.adversary.add(frames)
            scores = self.network(shown.contiguous(memory_format=torch.channels_last))
            loss = self.objective.loss(scores, labels[batch], frames, batch)
            self.parameters.gradient.zero_()
            (loss if worker.processes == 1 else loss * (len(batch) / len(batches[place]))).backward()
            worker.add_up(self.parameters.gradient)
            self.optimizer.step()
            if self.adversary is not None:
                worker.add_up(self.adversary.gradient)
                self.adversary.step()
            tally.add(loss.detach(), scores.detach(), labels[batch])
            yield tally
        tally.add_up(worker)
        self._refuse_divergence("loss", tally.loss_sum)
        for name, value in self.network.state_dict().items():
            self._refuse_divergence(name, value)
        self.round += 1

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        return self.config.rate * 0.5 * (1 + math.cos(math.pi * step / self.schedule.steps))

    def _refuse_divergence(self, name: str, value: Tensor) -> None:
        if not bool(torch.isfinite(value).all()):
            worst = value.detach()[~torch.isfinite(value)].flatten()[0]
            raise ToolError(
                f"the training diverged in round {self.round + 1} of {self.schedule.rounds}: {name} is {float(worst)}, "
                "so no network was exported; train again with another --seed or network, or a smaller --learning-rate"
            )

    @property
    def settled(self) -> bool:
        """Whether this is in the last quarter of the rounds, in which the held-out pictures are looked at."""
        return self.round > 0.75 * self.schedule.rounds

    def evaluate(self) -> Judgement:
        """Judge the network on the held-out pictures with fresh batch-norm statistics."""
        estimate_statistics(self.network, self.sides.images[:ESTIMATION_FRAMES])
        scores = scores_of(self.network, self.sides.held_images)
        loss = float(self.objective.judge(scores, self.sides.held_labels))
        self._refuse_divergence("the loss on the held-out pictures", torch.tensor(loss))
        accuracy = float((scores.argmax(1) == self.sides.held_labels).float().mean())
        return Judgement(loss, accuracy)

    def finish(self) -> Network:
        """Return the network with the last weights and statistics from all training pictures, on the CPU."""
        estimate_statistics(self.network, self.sides.images)
        return self.network.to(CPU)


def copy_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state that further training does not change."""
    return {name: value.detach().clone() for name, value in state.items()}
