"""Random changes to training pictures that leave the label true: a name each, in bnn.training.augment.names."""

from bnn.training.augment.apply import augment
from bnn.training.augment.names import AUGMENTATIONS, GROUPS, check_names

__all__ = ["AUGMENTATIONS", "GROUPS", "augment", "check_names"]
