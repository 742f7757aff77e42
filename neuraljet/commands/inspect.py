"""neuraljet inspect: what is in a set of pictures, without training."""

import argparse
import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from bnn.errors import UserError
from bnn.storage.files import write_file
from bnn.storage.names import printable
from bnn.storage.records import entries
from neuraljet.commands.tables import columns, left
from neuraljet.commands.train.options import add_labels

if TYPE_CHECKING:
    from bnn.data.survey import Pair, Survey

NAME = "inspect"
HELP = "Look through labelled pictures before training: counts, sizes, brightness, duplicates, odd ones"
EXAMPLE = "neuraljet inspect pictures/ --group-by 'lot[0-9]+' --out pictures.csv"
MOST_SHOWN = 3  # pairs, or pictures of one kind of oddity
ENDS = (".json", ".csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="folder of class folders or IDX files, or a set: biscuits, ...")
    add_labels(parser)
    parser.add_argument("--out", metavar="FILE.json|csv", help="write everything as JSON, or a row per picture as CSV")


def main(options: argparse.Namespace) -> "tuple[bool, dict[str, object]]":
    from bnn.data.survey import survey

    out = None if options.out is None else Path(options.out)
    if out is not None:
        _refuse(out)
    found = survey(options.data, options.labels, options.group_by)
    print(text(found))
    if out is not None:
        _refuse(out)  # it may have come meanwhile
        write_file(out, found.to_json() if out.suffix.lower() == ".json" else table(found))
        print(f"written: {out}")
    return found.problem is None, {name: value for name, value in entries(found).items() if name != "pictures"}


def _refuse(out: Path) -> None:
    if out.suffix.lower() not in ENDS:
        raise UserError(f"--out {out}: give a name that ends in .json or .csv")
    if os.path.lexists(out):
        raise UserError(f"--out {out} exists already; choose another name, or move it away")
    if not out.parent.is_dir():
        raise UserError(f"--out {out}: there is no folder {out.parent}; make it, or choose another")


def table(found: "Survey") -> str:
    """Return a row per picture as CSV."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        ("path", "class", "split", "group", "height", "width", "color", "bits", "brightness", "contrast", "remarks")
    )
    for picture in found.pictures:
        seen = picture.seen
        facts = (
            (seen.height, seen.width, "rgb" if seen.color else "gray", seen.bits, seen.brightness, seen.contrast)
            if seen
            else ("",) * 6
        )
        writer.writerow((picture.path, picture.label, picture.side, picture.group, *facts, "; ".join(picture.remarks)))
    return file.getvalue().encode(errors="backslashreplace").decode()


def text(found: "Survey") -> str:
    """Return the survey for people."""
    lines = [
        f"{printable(found.name)}: {len(found.pictures)} pictures of {len({p.label for p in found.parts})} classes"
    ]
    lines += _parts(found)
    sizes = ", ".join(f"{size} ({count})" for size, count in found.sizes[:4])
    more = f", and {len(found.sizes) - 4} more" if len(found.sizes) > 4 else ""
    lines.append(f"sizes, height x width: {sizes}{more}" if found.sizes else "no picture can be read")
    if found.groups is not None:
        lines.append(f"groups: {found.groups}, of which {len(found.parted_groups)} lie on several sides")
    lines.append(_pairs("copies of another file", found.copies))
    lines.append(_pairs("near-duplicates", found.near))
    lines += _suspicious(found)
    lines += [f"note: {note}" for note in found.notes]
    if found.problem:
        lines.append(f"cannot be trained on as it is: {found.problem}")
    return "\n".join(lines)


def _parts(found: "Survey") -> list[str]:
    width = max(5, *(columns(part.label) for part in found.parts)) if found.parts else 5
    lines = [f"{'class':{width}}  {'side':10}  pictures  brightness  +-    contrast  in colour"]
    for part in found.parts:
        side = "not split" if part.side == "all" else part.side
        lines.append(
            f"{left(part.label, width)}  {side:10}  {part.pictures:8d}  {part.brightness:10.1f}  "
            f"{part.brightness_spread:4.1f}  {part.contrast:8.1f}  {part.color:9d}"
        )
    return lines


def _pairs(what: str, pairs: "tuple[Pair, ...]") -> str:
    """Return how many pairs there are; those that matter most are named: on two sides, or of two classes."""
    if not pairs:
        return f"{what}: none"
    named = sorted(pairs, key=lambda pair: (not pair.across, not pair.labels_differ))[:MOST_SHOWN]
    some = ", ".join(f"{printable(pair.other)} ~ {printable(pair.one)}" for pair in named)
    across, differ = sum(pair.across for pair in pairs), sum(pair.labels_differ for pair in pairs)
    return f"{what}: {len(pairs)}, of which {across} on two sides and {differ} in two classes ({some})"


def _suspicious(found: "Survey") -> list[str]:
    kinds: dict[str, list[str]] = {}
    for path, why in found.suspicious:
        kinds.setdefault(why.split(":")[0], []).append(f"{printable(path)}{why.removeprefix(why.split(':')[0])}")
    if not kinds:
        return ["pictures that look odd: none"]
    lines = [f"pictures that look odd: {len({path for path, _ in found.suspicious})}"]
    for kind, those in kinds.items():
        more = f", and {len(those) - MOST_SHOWN} more" if len(those) > MOST_SHOWN else ""
        lines.append(f"  {kind} ({len(those)}): {'; '.join(those[:MOST_SHOWN])}{more}")
    return lines
