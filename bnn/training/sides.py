"""The pictures that training learns from, and those that judge its rounds."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bnn.data import Dataset
from bnn.data.split import whole_groups
from bnn.training.config import TrainConfig

FEW = 4  # pictures of a class, of which one can be spared


@dataclass(frozen=True, eq=False)
class Sides:
    """Pictures uint8 [N, C, H, W] and labels [N], to learn from and held out."""

    images: Tensor
    labels: Tensor
    held_images: Tensor
    held_labels: Tensor
    held_names: tuple[str, ...] = ()  # where they came from; none when nobody knows, or when none are held out
    held_out: bool = True  # False: there is nothing to hold out, and the pictures to learn from stand in

    def on(self, device: torch.device) -> "Sides":
        """Return the same on a device."""
        return Sides(
            self.images.to(device),
            self.labels.to(device),
            self.held_images.to(device),
            self.held_labels.to(device),
            self.held_names,
            self.held_out,
        )


def split_sides(data: Dataset, config: TrainConfig) -> Sides:
    """Take the validation side of the set where it has one, else hold some of the training pictures out."""
    images, labels = frames(data.train_images), torch.from_numpy(data.train_labels)
    if data.validation_images is not None and data.validation_labels is not None:
        held_images, held_labels = frames(data.validation_images), torch.from_numpy(data.validation_labels)
        return Sides(images, labels, held_images, held_labels, data.validation_names)
    kept, held = hold_out(data.train_labels, config.validation, config.seed, data.train_groups)
    some = len(kept) < len(images)
    names = tuple(data.train_names[i] for i in held) if some and data.train_names else ()
    return Sides(images[kept], labels[kept], images[held], labels[held], names, some)


def hold_out(
    labels: np.ndarray, fraction: float, seed: int, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return indices (kept, held): `fraction` of each class, rounded, is held out, at least one of FEW.

    groups: of each picture [N]; pictures of one are held out together, and then the numbers are met nearly.

    So a rare class is judged too, and a rarer one keeps its pictures to be learned from. When nothing at all can be
    held out, the kept pictures stand in for the held ones.
    """
    generator = np.random.default_rng(seed)
    held = np.zeros(len(labels), bool)
    wanted = [_wanted(int(count), fraction) for count in np.bincount(labels)]
    if groups is not None:
        held = whole_groups(labels, groups, np.array(wanted), seed)
    else:
        for label in np.unique(labels):
            members = generator.permutation(np.flatnonzero(labels == label))
            held[members[: wanted[label]]] = True
    kept = np.flatnonzero(~held)
    return kept, np.flatnonzero(held) if held.any() else kept


def _wanted(pictures: int, fraction: float) -> int:
    return max(1 if fraction > 0 and pictures >= FEW else 0, round(fraction * pictures))


def frames(images: np.ndarray) -> Tensor:
    """Return pictures [N, H, W, C] as networks take them: [N, C, H, W]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
