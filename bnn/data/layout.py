"""How a folder of pictures is arranged: where its classes are, and which side of a split each picture is on.

    CLASS/...              to be split            SIDE/CLASS/...     split already; train, with test, val or both
    CLASS/SIDE/...         the same               WRAPPER/...        one folder too deep, any of these

A side is called as people call it: Training, test_set, val (bnn.data.words). Where a tree can be read in two ways, or
is made for another task, it is refused by a sentence. Everything that is left out is noted.
"""

from dataclasses import dataclass
from pathlib import Path

from bnn.data import words
from bnn.data.notes import Notes
from bnn.data.walk import Folder, scan
from bnn.errors import UserError
from bnn.storage.names import printable

SIDES = ("train", "validation", "test")
Classes = dict[str, list[Path]]  # class name -> its pictures, sorted by path


@dataclass(frozen=True)
class Layout:
    """The classes of each side: train and test and perhaps validation, or "all" alone."""

    sides: dict[str, Classes]
    places: dict[str, str]  # side -> its folder, for people


def read_layout(root: Path, notes: Notes) -> Layout:
    """Find classes and sides below `root`. Raises UserError for a tree that is something else."""
    top = _unwrapped(scan(root, notes), notes)
    sides = _sides(top, notes)
    if sides:
        return _parted(top, sides, notes)
    turned = _sides_in_classes(top, notes)
    if turned:
        return turned
    _refuse_products(top)
    return Layout({"all": _classes(top, notes)}, {"all": printable(top.path)})


def _unwrapped(folder: Folder, notes: Notes, inner: str | None = None) -> Folder:
    """Go down while there is nothing but one folder of folders; `inner` names those that a side may be wrapped in."""
    while True:
        _refuse_other_tasks(folder)
        filled = folder.filled()
        if folder.pictures or len(filled) != 1:
            return folder
        name, only = next(iter(filled.items()))
        wraps = any(child.any_picture() for child in only.folders.values())
        if inner is not None:
            wraps &= name.casefold() == inner.casefold() or name.casefold() in ("images", "pictures", "data")
        if not wraps or words.is_state(name) or (words.is_side_alone(name) and inner is None):
            return folder
        notes.say(f"{notes.shown(only.path)}/ is read, the only folder with pictures in {printable(folder.path)}")
        folder = only


def _refuse_other_tasks(folder: Folder) -> None:
    task = words.other_task(set(folder.folders))
    if task is None and any(path.suffix.lower() in (".xml", ".json") for path in _annotations(folder)):
        task = "a set of pictures with boxes or masks"
    if task:
        names = ", ".join(printable(name) for name in list(folder.folders)[:4])
        sorted_ones = [child for child in folder.filled().values() if len(child.filled()) > 1 and not child.pictures]
        hint = f"; or give {printable(sorted_ones[0].path)}, when its folders are classes" if sorted_ones else ""
        raise UserError(
            f"{printable(folder.path)} looks like {task}, because it has folders {names}, and its pictures are not "
            f"sorted by class; make one folder per class and put the pictures, or what is cut out of them, inside{hint}"
        )


def _annotations(folder: Folder) -> list[Path]:
    return [path for name, child in folder.folders.items() if words.is_mask(name) for path in child.not_pictures]


def _sides(top: Folder, notes: Notes) -> dict[str, Folder]:
    """Return the folders of `top` that are sides of a split; none when it has classes there."""
    filled = top.filled()
    found: dict[str, list[str]] = {}
    for name in filled:
        side = words.side_of(name)
        if side:
            found.setdefault(side, []).append(name)
    if len(found) < 2:
        _refuse_half_split(top, filled)
        return {}
    for side, names in found.items():
        if len(names) > 1:
            raise UserError(
                f"{printable(top.path)} has more than one folder that may be the {side} side ({', '.join(names[:4])}); "
                f"put class folders into one {side}/, or rename folders that are classes"
            )
    if "train" not in found:
        raise UserError(
            f"{printable(top.path)} has {' and '.join(name for names in found.values() for name in names)} and no "
            "train/; add it, or rename folders that are classes"
        )
    sides = {side: filled[found[side][0]] for side in SIDES if side in found}
    shown = " and ".join(f"{folder.path.name}/" for folder in sides.values())
    for name, folder in filled.items():
        if not any(folder is side for side in sides.values()):
            kind = "masks" if words.is_mask(name) else "pictures"
            notes.leave(f"{kind} beside {shown}", folder.path, len(folder.all_pictures()))
    if top.pictures:
        notes.leave(f"pictures beside {shown}", top.pictures[0], len(top.pictures))
    return sides


def _refuse_half_split(top: Folder, filled: dict[str, Folder]) -> None:
    for name, folder in filled.items():
        side = words.side_of(name)
        if side in ("train", "test") and words.is_side_alone(name) and folder.filled():
            other = "test" if side == "train" else "train"
            raise UserError(
                f"{printable(top.path)} has {name}/ and no {other}/; add {other}/, or give "
                f"{printable(folder.path)} itself to have it split"
            )


def _parted(top: Folder, sides: dict[str, Folder], notes: Notes) -> Layout:
    """Return the layout of a tree that is split already."""
    if "test" not in sides:
        sides = {"train": sides["train"], "test": sides["validation"]}
        notes.say(f"{sides['test'].path.name}/ is used for the test, because there is no test/")
    elif "validation" in sides:
        notes.say(f"{sides['validation'].path.name}/ judges the training; no picture of train is held out for it")
    named = [f"{folder.path.name}/ is {side}" for side, folder in sides.items() if side not in _same(folder)]
    if named:
        notes.say(f"the split of the folder is kept: {', '.join(named)}")
    sides = {side: _unwrapped(folder, notes, folder.path.name) for side, folder in sides.items()}
    for side, folder in sides.items():
        if side != "train" and folder.pictures and not folder.filled() and sides["train"].filled():
            raise UserError(
                f"{printable(folder.path)} has pictures without classes, so nothing can be tested on them; sort them "
                f"into class folders, or give {printable(sides['train'].path)} itself to have it split"
            )
    classes = {side: _classes(folder, notes, top) for side, folder in sides.items()}
    places = {side: printable(folder.path) for side, folder in sides.items()}
    compare_sides(classes, places)
    return Layout(classes, places)


def _same(folder: Folder) -> tuple[str, ...]:
    """Return the sides that need not be said of a folder of this name."""
    name = folder.path.name
    return ("validation", "test") if name in ("val", "valid") else (name,)


def compare_sides(classes: dict[str, Classes], places: dict[str, str]) -> None:
    """Raise UserError unless every class is in train and in test."""
    train = classes["train"]
    if len(train) == 1 and len(classes["test"]) > 1:
        untrained = ", ".join(printable(name) for name in classes["test"] if name not in train)
        raise UserError(
            f"{places['train']} has only one class ('{printable(next(iter(train)))}') and {places['test']} more "
            f"({untrained}), as sets for finding anomalies have it: every class must be trained; give {places['test']} "
            "itself to have it split, or move pictures of the other classes to train"
        )
    for side, there in classes.items():
        unknown = sorted(set(there) - set(train))
        if unknown:
            raise UserError(
                f"class '{printable(unknown[0])}' is in {places[side]} and has no picture in {places['train']}; add "
                f"pictures to train or remove it from {side}"
            )
    missing = sorted(set(train) - set(classes["test"]))
    if missing:
        raise UserError(
            f"class '{printable(missing[0])}' has no picture in {places['test']}; add pictures there or remove the "
            "class from both"
        )


def _sides_in_classes(top: Folder, notes: Notes) -> Layout | None:
    """Read CLASS/SIDE/..., where every class has its own train/ and test/."""
    filled = top.filled()
    inner = {name: _sides_within(folder) for name, folder in filled.items()}
    parted = [name for name, found in inner.items() if "train" in found and len(found) > 1]
    if not parted:
        return None
    if any(child.filled() for name in parted for child in inner[name].values() if not _only_masks(child)):
        raise UserError(
            f"{printable(top.path)} holds sets with train/ and test/ of their own ({', '.join(parted[:4])}); give one "
            f"of them, such as {printable(filled[parted[0]].path)}"
        )
    odd = [name for name in filled if name not in parted or set(inner[name]) != set(inner[parted[0]])]
    if odd or len(filled) < 2:
        raise UserError(
            f"{printable(top.path)}: {parted[0]}/ has {' and '.join(inner[parted[0]])} inside and "
            f"{odd[0] + '/ has not' if odd else 'is the only class'}; arrange all classes alike, as train/CLASS and "
            "test/CLASS"
        )
    classes: dict[str, Classes] = {side: {} for side in SIDES if side in inner[parted[0]]}
    for name, sides in inner.items():
        for side in classes:
            classes[side][name] = _pictures_of(sides[side], notes)
        used = [id(child) for child in sides.values()]
        unused = (child for child in filled[name].filled().values() if id(child) not in used)
        beside = filled[name].pictures + [path for child in unused for path in child.all_pictures()]
        if beside:
            notes.leave("pictures beside the train and test folders of a class", beside[0], len(beside))
    if top.pictures:
        notes.leave("pictures beside the class folders", top.pictures[0], len(top.pictures))
    if "test" not in classes:
        classes["test"] = classes.pop("validation")
        notes.say("the validation side is used for the test, because there is no test")
    notes.say(f"the split inside each class folder is kept ({', '.join(classes)})")
    return Layout(classes, {side: f"the {side} folders of {printable(top.path)}" for side in classes})


def _sides_within(folder: Folder) -> dict[str, Folder]:
    found = ((words.side_of(name), child) for name, child in folder.filled().items() if words.is_side_alone(name))
    by_side = {side: child for side, child in found if side}
    return {side: by_side[side] for side in SIDES if side in by_side}


def _only_masks(folder: Folder) -> bool:
    return all(words.is_mask(name) for name in folder.filled())


def _refuse_products(top: Folder) -> None:
    """Raise UserError for PRODUCT/good, PRODUCT/bad: whether the product or the state is the class is not said."""
    filled = top.filled()
    inner = [{name.casefold() for name in folder.filled()} for folder in filled.values()]
    common = set.intersection(*inner) if len(inner) > 1 else set()
    if len(common) > 1 and any(map(words.is_state, common)) and not any(map(words.is_state, filled)):
        names = ", ".join(printable(name) for name in list(filled)[:4])
        raise UserError(
            f"{printable(top.path)} holds several products ({names}), each with {' and '.join(sorted(common)[:4])}: "
            f"give one of them, such as {printable(next(iter(filled.values())).path)}, or make class folders that say "
            "what is to be told apart"
        )


def _classes(folder: Folder, notes: Notes, top: Folder | None = None) -> Classes:
    """Return class name -> pictures, of the folders directly in `folder`, which is `top` or a side in it."""
    filled = folder.filled()
    where = printable(folder.path)
    if not filled:
        _refuse_nothing(folder, where, top or folder)
    for name, child in folder.folders.items():
        kinds = [kind for inner in child.below() for kind in inner.foreign.values()]
        if name not in filled and kinds:
            raise UserError(f"{printable(child.path)} has no picture that can be read, only {kinds[0]}")
        if name not in filled:
            notes.leave("folders without a picture", child.path)
    for name in filled:
        if words.is_mask(name) and name.casefold() not in ("mask", "masks"):  # there are classes of faces with masks
            raise UserError(
                f"{where} has a folder {printable(name)} among its classes, which is a usual name for masks or boxes; "
                "move it elsewhere, or rename it when it is a class"
            )
    if folder.pictures:
        notes.leave("pictures beside the class folders", folder.pictures[0], len(folder.pictures))
    return {name: _pictures_of(child, notes) for name, child in filled.items()}


def _pictures_of(folder: Folder, notes: Notes) -> list[Path]:
    """Return every picture of one class, at any depth, except those in folders of masks or thumbnails."""
    found = list(folder.pictures)
    for name, child in folder.folders.items():
        inner = child.all_pictures()
        if words.is_mask(name) and inner:
            notes.leave("masks in folders inside class folders", child.path, len(inner))
        elif words.is_thumbnails(name) and inner:
            notes.leave("thumbnails in folders inside class folders", child.path, len(inner))
        elif inner:
            notes.take("pictures in folders inside class folders, as of the class outside", inner[0], len(inner))
            found += inner
    return sorted(found)


def _refuse_nothing(folder: Folder, where: str, top: Folder) -> None:
    names = ", ".join(printable(name) for name in list(folder.folders)[:5])
    kinds = [kind for inner in folder.below() for kind in inner.foreign.values()]
    tables = [path.name for path in folder.not_pictures + top.not_pictures if path.suffix.lower() in (".csv", ".tsv")]
    if folder.pictures:
        hint = f", or give the table of labels: --labels {printable(tables[0])}" if tables else ""
        raise UserError(
            f"{where} has pictures but no class folders; make one folder per class in it and put that class's pictures "
            f"inside{hint}"
        )
    if kinds:
        raise UserError(f"{where} has no picture that can be read, only {kinds[0]}")
    if folder.folders:
        raise UserError(
            f"{where} has folders ({names}) but no picture in them; put each class's pictures into its folder"
        )
    raise UserError(
        f"{where} has no class folders with pictures; make one folder per class in it and put that class's pictures "
        "inside"
    )
