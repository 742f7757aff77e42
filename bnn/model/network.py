"""Networks described by a small TOML file or dataclass, and the trainable network made from it.

    [[block]]
    channels = 16        # outputs of the convolution
    pool = 2             # max-pooling after the sign (1: none)

Pixels enter raw; normalisation is the batch norm after the first convolution.
"""

from dataclasses import dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from brevitas.function.ops_ste import round_ste
from torch import Tensor, nn

from bnn.errors import UserError
from bnn.model.layers import FORMS, BinaryConv2d, BinaryLinear, NeuralJetConv2d, Norm, Sign
from bnn.storage.tables import parse_toml, read_toml

SIZES = ("small", "medium", "large")
MOST_LAYERS = 64  # of blocks, and of hidden layers
PIXEL_SCALE = 2.0**-6  # keeps training numbers near 1; a power of two, so sums stay exact


@dataclass(frozen=True)
class Block:
    """Convolution, batch norm, sign, max-pooling."""

    channels: int  # outputs
    kernel: int = 3
    form: str = "bottleneck"  # of FORMS; the first block of a jet network is always constrained
    maps: int = 4  # M, bottleneck only
    stride: int = 1
    padding: bool = True  # same size with -1 (0 on pixels), or none
    pool: int = 1


@dataclass(frozen=True)
class NetworkSpec:
    """The layers of a network; the classifier is a binary dense layer with integer scores."""

    name: str
    blocks: tuple[Block, ...]
    hidden: tuple[int, ...] = ()  # widths of binary dense layers before the classifier

    def with_layer(self, form: str | None, kernel: int | None) -> "NetworkSpec":
        """The same network with another form or kernel size in every block."""
        blocks = self.blocks
        if form is not None:
            if form not in FORMS:
                raise UserError(f"layer '{form}' is unknown; choose one of {', '.join(FORMS)}")
            blocks = tuple(replace(b, form=form) for b in blocks)
        if kernel is not None:
            blocks = tuple(replace(b, kernel=kernel) for b in blocks)
        return replace(self, blocks=blocks)


def load_spec(name: str | Path) -> NetworkSpec:
    """Read one of the sizes small, medium, large, or a TOML file of your own."""
    if str(name) in SIZES:
        return parse_spec((resources.files("bnn.model") / "networks" / f"{name}.toml").read_text(), str(name))
    path = Path(name)
    if not path.is_file():
        raise UserError(f"network '{name}' is neither {', '.join(SIZES)} nor a TOML file")
    where = f"network '{path}'"
    return _spec_of(read_toml(path, where), path.stem, where)


def parse_spec(text: str, name: str) -> NetworkSpec:
    """Read the TOML text of a network; UserError names the entry that is wrong."""
    where = f"network '{name}'"
    return _spec_of(parse_toml(text, where), name, where)


def _spec_of(table: dict[str, Any], name: str, where: str) -> NetworkSpec:
    unknown, entries = set(table) - {"block", "hidden"}, table.get("block")
    if unknown or not entries or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        other = f", and {', '.join(map(repr, sorted(unknown)))[:200]} is unknown" if unknown else ""
        raise UserError(f"{where} needs [[block]] tables and optionally 'hidden'{other}")
    if len(entries) > MOST_LAYERS:
        raise UserError(f"{where} has {len(entries)} blocks; allowed are at most {MOST_LAYERS}")
    known = {f.name: f for f in fields(Block)}
    blocks = []
    for i, entry in enumerate(entries):
        if set(entry) - set(known) or "channels" not in entry:
            raise UserError(f"{where}, block {i}: needs channels; allowed are {', '.join(known)}")
        block = Block(**entry)
        checks = (
            ("channels", _whole(block.channels, 1, 1024), "1 to 1024"),
            ("form", block.form in FORMS, ", ".join(FORMS)),
            ("kernel", _whole(block.kernel, 1, 5) and (block.form == "binary" or block.kernel in (3, 5)), "3 or 5"),
            ("maps", _whole(block.maps, 1, 256), "1 to 256"),
            ("stride", _whole(block.stride, 1, 2), "1 or 2"),
            ("pool", _whole(block.pool, 1, 4), "1 to 4"),
            ("padding", isinstance(block.padding, bool), "true or false"),
        )
        for key, good, allowed in checks:
            if not good:
                value = repr(getattr(block, key))[:200]
                raise UserError(f"{where}, block {i}: {key} = {value}; allowed: {allowed}")
        blocks.append(block)
    hidden = table.get("hidden", [])
    if not isinstance(hidden, list) or len(hidden) > MOST_LAYERS or not all(_whole(h, 1, 4096) for h in hidden):
        raise UserError(f"{where}: hidden = {str(hidden)[:200]}; allowed: a list of widths from 1 to 4096")
    return NetworkSpec(name, tuple(blocks), tuple(hidden))


def _whole(value: object, low: int, high: int) -> bool:
    """Whether it is an integer in that range, and neither true nor 3.0."""
    return type(value) is int and low <= value <= high


class ConvBlock(nn.Module):
    """One Block, pooled before norm and sign: the same bits as pooling after them, and a better gradient."""

    def __init__(self, inputs: int, block: Block, pixels: bool) -> None:
        super().__init__()
        padding = block.kernel // 2 if block.padding else 0
        pad_value = 0 if pixels else -1
        if block.form == "binary":
            self.conv = BinaryConv2d(inputs, block.channels, block.kernel, block.stride, padding, pad_value)
        else:
            form = "constrained" if pixels else block.form
            self.conv = NeuralJetConv2d(
                inputs, block.channels, block.kernel, form, block.maps, block.stride, padding, pad_value
            )
        self.norm = Norm(block.channels)
        self.pool = block.pool
        self.sign = Sign()

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x, self.norm.signs())
        if self.pool > 1:
            x = F.max_pool2d(x, self.pool)
        return self.sign(self.norm(x))


class DenseBlock(nn.Module):
    """Binary dense layer, batch norm, sign."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = BinaryLinear(inputs, outputs)
        self.norm = Norm(outputs)
        self.sign = Sign()

    def forward(self, x: Tensor) -> Tensor:
        return self.sign(self.norm(self.linear(x, self.norm.signs())))


class Classifier(nn.Module):
    """Scores with an integer bias and one positive scale for all, so that the class is the arg-max of integers."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.linear = BinaryLinear(inputs, classes)
        self.log_scale = nn.Parameter(torch.tensor(-0.5 * float(torch.log(torch.tensor(float(inputs))))))
        self.bias = nn.Parameter(torch.zeros(classes))

    def forward(self, x: Tensor) -> Tensor:
        return (self.linear(x) + round_ste(self.bias)) * self.log_scale.exp()


class Network(nn.Module):
    """Raw uint8 pictures [N, C, H, W] in, float scores [N, classes] out."""

    def __init__(self, spec: NetworkSpec, input_shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.spec, self.input_shape = spec, input_shape
        channels, height, width = input_shape
        blocks = []
        for i, block in enumerate(spec.blocks):
            blocks.append(ConvBlock(channels, block, pixels=i == 0))
            padding = block.kernel // 2 if block.padding else 0
            height, width = (
                ((size + 2 * padding - block.kernel) // block.stride + 1) // block.pool for size in (height, width)
            )
            channels = block.channels
            if height < 1 or width < 1:
                raise UserError(
                    f"network '{spec.name}' leaves nothing of a {input_shape[2]}x{input_shape[1]} picture "
                    f"after block {i}; use larger pictures (--size) or less pooling"
                )
        self.blocks: Any = nn.ModuleList(blocks)
        features = channels * height * width
        hidden = []
        for size in spec.hidden:
            hidden.append(DenseBlock(features, size))
            features = size
        self.hidden: Any = nn.ModuleList(hidden)
        self.classifier = Classifier(features, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = images.float() * PIXEL_SCALE
        for block in self.blocks:
            x = block(x)
        x = x.flatten(1)
        for layer in self.hidden:
            x = layer(x)
        return self.classifier(x)
