"""The names of the augmentations, and which of them are chosen together."""

from collections.abc import Sequence

from bnn.errors import UserError

# What a search accepts or leaves as one, by what it says of the camera and the part.
GROUPS = {
    "mirrors": ("flip_x", "flip_y"),
    "quarter turns": ("rot90",),
    "place": ("shift",),
    "light": ("light", "blur", "noise"),
    "angle": ("rotate", "scale"),
}
AUGMENTATIONS = tuple(name for group in GROUPS.values() for name in group)


def check_names(names: Sequence[str]) -> None:
    """Raise UserError for a name that is no augmentation, and for one that stands twice."""
    unknown = sorted(set(names) - set(AUGMENTATIONS))
    if unknown:
        raise UserError(f"augmentation {unknown[0][:60]!r} is unknown; choose from {', '.join(AUGMENTATIONS)}")
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise UserError(f"augmentation {twice!r} stands twice; name it once")
