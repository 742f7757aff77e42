"""What a person asks of the planning, and what is done when nothing is said."""

from bnn.data import Dataset
from bnn.errors import UserError
from bnn.training.augment import AUGMENTATIONS, check_names
from bnn.training.config import AUTO, STEPS

FOLDS, FEW_PICTURES = 5, 500  # so many folds, for sets with fewer training pictures than that
FEWEST_STEPS = 600  # of a training that folds are made for when nobody asks for them
EFFORTS = {"default": 1, "high": 3}  # how many times the default's steps


def length(steps: int | None, epochs: int | None, effort: str, data: Dataset) -> int | None:
    """Return TrainConfig.steps: those that are asked for, else of the card or the default, by the effort.

    None where epochs say how long. UserError when two of them do.
    """
    if effort not in EFFORTS:
        raise UserError(f"effort {effort!r} is unknown; allowed: {', '.join(EFFORTS)}")
    said = [f"--{name} {value}" for name, value in (("steps", steps), ("epochs", epochs)) if value is not None]
    said += [f"--effort {effort}"] if EFFORTS[effort] > 1 else []
    if len(said) > 1:
        raise UserError(f"{' and '.join(said)} both say how long to train; give one of them")
    if said and EFFORTS[effort] == 1:
        return steps
    return EFFORTS[effort] * ((data.card.steps if data.card else None) or STEPS)


def augmentation(text: str | None, data: Dataset) -> tuple[str, ...]:
    """Return TrainConfig.augment for "auto", "none" or names with commas; None: the card's, else chosen by trials."""
    if text is None:
        return data.card.augment if data.card else AUTO
    if text in ("auto", "none"):
        return AUTO if text == "auto" else ()
    names = tuple(name.strip() for name in text.split(","))
    try:
        check_names(names)
    except UserError as error:
        raise UserError(f"--augment {text[:200]}: {error}; or give auto or none") from None
    height, width = data.train_images.shape[1:3]
    if "rot90" in names and height != width:
        raise UserError(f"--augment rot90 turns square pictures only, and these are {height}x{width}; leave it out")
    return tuple(name for name in AUGMENTATIONS if name in names)


def fold_count(folds: int | None, data: Dataset, steps: int) -> int:
    """Return TrainConfig.folds; None: 5 for small sets without a validation side, else 1. steps: of the training."""
    if folds is not None:
        return folds
    few = len(data.train_labels) < FEW_PICTURES and data.validation_labels is None
    return FOLDS if few and steps >= FEWEST_STEPS else 1
