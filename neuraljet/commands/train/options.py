"""The options of `neuraljet train`, some of which other commands have too."""

import argparse
import re

from bnn.errors import UserError
from neuraljet.commands.camera import add_camera
from neuraljet.commands.numbers import natural, positive

MOST_SEED, MOST_EPOCHS, MOST_STEPS = 2**31 - 1, 10**6, 10**9
MOST_THREADS = 1024
DEVICES, LOGS = ("auto", "cpu", "cuda", "mps"), ("tensorboard",)  # bnn.training.worker.DEVICES, without loading torch
TEACHERS = ("none", "float", "hog")  # what names no run: bnn.training.teachers, without loading torch
OPTIMIZERS = (  # bnn.training.rates.RATES
    "adam", "sgd", "momentum", "adagrad", "rmsprop", "adadelta", "amsgrad", "nadam", "adamw", "bop",
)  # fmt: skip
EFFORTS = ("default", "high")  # bnn.training.plan.ask.EFFORTS, without loading torch
LAYERS = ("bottleneck", "separable", "jets", "constrained", "binary")  # bnn.model.forms.FORMS, without loading torch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="folder of class folders or IDX files, or a set: biscuits, ...")
    parser.add_argument("--out", required=True, metavar="RUN", help="folder to make")
    add_labels(parser)
    parser.add_argument(
        "--network", metavar="small|medium|large|FILE", help="a named size or a TOML file, not a chosen one"
    )
    parser.add_argument("--layer", choices=LAYERS, help="form of the layers")
    parser.add_argument("--kernel", type=int, choices=(3, 5), help="kernel size of every layer")
    parser.add_argument("--size", metavar="HxW", help="scale the pictures to this size")
    parser.add_argument("--color", choices=("gray", "rgb"))
    parser.add_argument("--epochs", type=whole, metavar="N", help="passes over the pictures, instead of --steps")
    parser.add_argument("--seed", type=seed_number, default=0, metavar="N", help=f"from 0 to {MOST_SEED}")
    parser.add_argument("--resume", action="store_true", help="continue the training in RUN that was interrupted")
    parser.add_argument("--steps", type=whole, metavar="N", help="how long to train: steps of 64 pictures (3,600)")
    parser.add_argument("--effort", choices=EFFORTS, default=EFFORTS[0], help="high: three times as many steps")
    parser.add_argument("--balance", action="store_true", help="each class counts the same, however few its pictures")
    parser.add_argument("--augment", metavar="auto|none|NAMES", help="how pictures are varied: flip_x,shift,light,...")
    parser.add_argument("--folds", type=whole, metavar="N", help="cross-validate in N parts (5 below 500 pictures)")
    parser.add_argument("--starts", type=whole, metavar="N", help="begin from N seeds and go on with the best (1)")
    parser.add_argument(
        "--teacher", default="none", metavar="|".join((*TEACHERS, "RUN")), help="learn its scores beside the labels too"
    )
    parser.add_argument("--init", metavar="RUN", help="begin with the first layers of another run")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="adam", help="what learns (adam)")
    parser.add_argument("--learning-rate", type=positive, metavar="X", help="at the first step (of adam 0.03)")
    parser.add_argument(
        "--adversarial", type=natural, default=0, metavar="LEVELS", help="learn against a noise of so many grey levels"
    )
    add_budget(parser)
    parser.add_argument("--map", action="store_true", help="a network of tiles that runs over whole pictures, too")
    parser.add_argument("--window", type=whole, metavar="SIDE", help="cut windows of this side from the tiles")
    add_camera(parser)
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="what trains: the CPU (default) or a GPU")
    parser.add_argument("--threads", type=whole, metavar="N", help="threads of the CPU; their number is in the run")
    parser.add_argument("--log", choices=LOGS, help="draw curves of each round, beside log.jsonl")


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what the pictures are."""
    parser.add_argument("--labels", metavar="FILE.csv", help="table with columns path and class, maybe group and split")
    parser.add_argument(
        "--group-by", metavar="REGEX|COLUMN", help="what keeps pictures of a part, lot or day on one side of splits"
    )


def add_budget(parser: argparse.ArgumentParser) -> None:
    """Add the options that a network is chosen by."""
    parser.add_argument("--sites", type=whole, metavar="N", help="LUT sites that the accelerator may take (1,800)")
    parser.add_argument("--fps", type=positive, metavar="N", help="frames per second to reach (a pixel per clock)")
    parser.add_argument(
        "--ramb18", type=int, metavar="N", help="block RAMs that it may take (4 at a pixel per clock, 16 at a rate)"
    )


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add --trust, for the commands that run what is in an accelerator folder."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="run RTL and C++ that build would not write of the network; they can run any program",
    )


def parse_size(text: str, what: str = "size", such: str = "64x64") -> tuple[int, int]:
    """Read HxW as (height, width). what, such: the option and an example, for messages."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if not match:
        raise UserError(f"{what} '{text}' is not HEIGHTxWIDTH, such as {such}")
    return int(match[1]), int(match[2])


def whole(text: str) -> int:
    """Read a whole number of at least 1."""
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def seed_number(text: str) -> int:
    """Read a whole number that random generators take."""
    if not re.fullmatch(r"\d{1,10}", text) or int(text) > MOST_SEED:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {MOST_SEED}")
    return int(text)
