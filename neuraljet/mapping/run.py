"""`classify --map`: whole pictures in, what is found in each out, as a table, as pictures, and scored against boxes."""

import csv
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnn.data.notes import Notes
from bnn.data.scenes import Scene, scenes
from bnn.errors import UserError
from bnn.integer.maps import is_map, over, pitch, tile_of
from bnn.integer.network import IntegerNetwork
from bnn.integer.reference import Ints
from bnn.model.options import require_whole
from bnn.storage.files import new_folder, refuse_foreign
from bnn.storage.folders import Kind
from bnn.storage.names import plain_names, printable
from bnn.storage.records import Record, entries
from neuraljet.classification import FORMULA
from neuraljet.mapping.boxes import ClassScore, Truth, matched, read_boxes, scores
from neuraljet.mapping.cells import Detection, Geometry, counts, detections
from neuraljet.mapping.drawing import drawn
from neuraljet.mapping.lead import ChosenLead, chosen_lead
from neuraljet.opened import Opened, open_folder

TABLE = "detections.csv"
KIND = Kind("map.json", "neuraljet-map")
LEAST_CELLS = 4  # of a detection: what is there is seen from neighbouring places, and a lone cell is mostly chance
MOST_LEAD, MOST_CELLS = 1 << 30, 1 << 24
GOOD_NAMES = ("ok", "good", "fine", "none", "background")  # of the good class, when nobody names it


@dataclass(frozen=True)
class MapClassification(Record):
    """What `classify --map` returns, and leaves as map.json."""

    format: str
    version: int
    model_sha256: str
    pictures: int
    cells: int  # of all pictures
    good: str  # the class of what is not looked for
    lead: int  # by which a cell leads the good class, at least, to be of a detection
    chosen: ChosenLead | None  # how the lead was chosen; None when it was given
    least_cells: int  # of a detection
    detections: int
    classes: Mapping[str, int]  # detections of each class that has some
    score: ClassScore | None  # against the boxes, where there are some
    class_scores: Mapping[str, ClassScore]
    files: tuple[str, ...]  # beside map.json
    notes: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture and what was found in it."""

    name: str
    cells: int
    found: list[Detection]


def classify_map(
    model: str | Path,
    pictures: str | Path,
    *,
    boxes: str | Path | None = None,
    out: str | Path | None = None,
    good: str | None = None,
    lead: int | None = None,
    least_cells: int = LEAST_CELLS,
    bits: int | None = None,
) -> MapClassification:
    """Find what is in whole pictures, by the integer network of a run of tiles, or of an accelerator of whole pictures.

    boxes: a table of boxes that somebody drew (neuraljet.mapping.boxes), to score against. out: a folder to make, with
    the table of detections and the pictures with their boxes drawn. good: the class of what is not looked for; None for
    the only class with a usual name. lead, least_cells: see `detections`; without a lead it is chosen on the tiles
    that the network learned from. UserError when a picture cannot be read or does not fit, and when there is none.
    """
    started = time.monotonic()
    require_whole("--least-cells", least_cells, 1, MOST_CELLS)
    opened = open_folder(model, maps=True)
    network = opened.network
    good_class = _good(network, good)
    truths = None if boxes is None else read_boxes(Path(boxes), network.classes)
    if out is not None:
        refuse_foreign(Path(out), KIND)  # before minutes are spent
    chosen = None
    if lead is None:
        chosen = chosen_lead(network, opened.source, good_class)
        lead = chosen.lead
    require_whole("--lead", lead, 1, MOST_LEAD)
    looker, notes = _Looker(opened, good_class, lead, least_cells), Notes(Path(pictures))
    seen: list[Seen] = []
    drawings: list[tuple[str, bytes]] = []
    for scene in scenes(pictures, network.input_shape[0], opened.fit(bits).bits, notes):
        seen.append(looker.look(scene))
        if out is not None:
            boxed = drawn(scene.image, seen[-1].found, _truths(truths, seen[-1].name), network.classes)
            drawings.append((scene.path.stem, boxed))
    if not seen:
        raise UserError(f"{pictures} names no pictures; give a folder of pictures, or a list with a path in each line")
    names = tuple(f"{name}.png" for name in plain_names(stem for stem, _ in drawings))
    total, each_class = _scored(seen, truths, network.classes)
    found = [each for some in seen for each in some.found]
    record = MapClassification(
        format=KIND.format,
        version=1,
        model_sha256=opened.model_sha256,
        pictures=len(seen),
        cells=sum(each.cells for each in seen),
        good=network.classes[good_class],
        lead=lead,
        chosen=chosen,
        least_cells=least_cells,
        detections=len(found),
        classes=counts(found, network.classes),
        score=total,
        class_scores=each_class,
        files=(TABLE, *names) if out is not None else (),
        notes=(*notes.lines(), *_without_pictures(truths, seen)),
        seconds=time.monotonic() - started,
    )
    if out is not None:
        with new_folder(Path(out), KIND) as folder:
            (folder / TABLE).write_text(_table(seen, truths, network.classes), encoding="utf-8")
            for name, (_, data) in zip(names, drawings, strict=True):
                (folder / name).write_bytes(data)
            (folder / KIND.file).write_text(record.to_json())
    return record


class _Looker:
    """Looks over pictures of any size, of which each has a network of its own."""

    def __init__(self, opened: Opened, good: int, lead: int, least_cells: int) -> None:
        self.opened, self.good, self.lead, self.least_cells = opened, good, lead, least_cells
        self.networks: dict[tuple[int, int], IntegerNetwork] = {}

    def look(self, scene: Scene) -> Seen:
        """Return what is found in a picture. UserError when it does not fit."""
        height, width = scene.image.shape[:2]
        network = self._network(scene, height, width)
        found: Ints = network.run(np.ascontiguousarray(scene.image.transpose(2, 0, 1)[None]))[0]
        geometry = Geometry.of(min(tile_of(network)), pitch(network))
        some = detections(found, self.good, self.lead, geometry, (height, width))
        return Seen(scene.path.name, found[0].size, [each for each in some if each.cells >= self.least_cells])

    def _network(self, scene: Scene, height: int, width: int) -> IntegerNetwork:
        network = self.opened.network
        if is_map(network):
            if network.input_shape[1:] != (height, width):
                raise UserError(
                    f"{printable(scene.path)} is {height}x{width}, and {self.opened.folder} takes pictures of "
                    f"{network.input_shape[1]}x{network.input_shape[2]}; give the run, which takes any size"
                )
            return network
        if (height, width) not in self.networks:
            self.networks[height, width] = over(network, height, width)
        return self.networks[height, width]


def _good(network: IntegerNetwork, name: str | None) -> int:
    """Return the class of what is not looked for."""
    classes = network.classes
    if name is not None:
        if name not in classes:
            raise UserError(f"--good {name}: the network has no such class; choose {', '.join(classes)}")
        return classes.index(name)
    usual = [place for place, each in enumerate(classes) if each.casefold() in GOOD_NAMES]
    if len(usual) != 1:
        raise UserError(f"which class is not looked for? Say so with --good: {', '.join(classes)}")
    return usual[0]


def _truths(truths: Mapping[str, list[Truth]] | None, name: str) -> list[Truth] | None:
    """Return the boxes of a picture; None where no boxes are known at all."""
    return None if truths is None else truths.get(name, [])


def _scored(
    seen: Sequence[Seen], truths: Mapping[str, list[Truth]] | None, classes: Sequence[str]
) -> tuple[ClassScore | None, dict[str, ClassScore]]:
    """Return the score of all pictures and of each class; None and nothing where no boxes are known."""
    if truths is None:
        return None, {}
    return scores([each.found for each in seen], [_truths(truths, each.name) or [] for each in seen], classes)


def _without_pictures(truths: Mapping[str, list[Truth]] | None, seen: Sequence[Seen]) -> list[str]:
    """Say which boxes are not of the pictures that were given."""
    names = {each.name for each in seen}
    left = [name for name in truths or {} if name not in names]
    shown = ", ".join(map(printable, left[:3])) + (", ..." if len(left) > 3 else "")
    return [f"boxes of {len(left)} pictures that were not given do not count ({shown})"] if left else []


def _table(seen: Sequence[Seen], truths: Mapping[str, list[Truth]] | None, classes: Sequence[str]) -> str:
    """Return the table of all detections; `right` is there where boxes are known."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    right = ["found_a_box"] if truths is not None else []
    writer.writerow(["scene", "left", "top", "right", "bottom", "class", "lead", "cells", *right])
    for each in seen:
        places = matched(each.found, _truths(truths, each.name) or [])
        name = f"./{each.name}" if each.name.startswith(FORMULA) else each.name
        for found, place in zip(each.found, places, strict=True):
            row = [name, *entries(found.box).values(), classes[found.label], found.lead, found.cells]
            writer.writerow([*row, *([int(place is not None)] if right else [])])
    return text.getvalue()
