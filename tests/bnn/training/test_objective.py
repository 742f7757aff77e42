"""The plain objective is cross entropy; balanced, each class weighs the same whatever its number of pictures."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from bnn.data import Dataset
from bnn.errors import UserError
from bnn.model.spec import Block, NetworkSpec
from bnn.training.config import TrainConfig
from bnn.training.objective import Objective, class_weights
from bnn.training.resume import checkpoint, restore
from bnn.training.trainer import Trainer

LABELS = torch.tensor([0] * 60 + [1] * 30 + [2] * 10)
CONFIG = TrainConfig(steps=6, batch=8, augment=("flip_x",))


def test_class_weights_are_inverse_to_the_frequency_with_mean_one() -> None:
    weights = class_weights(LABELS, 3)
    assert torch.allclose(weights[LABELS].mean(), torch.tensor(1.0))
    assert torch.allclose(weights * torch.bincount(LABELS), torch.full((3,), 100 / 3))
    assert bool(torch.isfinite(class_weights(LABELS, 4)).all())  # a class without a picture to learn from


def test_losses() -> None:
    scores = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    images, indices = torch.zeros(100, 1, 2, 2, dtype=torch.uint8), torch.arange(100)
    plain = Objective(TrainConfig(label_smoothing=0.1), LABELS, 3)
    assert torch.equal(
        plain.loss(scores, LABELS, images, indices), F.cross_entropy(scores, LABELS, label_smoothing=0.1)
    )
    assert torch.equal(plain.judge(scores, LABELS), F.cross_entropy(scores, LABELS))
    balanced = Objective(TrainConfig(balance=True), LABELS, 3)
    by_class = [F.cross_entropy(scores[a:b], LABELS[a:b]) for a, b in ((0, 60), (60, 90), (90, 100))]
    assert torch.allclose(balanced.loss(scores, LABELS, images, indices), torch.stack(by_class).mean())
    assert torch.allclose(balanced.judge(scores, LABELS), torch.stack(by_class).mean())


class Remembering(Objective):
    """Counts what it was asked, and keeps what it was shown."""

    def __init__(self) -> None:
        super().__init__(CONFIG, LABELS, 2)
        self.asked = torch.zeros(())
        self.shown: list[tuple[Tensor, Tensor, Tensor]] = []

    def loss(self, scores: Tensor, labels: Tensor, images: Tensor, indices: Tensor) -> Tensor:
        self.asked += 1
        self.shown.append((labels, images, indices))
        return super().loss(scores, labels, images, indices)

    def state(self) -> dict[str, Tensor]:
        return {"asked": self.asked}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        self.asked = tensors["asked"].clone()


def trainer() -> Trainer:
    r = np.random.default_rng(0)
    images, labels = r.integers(0, 256, (20, 8, 8, 1)).astype(np.uint8), np.arange(20) % 2
    spec = NetworkSpec("tiny", (Block(2, pool=2),))
    result = Trainer(Dataset("toy", ("a", "b"), images, labels, images, labels), spec, CONFIG)
    result.objective = Remembering()
    return result


def test_the_trainer_shows_each_batch_and_keeps_the_state(tmp_path: Path) -> None:
    begun = trainer()
    for _ in range(4):
        list(begun.run_round())
    objective = begun.objective
    assert isinstance(objective, Remembering)
    for labels, images, indices in objective.shown:
        assert torch.equal(labels, begun.sides.labels[indices])
        originals = begun.sides.images[indices]
        same = (images == originals).flatten(1).all(1) | (images == originals.flip(3)).flatten(1).all(1)
        assert images.dtype == torch.uint8 and bool(same.all())
    (tmp_path / "c").write_bytes(checkpoint(begun))
    resumed = trainer()
    restore(resumed, tmp_path / "c")
    assert isinstance(resumed.objective, Remembering) and int(resumed.objective.asked) == 4
    plain = trainer()
    plain.objective = Objective(CONFIG, LABELS, 2)
    with pytest.raises(UserError, match=r"tensors missing or unknown: objective\.asked"):
        restore(plain, tmp_path / "c")
