"""What people call the folders of a set: sides of a split, states of a part, masks, and the trees of other tasks."""

import re
import unicodedata

_WHAT = "(s?(set|data|daten|images|bilder|menge))?"
_SIDES = {
    "train": re.compile(f"(train|training|trn|entrainement|apprentissage|entrenamiento|addestramento){_WHAT}"),
    "validation": re.compile(f"(val|valid|validation|validate|validierung|validacion|dev|eval|evaluation){_WHAT}"),
    "test": re.compile(f"(test|testing|tst|prueba|pruebas){_WHAT}"),
}
_STATES = re.compile(
    "good|bad|ok|okay|ng|nok|io|nio|pass|passed|fail|failed|faulty|faults?|defects?|defective|normal|abnormal|anomaly|"
    "anomalous|broken|damaged|intact|whole|scratch|scratched|crack|cracked|worn|missing|present|positive|negative|pos|"
    "neg|accept|reject|accepted|rejected|clean|dirty|fresh|rotten"
)
_MASKS = {"mask", "masks", "label", "labels", "ground_truth", "groundtruth", "ground-truth", "gt", "annotation",
          "annotations"}  # fmt: skip
_VOC = {"jpegimages", "segmentationclass", "segmentationobject", "imagesets"}
_COCO = re.compile(r"(train|val|test)20\d\d")
_IMAGES = {"images", "image", "imgs", "img"}


def side_of(name: str) -> str | None:
    """Return train, validation or test when a folder's name says one of them, and only one.

    >>> [side_of(name) for name in ("Training", "test_set", "seg_train", "val2017", "train_test", "good")]
    ['train', 'test', 'train', 'validation', None, None]
    """
    words = _words(name)
    sides = {side for side, pattern in _SIDES.items() for word in words if pattern.fullmatch(word)}
    return sides.pop() if len(sides) == 1 else None


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name.casefold())  # accents become characters of their own
    return re.split(r"[^a-z]+", "".join(c for c in plain if not unicodedata.combining(c)))


def is_side_alone(name: str) -> bool:
    """Tell whether the name is nothing but a side's: Train or test_set, and not train_station."""
    words = [word for word in _words(name) if word]
    rest = [word for word in words if word not in ("set", "data", "images", "pictures", "split", "folder")]
    return len(rest) == 1 and side_of(rest[0]) is not None


def is_state(name: str) -> bool:
    """Tell whether the name says how a part is, so that it is a class and no product."""
    return any(_STATES.fullmatch(word) for word in _words(name))


def is_mask(name: str) -> bool:
    """Tell whether a folder of that name beside pictures holds masks or boxes."""
    return name.casefold() in _MASKS


def is_thumbnails(name: str) -> bool:
    """Tell whether a folder of that name beside pictures holds small copies of them."""
    return name.casefold() in ("thumb", "thumbs", "thumbnail", "thumbnails", "previews")


def other_task(names: set[str]) -> str | None:
    """Return what a set with folders of these names is made for, when that is not to tell classes."""
    folded = {name.casefold() for name in names}
    if folded & _VOC:
        return "a Pascal VOC set (objects in boxes or masks)"
    if any(_COCO.fullmatch(name) for name in folded):
        return "a COCO set (objects in boxes)"
    if folded & _IMAGES and "labels" in folded:
        return "a YOLO set (objects in boxes)"
    if folded & _IMAGES and folded & _MASKS:
        return "a set of pictures with masks or boxes"
    return None
