"""Training: a data set and a network description in, a run folder out.

    run/  run.json                what was asked: data, network, settings; a digest of the pictures
          checkpoint.safetensors  while training only: everything --resume needs, sealed
          weights.safetensors     the best epoch's latent weights and batch-norm statistics
          model.onnx              the frozen network (QONNX)
          metrics.json            accuracy, confusion matrix, per-class precision and recall, what was noted of the
                                  pictures, SHA-256 of the other files; written last

Each epoch draws its order and augmentations from (seed, epoch) alone, so an interrupted training that
resumes ends with the same weights as one that ran through. Binary weights jump, so running batch-norm
statistics lag behind them: they are re-estimated with frozen weights before every evaluation. The held-out
pictures are looked at in the last quarter of the epochs: before that the learning rate still throws weights about.
A training whose numbers stop being finite ends with an error and its last good checkpoint.
"""

import hashlib
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn
from tqdm import tqdm

from bnn.data import Dataset
from bnn.errors import ToolError
from bnn.integer.freeze import FrozenNetwork, freeze
from bnn.model.layers import Norm
from bnn.model.network import Network
from bnn.model.spec import NetworkSpec
from bnn.qonnx.write import write_qonnx
from bnn.storage.files import lock, write_file
from bnn.storage.records import entries
from bnn.storage.work import work_folder
from bnn.training.augment import augment
from bnn.training.check import check_links
from bnn.training.checkpoints import check_like, damaged, pack, unpack
from bnn.training.runs import CHECKPOINT, METRICS, MODEL, WEIGHTS, claim, finish, finished, put, require_free

ESTIMATION_FRAMES = 2048  # pictures that batch-norm statistics are re-estimated from between epochs
EVALUATION_BATCH = 256


@dataclass(frozen=True)
class TrainConfig:
    """How to train; the defaults suit the data sets in datasets/."""

    epochs: int = 60
    seed: int = 0
    batch: int = 64
    learning_rate: float = 3e-2  # Adam, falling to zero along a cosine
    label_smoothing: float = 0.0
    augment: tuple[str, ...] = ()
    validation: float = 0.05  # of the training pictures, held out to choose the best epoch unless the set has some


class Trainer:
    """One training, from its first epoch or from a checkpoint."""

    def __init__(self, data: Dataset, spec: NetworkSpec, config: TrainConfig) -> None:
        self.data, self.spec, self.config = data, spec, config
        images = _frames(data.train_images)
        labels = torch.from_numpy(data.train_labels)
        if data.validation_images is not None and data.validation_labels is not None:
            self.images, self.labels = images, labels
            self.held_images = _frames(data.validation_images)
            self.held_labels = torch.from_numpy(data.validation_labels)
        else:
            kept, held = hold_out(data.train_labels, config.validation, config.seed)
            self.images, self.labels = images[kept], labels[kept]
            self.held_images, self.held_labels = images[held], labels[held]
        torch.manual_seed(config.seed)
        shape = (images.shape[1], images.shape[2], images.shape[3])
        self.network = Network(spec, shape, len(data.classes))
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=config.learning_rate)
        self.epoch, self.best, self.best_accuracy = 0, math.inf, 0.0
        asked = json.dumps([entries(spec), entries(config), data.digest])
        self.identity = hashlib.sha256(asked.encode()).hexdigest()  # of the training that a checkpoint belongs to
        self.best_state = _copy(self.network.state_dict())

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.images) / self.config.batch)

    def run_epoch(self) -> Iterator[tuple[float, float]]:
        """Train one epoch; yields (loss, accuracy so far) after every step."""
        generator = torch.Generator().manual_seed(self.config.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(self.images), generator=generator)
        loss_sum, right, seen = 0.0, 0, 0
        self.network.train()
        for step, batch in enumerate(order.tensor_split(self.steps_per_epoch)):
            progress = (self.epoch + step / self.steps_per_epoch) / self.config.epochs
            for group in self.optimizer.param_groups:
                group["lr"] = self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
            frames = augment(self.images[batch], self.config.augment, generator)
            scores = self.network(frames.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(scores, self.labels[batch], label_smoothing=self.config.label_smoothing)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self._refuse_divergence("loss", loss)
            loss_sum += loss.item() * len(batch)
            right += int((scores.argmax(1) == self.labels[batch]).sum())
            seen += len(batch)
            yield loss_sum / seen, right / seen
        for name, value in self.network.state_dict().items():
            self._refuse_divergence(name, value)
        self.epoch += 1

    def _refuse_divergence(self, name: str, value: Tensor) -> None:
        if not bool(torch.isfinite(value).all()):
            worst = value.detach()[~torch.isfinite(value)].flatten()[0]
            raise ToolError(
                f"the training diverged in epoch {self.epoch + 1}: {name} is {float(worst)}, so no network was "
                "exported; train again with another --seed or network, or from Python with a smaller learning_rate"
            )

    @property
    def settled(self) -> bool:
        """In the last quarter of the epochs, of which the best one is kept. The last epoch always is."""
        return self.epoch > 0.75 * self.config.epochs

    def evaluate(self) -> None:
        """Judge the network on the held-out pictures with fresh batch-norm statistics; keep the best epoch's weights.

        Best is the lowest loss: on few pictures it says more than the accuracy.
        """
        estimate_statistics(self.network, self.images[:ESTIMATION_FRAMES])
        scores = _scores(self.network, self.held_images)
        loss = float(F.cross_entropy(scores, self.held_labels))
        self._refuse_divergence("the loss on the held-out pictures", torch.tensor(loss))
        if loss <= self.best:  # of equals the later, which saw the lower learning rate
            self.best, self.best_state = loss, _copy(self.network.state_dict())
            self.best_accuracy = float((scores.argmax(1) == self.held_labels).float().mean())

    def finish(self) -> Network:
        """The network with the best epoch's weights and statistics from all training pictures."""
        self.network.load_state_dict(self.best_state)
        estimate_statistics(self.network, self.images)
        return self.network

    def checkpoint(self) -> bytes:
        """All that `restore` needs, sealed."""
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"best.{k}": v for k, v in self.best_state.items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{k}": v for k, v in state.items()}
        best = self.best if math.isfinite(self.best) else None
        numbers = {"epoch": self.epoch, "best": best, "best_accuracy": self.best_accuracy, "training": self.identity}
        return pack(tensors, numbers)

    def restore(self, path: Path) -> None:
        """Continue from a checkpoint; UserError when it is damaged or of another training."""
        tensors, numbers = unpack(path)
        try:
            if numbers.get("training") != self.identity:
                raise ValueError("it is of another training: of other pictures, settings or network")
            epoch, best, accuracy = (numbers[key] for key in ("epoch", "best", "best_accuracy"))
            if type(epoch) is not int or not 1 <= epoch <= self.config.epochs:
                raise ValueError(f"epoch {epoch!r} is not one of 1 to {self.config.epochs}")
            if not (best is None or (type(best) is float and best >= 0)):
                raise ValueError(f"best loss {best!r} is no number from 0")
            if type(accuracy) is not float or not 0 <= accuracy <= 1:
                raise ValueError(f"best accuracy {accuracy!r} is no number from 0 to 1")
            state = self.network.state_dict()
            adam = [
                {"step": torch.tensor(0.0), "exp_avg": weight, "exp_avg_sq": weight}
                for weight in self.network.parameters()
            ]
            like = {f"network.{k}": v for k, v in state.items()} | {f"best.{k}": v for k, v in state.items()}
            like |= {f"adam.{i}.{k}": v for i, entry in enumerate(adam) for k, v in entry.items()}
            check_like(tensors, like)
            if any(float(tensors[f"adam.{i}.step"]) != epoch * self.steps_per_epoch for i in range(len(adam))):
                raise ValueError(f"the steps are not those of {epoch} epochs")
        except (KeyError, ValueError) as error:
            raise damaged(path, error) from error
        self.network.load_state_dict(_under("network.", tensors))
        self.best_state = _under("best.", tensors)
        moments = {i: _under(f"adam.{i}.", tensors) for i in range(len(adam))}
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.epoch, self.best, self.best_accuracy = epoch, math.inf if best is None else best, accuracy


def hold_out(labels: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices (kept, held): `fraction` of each class is held out, rounded; nothing of a class too small for it.

    When nothing at all can be held out, the kept pictures stand in for the held ones.
    """
    generator = np.random.default_rng(seed)
    held = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        held[members[: round(fraction * len(members))]] = True
    kept = np.flatnonzero(~held)
    return kept, np.flatnonzero(held) if held.any() else kept


def _frames(images: np.ndarray) -> Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()  # [N, H, W, C] -> [N, C, H, W]


def _copy(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v.detach().clone() for k, v in state.items()}


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def estimate_statistics(network: Network, images: Tensor) -> None:
    """Set every batch norm to the mean and variance over `images` under the present weights; leaves eval mode."""
    norms = [m for m in network.modules() if isinstance(m, Norm)]
    momenta = [m.momentum for m in norms]
    for norm in norms:
        norm.reset_running_stats()
    network.train()
    with torch.no_grad():
        for i, batch in enumerate(images.split(EVALUATION_BATCH)):
            if len(batch) > 1:
                for norm in norms:
                    norm.momentum = 1 / (i + 1)  # the average so far
                network(batch.contiguous(memory_format=torch.channels_last))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()


def predict(network: nn.Module, images: Tensor) -> Tensor:
    """Class of each picture; ties go to the lowest index."""
    return torch.from_numpy(np.argmax(_scores(network, images).numpy(), axis=1))


def _scores(network: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([network(batch) for batch in images.split(EVALUATION_BATCH)])


def train(
    data: Dataset,
    spec: NetworkSpec,
    out: Path,
    config: TrainConfig,
    *,
    source: dict[str, Any] | None = None,
    resume: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Train `spec` on `data` into the run folder `out` and return its metrics.

    `source` says how to load the data again (kept in the model for `verify`). UserError when `out` holds something
    else, or holds a run and `resume` is not set, or is being trained by another process; ToolError when the training
    diverges.
    """
    trainer = Trainer(data, spec, config)
    asked = {
        "data": source or {"source": data.name},
        "network": entries(spec),
        "config": entries(config),
        "pictures": _pictures(data),
    }
    with lock(out):
        claim(out, json.loads(json.dumps(asked)), resume)
        checkpoint = out / CHECKPOINT
        if resume and (out / METRICS).exists():
            metrics = finished(out)
        else:
            if resume and checkpoint.exists():
                trainer.restore(checkpoint)
            if trainer.epoch < config.epochs:
                require_free(out, (WEIGHTS, MODEL))
            metrics = _run(trainer, out, source or {"source": data.name}, progress)
        checkpoint.unlink(missing_ok=True)
    return metrics


def _pictures(data: Dataset) -> dict[str, Any]:
    """What tells one set from another."""
    labels = {"train": data.train_labels, "test": data.test_labels, "validation": data.validation_labels}
    counts = {side: 0 if there is None else len(there) for side, there in labels.items()}
    return {"classes": list(data.classes), **counts, "sha256": data.digest}


def _run(trainer: Trainer, out: Path, source: dict[str, Any], progress: bool) -> dict[str, Any]:
    """Train the epochs that are left and write what comes of them."""
    started, config, checkpoint = time.monotonic(), trainer.config, out / CHECKPOINT
    with tqdm(
        total=config.epochs * trainer.steps_per_epoch,
        initial=trainer.epoch * trainer.steps_per_epoch,
        disable=not progress,
        unit="step",
        mininterval=0.5,
        bar_format="{desc} {percentage:3.0f}%|{bar:24}| {elapsed}<{remaining}{postfix}",
    ) as bar:
        while trainer.epoch < config.epochs:
            bar.set_description_str(f"epoch {trainer.epoch + 1}/{config.epochs}")
            for loss, accuracy in trainer.run_epoch():
                bar.update()
                best = f" held out {trainer.best_accuracy:.1%}" if trainer.best < math.inf else ""
                bar.set_postfix_str(f"loss {loss:.3f} train {accuracy:.1%}{best}", refresh=False)
            if trainer.settled:
                trainer.evaluate()
            write_file(checkpoint, trainer.checkpoint())
    return _finish(trainer, out, source, started)


def _finish(trainer: Trainer, out: Path, source: dict[str, Any], started: float) -> dict[str, Any]:
    network, data = trainer.finish(), trainer.data
    test = _frames(data.test_images)
    frozen = freeze(network, data.classes, {"neuraljet.data": json.dumps(source)})
    put(out / WEIGHTS, save(_copy({k: v.contiguous() for k, v in network.state_dict().items()})))
    with work_folder() as temporary:
        write_qonnx(frozen, temporary / MODEL)
        put(out / MODEL, (temporary / MODEL).read_bytes())
    links = check_links(frozen, FrozenNetwork(frozen), out / MODEL, test.numpy())
    predicted, floating = links.classes, predict(network, test).numpy()
    count = len(data.classes)
    confusion = np.zeros((count, count), np.int64)  # [true, predicted]
    np.add.at(confusion, (data.test_labels, predicted), 1)
    metrics = {
        "test_accuracy": float((predicted == data.test_labels).mean()),
        "test_frames": len(predicted),
        "validation_accuracy": trainer.best_accuracy,
        "float_disagreements": int((predicted != floating).sum()),
        "links": {"frames": links.frames, "torch": links.torch_mismatches, "qonnx": links.qonnx_mismatches},
        "classes": list(data.classes),
        "confusion": confusion.tolist(),
        "per_class": {
            name: {
                "precision": _ratio(confusion[i, i], confusion[:, i].sum()),
                "recall": _ratio(confusion[i, i], confusion[i].sum()),
            }
            for i, name in enumerate(data.classes)
        },
        "epochs": trainer.config.epochs,
        "seed": trainer.config.seed,
        "network": trainer.spec.name,
        "notes": [*data.notes, *_dead(predicted, data.classes)],
        "seconds": time.monotonic() - started,
    }
    return finish(out, metrics)


def _dead(predicted: np.ndarray, classes: tuple[str, ...]) -> list[str]:
    """A note when every picture gets one class."""
    if len(set(predicted.tolist())) > 1:
        return []
    only = classes[int(predicted[0])]
    return [f"the network calls every test picture {only!r}: it has not learned to tell the classes apart"]


def _ratio(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
