"""How to get the same run again: the command, and what decides its result."""

import shlex
from dataclasses import dataclass, fields
from importlib import metadata
from pathlib import Path

from bnn.data.cards import cards
from bnn.model.forms import FORMS
from bnn.model.spec import HEAD, SIZES, Block, NetworkSpec, load_spec
from bnn.storage.records import sha256
from bnn.system.commit import commit, version
from bnn.training.config import STEPS
from bnn.training.rates import OPTIMIZER, RATES
from bnn.training.runs import ASKED, MODEL, WEIGHTS, Request

PACKAGES = ("torch", "numpy", "brevitas", "qonnx", "onnx", "pillow")
FILE = "network.toml"


@dataclass(frozen=True)
class Again:
    """What a person needs to train the same network."""

    command: str
    network: str | None  # text of network.toml, where no name stands for the network
    versions: tuple[tuple[str, str], ...]
    hashes: tuple[tuple[str, str], ...]  # SHA-256 of the pictures and of the run's files


def again(run: Path, asked: Request) -> Again:
    """Return the command, the versions here and now, and the hashes of a run, finished or not."""
    options, file = network_options(asked.network)
    if asked.hardware is not None and asked.hardware.fps is not None:
        options += ["--fps", f"{asked.hardware.fps:.15g}"]
    words = ["neuraljet", "train", asked.data.source, "--out", run.name, *options, *_settings(asked)]
    versions = [("neuraljet", _own_version()), *((name, metadata.version(name)) for name in PACKAGES)]
    hashes = [("pictures", asked.pictures.sha256)]
    hashes += [(name, sha256(run / name)) for name in (ASKED, WEIGHTS, MODEL) if (run / name).is_file()]
    return Again(shlex.join(words), file, tuple(versions), tuple(hashes))


def _settings(asked: Request) -> list[str]:
    config, source = asked.config, asked.data
    words = ["--seed", f"{config.seed}"]
    for option, value in (("--labels", source.labels), ("--group-by", source.group_by)):
        if value is not None:
            words += [option, value]
    if source.size is not None:
        words += ["--size", f"{source.size[0]}x{source.size[1]}"]
    if source.color is not None:
        words += ["--color", source.color]
    if config.epochs is not None:
        words += ["--epochs", f"{config.epochs}"]
    elif config.steps != STEPS or source.source in cards():
        words += ["--steps", f"{config.steps}"]
    words += ["--augment", ",".join(config.augment) or "none", "--folds", f"{config.folds}"]
    if config.starts > 1:
        words += ["--starts", f"{config.starts}"]
    if config.balance:
        words.append("--balance")
    if config.teacher != "none":
        words += ["--teacher", config.teacher]
    if config.init is not None:
        words += ["--init", config.init]
    if config.optimizer != OPTIMIZER:
        words += ["--optimizer", config.optimizer]
    if config.adversarial:
        words += ["--adversarial", f"{config.adversarial}"]
    if config.rate != RATES[config.optimizer]:
        words += ["--learning-rate", f"{config.rate!r}"]
    return words


def network_options(spec: NetworkSpec) -> tuple[list[str], str | None]:
    """Return the options of `train` that stand for a network, and the text of the file that they name, if they do."""
    if spec.name in SIZES:
        named = load_spec(spec.name)
        for form in (None, *FORMS):
            for kernel in (None, 3, 5):
                try:
                    same = named.with_layer(form, kernel) == spec
                except ValueError:  # a kernel that the form does not have
                    continue
                if same:
                    words = ["--network", spec.name, *(["--layer", form] if form else [])]
                    return words + (["--kernel", f"{kernel}"] if kernel else []), None
    return ["--network", FILE], network_text(spec)


def network_text(spec: NetworkSpec) -> str:
    """Return a network as the TOML text that `train --network FILE` reads."""
    lines = [f"hidden = [{', '.join(map(str, spec.hidden))}]"]
    for field in fields(NetworkSpec):
        value = getattr(spec, field.name)
        if field.name in HEAD and value != field.default:
            lines.append(f"{field.name} = {_toml(value)}")
    for block in spec.blocks:
        lines.append("\n[[block]]")
        for field in fields(Block):
            value = getattr(block, field.name)
            if field.name == "channels" or value != field.default:
                lines.append(f"{field.name} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _own_version() -> str:
    """Return our version, and the commit where this is a checkout of git."""
    found = commit()
    return f"{version()}, commit {found}" if found else version()
