"""The options that describe a camera."""

import argparse
from typing import TYPE_CHECKING

from neuraljet.commands.numbers import natural

if TYPE_CHECKING:
    from bnn.camera import Camera

NEEDED = ("roi", "bin", "beat", "format", "framing")


def add_camera(parser: argparse.ArgumentParser) -> None:
    """Add the options; what they may be is checked with the camera."""
    group = parser.add_argument_group("camera", "the pictures are whole frames as a camera delivers them")
    group.add_argument("--camera", metavar="HxW", help="size of a frame, for example 800x1280")
    group.add_argument("--roi", metavar="Y,X,H,W", help="region that the network sees, in camera pixels (the frame)")
    group.add_argument("--bin", type=natural, metavar="N", help="blocks of N x N become a pixel, their mean (1)")
    group.add_argument("--beat", type=natural, metavar="1|2|4", help="pixels that come at once (1)")
    group.add_argument("--format", metavar="F", help="gray8, raw10, raw12, rgb888, gbr888, bayer-rggb8, ... (gray8)")
    group.add_argument("--framing", metavar="video|frame", help="TUSER and TLAST of lines, or TLAST of frames (video)")


def camera_of(options: argparse.Namespace, color: str | None = None) -> "Camera | None":
    """Return the camera that the options describe; None without --camera. UserError for the others without it."""
    from bnn.camera import read_camera
    from bnn.errors import UserError

    given = {name: getattr(options, name) for name in NEEDED if getattr(options, name) is not None}
    if options.camera is None:
        if given:
            name = next(iter(given))
            raise UserError(f"--{name} {given[name]} is for frames of a camera; say --camera HxW too, or leave it out")
        return None
    return read_camera(options.camera, **given, color=color)
