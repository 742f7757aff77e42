"""neuraljet tune: choose what is added to the scores, so that few bad parts escape or few good ones are rejected."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from bnn.errors import UserError
from neuraljet.commands.numbers import natural

if TYPE_CHECKING:
    from bnn.integer.decision import OperatingPoint
    from bnn.integer.rates import Curve
    from bnn.integer.reference import Ints
    from finn_build.operating import Found, PointFile, Rate
    from neuraljet.held_pictures import Labelled
    from neuraljet.opened import Opened

NAME = "tune"
HELP = "Choose how many bad parts may escape, or good ones be rejected, without a new training or build"
EXAMPLE = "neuraljet tune run --good good --max-escape 0.5%"


def tune(
    folder: str | Path,
    *,
    good: str,
    max_escape: float | None = None,
    max_false_reject: float | None = None,
    least_margin: int = 0,
    held_out: str | Path | None = None,
    out: str | Path | None = None,
) -> "PointFile":
    """Choose the offset of the class `good` for the network of a run or accelerator folder, and write it there.

    An escape is a bad part that is called good, a false reject a good part that is not; all other classes are bad.
    max_escape, max_false_reject: shares of the bad and of the good held-out pictures, 0 to below 1; at least one. The
    other mistake becomes as rare as it can. least_margin: decisions with a smaller margin are unsure. held_out: other
    labelled pictures to choose on, see neuraljet.held_pictures. Test pictures are never chosen on. out: the file to
    write, operating_point.json in the folder when None.

    Return what the file says. UserError for a class that is not there, rates that are none, and when no offset keeps to
    them on the held-out pictures; it names the nearest.
    """
    from bnn.integer.rates import choose, curve, good_offset
    from finn_build.operating import FILE, FORMAT, VERSION, PointFile
    from neuraljet.held_pictures import pictures_of
    from neuraljet.opened import open_folder

    for name, value in (("--max-escape", max_escape), ("--max-false-reject", max_false_reject)):
        if value is not None and not 0 <= value < 1:
            raise UserError(f"{name} {value:g} is no share; give one from 0 to below 1, or from 0% to below 100%")
    if max_escape is None and max_false_reject is None:
        raise UserError("nothing to keep to: give --max-escape, --max-false-reject, or both")
    opened = open_folder(folder)
    classes, target = opened.network.classes, Path(out) if out is not None else Path(folder) / FILE
    if good not in classes:
        raise UserError(f"--good {good}: the network has no such class; choose {', '.join(classes)}")
    if len(classes) < 2:
        raise UserError(f"{folder}: its network has one class, so no part is bad; train with a class of bad parts")
    _refuse_others(target)
    number = classes.index(good)
    chosen_on, test = pictures_of(opened, held_out)
    held_scores = _scores(opened, chosen_on)
    if not (chosen_on.labels == number).any() or not (chosen_on.labels != number).any():
        missing = "good" if not (chosen_on.labels == number).any() else "bad"
        raise UserError(f"there is no {missing} part among the {chosen_on.words}; give others with --held-out FOLDER")
    found = curve(held_scores, chosen_on.labels, number)
    offset = choose(found, max_escape, max_false_reject)
    _refuse_useless(found, offset, good, max_escape, max_false_reject)
    assert offset is not None
    point = good_offset(number, len(classes), offset, least_margin)
    _check_registers(opened, point)
    asked = [f"at most {100 * value:.3g}% {what}" for value, what in _asked(max_escape, max_false_reject)]
    content = PointFile(
        format=FORMAT,
        version=VERSION,
        classes=classes,
        good=good,
        offsets=point.offsets,
        least_margin=least_margin,
        asked=" and ".join(asked),
        held_out=_found(chosen_on, held_scores, point, number),
        test=_found(test, _scores(opened, test), point, number),
        model_sha256=opened.model_sha256,
    ).sealed()
    _write(opened, target, out is None, content)
    return content


def _asked(max_escape: float | None, max_false_reject: float | None) -> list[tuple[float, str]]:
    pairs = ((max_escape, "of the bad parts escape"), (max_false_reject, "of the good parts are rejected"))
    return [(value, what) for value, what in pairs if value is not None]


def _scores(opened: "Opened", pictures: "Labelled") -> "Ints":
    import numpy as np

    return opened.network.run(np.ascontiguousarray(pictures.images.transpose(0, 3, 1, 2)))


def _found(pictures: "Labelled", scores: "Ints", point: "OperatingPoint", good: int) -> "Found":
    """Return what the point does on these pictures."""
    from bnn.integer.decision import decide
    from bnn.integer.rates import Share, mistakes
    from finn_build.operating import Found, Rate

    def rate(share: Share) -> Rate:
        return Rate(share.number, share.of, *share.interval())

    decided = decide(scores, point)
    made = mistakes(pictures.labels, decided.classes, good)
    unsure = Share(int(decided.unsure.sum()), len(scores))
    return Found(pictures.words, rate(made.escapes), rate(made.false_rejects), rate(unsure))


def _refuse_useless(
    found: "Curve", offset: int | None, good: str, max_escape: float | None, max_false_reject: float | None
) -> None:
    """Raise UserError when no offset keeps to the limits, or only one that calls all parts the same."""
    made = None if offset is None else found.at(offset)
    if made is not None and made.false_rejects.rate < 1 and made.escapes.rate < 1:
        return
    useful = [m for m in map(found.at, found.offsets.tolist()) if m.false_rejects.rate < 1 and m.escapes.rate < 1]
    if not useful:
        raise UserError(
            f"the network does not tell {good!r} from the other classes on the held-out pictures: every offset rejects "
            "all good parts or lets all bad ones escape; train again"
        )
    if max_escape is None:
        near = min(useful, key=lambda m: (m.false_rejects.rate, m.escapes.rate))
    elif max_false_reject is None:
        near = min(useful, key=lambda m: (m.escapes.rate, m.false_rejects.rate))
    else:
        near = min(useful, key=lambda m: max(m.escapes.rate - max_escape, m.false_rejects.rate - max_false_reject))
    asked = " and ".join(f"{100 * value:.3g}% {what}" for value, what in _asked(max_escape, max_false_reject))
    raise UserError(
        f"no offset keeps to at most {asked} on the {found.bad_parts} bad and {found.good_parts} good held-out pictures"
        f"{'' if made is None else ' without calling all parts the same'}; the nearest lets {near.escapes.rate:.2%} "
        f"escape and rejects {near.false_rejects.rate:.2%}"
    )


def _check_registers(opened: "Opened", point: "OperatingPoint") -> None:
    """Raise UserError for a point that the registers of the accelerator, or of the one that is built, do not hold."""
    from bnn.integer.decision import check_point
    from bnn.integer.intervals import signed_bits
    from bnn.integer.network import SCORES

    bits = opened.manifest.output.value_bits if opened.manifest else signed_bits(*opened.network.intervals()[SCORES])
    check_point(point, opened.network.classes, bits)


def _refuse_others(target: Path) -> None:
    """Raise UserError when a file that `tune` did not write is where its own is to be."""
    from bnn.storage.records import parse_json
    from finn_build.operating import FORMAT

    if not target.parent.is_dir():
        raise UserError(f"--out {target}: there is no folder {target.parent}; make it first")
    if target.is_symlink() or target.exists():
        try:
            content = parse_json(target.read_bytes()) if target.is_file() and not target.is_symlink() else None
        except (OSError, ValueError):
            content = None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise UserError(f"{target} would be replaced, and `neuraljet tune` did not write it; choose another --out")


def _write(opened: "Opened", target: Path, into_folder: bool, content: "PointFile") -> None:
    from bnn.storage.files import write_file
    from finn_build.manifest import write_report

    if into_folder and opened.manifest is not None:
        write_report(opened.folder, opened.manifest, target.name, content)
    else:
        write_file(target, content.to_json())


def _share(text: str) -> float:
    """Read 0.5% or 0.005."""
    number = text[:-1] if text.endswith("%") else text
    value = float(number) if re.fullmatch(r"[0-9]*\.?[0-9]+([eE]-?[0-9]{1,2})?", number) else -1.0
    value = value / 100 if text.endswith("%") else value
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share; give one such as 0.5% or 0.005, below 100%")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="RUN|ACC", help="folder that train or build made")
    parser.add_argument("--good", required=True, metavar="CLASS", help="the class of good parts; all others are bad")
    parser.add_argument("--max-escape", type=_share, metavar="SHARE", help="of the bad parts, called good: 0.5%%")
    parser.add_argument(
        "--max-false-reject", type=_share, metavar="SHARE", help="of the good parts that are called bad"
    )
    parser.add_argument(
        "--least-margin", type=natural, default=0, metavar="N", help="decisions with a smaller margin are unsure"
    )
    parser.add_argument(
        "--held-out", metavar="DATA", help="other labelled pictures to choose on, in a folder per class"
    )
    parser.add_argument("--out", metavar="FILE", help="write this file, and not operating_point.json in the folder")


def main(options: argparse.Namespace) -> tuple[bool, "PointFile"]:
    result = tune(
        options.folder, good=options.good, max_escape=options.max_escape, max_false_reject=options.max_false_reject,
        least_margin=options.least_margin, held_out=options.held_out, out=options.out,
    )  # fmt: skip
    print(summary(result))
    from finn_build.operating import FILE

    print(f"operating point: {options.out or Path(options.folder) / FILE}")
    return True, result


def summary(result: "PointFile") -> str:
    """Return both rates on held-out and test pictures, and what so few pictures cannot show, for people."""
    from bnn.integer.rates import least_shown
    from bnn.storage.names import printable

    offset = result.offsets[result.classes.index(result.good)]
    lines = [
        f"{offset:+d} to the score of {printable(result.good)}: {result.asked} of the {result.held_out.pictures}",
        f"{'':10} {'escapes':>34} {'false rejects':>34} {'unsure':>34}",
    ]
    for name, found in (("held out", result.held_out), ("test", result.test)):
        parts = (found.escapes, found.false_rejects, found.unsure)
        lines.append(f"{name:10} " + " ".join(f"{_rate(part):>34}" for part in parts))
    for name, found in (("held-out", result.held_out), ("test", result.test)):
        for part, of in ((found.escapes, "bad"), (found.false_rejects, "good")):
            lines.append(
                f"note: {part.of} {of} {name} pictures cannot show a rate below {least_shown(part.of):.2%} (95 %), "
                "even with none wrong among them"
            )
    return "\n".join(lines)


def _rate(found: "Rate") -> str:
    return f"{found.number} of {found.of}: {found.low:.1%} to {found.high:.1%}"
