"""Binarized networks as others write them in Brevitas, their QONNX export, and what the exported file computes."""

import contextlib
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import numpy as np
import onnx
import torch
from brevitas.export import export_qonnx
from brevitas.quant.binary import SignedBinaryActPerTensorConst, SignedBinaryWeightPerTensorConst
from brevitas.quant.fixed_point import Int8ActPerTensorFixedPoint
from numpy.typing import NDArray
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from torch import Tensor, nn

from bnn.importing.execute import execute as execute_model


@dataclass(frozen=True)
class Block:
    """Conv, batch norm, sign, with what stands around them."""

    outputs: int = 6
    kernel: int = 3
    stride: int = 1
    padding: int = 0
    pad_value: int = 0  # -1: an explicit Pad
    pool: int = 1
    pool_first: bool = False  # in front of batch norm and sign
    norm_first: bool = False  # with pool_first: batch norm in front of the pool
    per_channel: bool = False  # weight scales
    bias: bool = False
    clip: bool = False  # Hardtanh in front of the sign
    norm: bool = True
    scale: float = 1.0  # of the sign
    bits: int = 1  # of the activation


@dataclass(frozen=True)
class Recipe:
    """A whole network."""

    shape: tuple[int, int, int] = (1, 9, 8)
    # byte: raw pixels; q8, q2: 2x - 1 and 8 or 2 bits; sign: 2x - 1 and one bit; affine: 2x - 1 alone
    input: str = "byte"
    blocks: tuple[Block, ...] = (Block(),)
    hidden: tuple[int, ...] = ()
    classes: int = 4
    end: str = "none"  # or bias, common (one scale and offset), norm (batch norm)
    seed: int = 0

    @property
    def pixels(self) -> str:
        """As --pixels."""
        return "byte" if self.input == "byte" else "unit"


class Common(nn.Module):
    """One scale and one offset for all scores, as at the end of Brevitas' own networks."""

    def forward(self, x: Tensor) -> Tensor:
        return (x - 0.3125) / 1.7 * 0.9 + 0.1


class Padded(nn.Module):
    """An explicit Pad of -1."""

    def __init__(self, amount: int, value: float) -> None:
        super().__init__()
        self.amount, self.value = amount, value

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.pad(x, (self.amount,) * 4, value=self.value)


class Centred(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 2.0 * x - 1.0


def sign(scale: float = 1.0) -> nn.Module:
    return qnn.QuantIdentity(act_quant=SignedBinaryActPerTensorConst, scaling_const=scale)


def activation(scale: float, bits: int) -> nn.Module:
    """A sign, or a quantizer of 0 to 2^bits - 1 steps of so much."""
    if bits == 1:
        return sign(scale)
    most = scale * (2**bits - 1)
    return qnn.QuantReLU(bit_width=bits, scaling_impl_type="const", max_val=most)


def weights(per_channel: bool) -> dict[str, object]:
    quant: dict[str, object] = {"weight_quant": SignedBinaryWeightPerTensorConst, "weight_scaling_const": 1.0}
    if per_channel:
        quant |= {
            "weight_scaling_impl_type": "stats", "weight_scaling_stats_op": "ave",
            "weight_scaling_per_output_channel": True, "weight_restrict_scaling_type": "fp",
        }  # fmt: skip
    return quant


def shake(norm: nn.Module, spread: float, generator: torch.Generator) -> nn.Module:
    """Batch norm as after some training: scales of both signs, some channels that never change."""
    with torch.no_grad():
        features = norm.num_features
        norm.weight.copy_(torch.randn(features, generator=generator))
        norm.bias.copy_(torch.randn(features, generator=generator) * 0.3)
        mean = torch.randn(features, generator=generator) * spread * 0.4
        mean[torch.rand(features, generator=generator) < 0.1] = 50 * spread
        mean[torch.rand(features, generator=generator) < 0.1] = -50 * spread
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(torch.rand(features, generator=generator) * spread**2 + 0.1)
    return norm


def dense(inputs: int, outputs: int, bias: bool, generator: torch.Generator) -> nn.Module:
    linear = qnn.QuantLinear(inputs, outputs, bias=bias, **weights(False))
    nn.init.uniform_(linear.weight, -1, 1, generator=generator)
    if bias:
        nn.init.uniform_(linear.bias, -5, 5, generator=generator)
    return linear


def network(recipe: Recipe) -> nn.Sequential:
    """The network in eval mode, with random weights and statistics."""
    generator = torch.Generator().manual_seed(recipe.seed)
    layers: list[nn.Module] = []
    channels, height, width = recipe.shape
    size = 255.0 if recipe.input == "byte" else 1.0
    if recipe.input != "byte":
        layers.append(Centred())
    if recipe.input == "q8":
        byte = {"scaling_impl_type": "const", "min_val": -1.0, "max_val": 1.0 - 2.0**-7}
        layers.append(qnn.QuantIdentity(act_quant=Int8ActPerTensorFixedPoint, **byte))
    if recipe.input == "q2":  # -1, 0 and 1
        ends = {"scaling_impl_type": "const", "min_val": -1.0, "max_val": 1.0, "narrow_range": True}
        layers.append(qnn.QuantIdentity(bit_width=2, **ends))
    if recipe.input == "sign":
        layers.append(sign())
    for block in recipe.blocks:
        conv = qnn.QuantConv2d(
            channels, block.outputs, block.kernel, stride=block.stride, bias=block.bias,
            padding=block.padding if block.pad_value == 0 else 0, **weights(block.per_channel),
        )  # fmt: skip
        nn.init.uniform_(conv.weight, -1, 1, generator=generator)
        if block.bias:
            nn.init.uniform_(conv.bias, -2, 2, generator=generator)
        if block.padding and block.pad_value:
            layers.append(Padded(block.padding, float(block.pad_value)))
        layers.append(conv)
        scale = conv.quant_weight().value.abs().mean().item() * size * (channels * block.kernel**2) ** 0.5
        norm = [shake(nn.BatchNorm2d(block.outputs), scale, generator)] if block.norm else []
        pool = [nn.MaxPool2d(block.pool)] if block.pool > 1 else []
        clip = [nn.Hardtanh()] if block.clip else []
        if not block.pool_first:
            layers += [*norm, *clip, activation(block.scale, block.bits), *pool]
        elif block.norm_first:
            layers += [*norm, *pool, *clip, activation(block.scale, block.bits)]
        else:
            layers += [*pool, *norm, *clip, activation(block.scale, block.bits)]
        size, channels = block.scale, block.outputs
        height, width = ((n + 2 * block.padding - block.kernel) // block.stride + 1 for n in (height, width))
        height, width = height // block.pool, width // block.pool
    layers.append(nn.Flatten())
    features = channels * height * width
    for outputs in recipe.hidden:
        layers += [dense(features, outputs, False, generator)]
        layers += [shake(nn.BatchNorm1d(outputs), features**0.5, generator), sign()]
        features = outputs
    layers.append(dense(features, recipe.classes, recipe.end == "bias", generator))
    if recipe.end == "common":
        layers.append(Common())
    elif recipe.end == "norm":
        layers.append(shake(nn.BatchNorm1d(recipe.classes), 5.0, generator))
    return nn.Sequential(*layers).eval()


def random_recipe(seed: int, side: int = 13, maps: int = 8) -> Recipe:
    """One of the networks that can be built: any kernel from 1 to 5, stride, padding, pooling, input and end.

    side, maps: the most rows, columns and outputs of a layer.
    """
    r = np.random.default_rng(seed)

    def one_of(*values: Any) -> Any:
        return values[r.integers(len(values))]

    while True:
        kind = one_of("byte", "byte", "q8", "sign", "affine")
        shape = (one_of(1, 2, 3), int(r.integers(6, side + 1)), int(r.integers(6, side + 1)))
        blocks: list[Block] = []
        for index in range(one_of(1, 2, 2, 3)):
            kernel = int(r.integers(1, 6))
            padding = 0 if kind == "affine" and not index else int(r.integers(0, (kernel - 1) // 2 + 1))
            value = one_of(0, 0, -1) if index or kind == "sign" else 0
            pool, first = one_of(1, 1, 2, 2, 3), bool(r.integers(2))
            blocks.append(
                Block(
                    int(r.integers(2, maps + 1)), kernel, one_of(1, 1, 2), padding, value, pool, first,
                    norm_first=bool(r.integers(2)), per_channel=r.random() < 0.3, bias=r.random() < 0.2,
                    clip=r.random() < 0.2, scale=one_of(1.0, 0.5, 0.7),
                )
            )  # fmt: skip
        if not _fits(shape, blocks):
            continue
        hidden = tuple(int(n) for n in r.integers(3, 12, one_of(0, 0, 1)))
        return Recipe(
            shape, kind, tuple(blocks), hidden, int(r.integers(2, 6)), one_of("none", "bias", "common", "norm"), seed
        )


def rate_of(recipe: Recipe) -> float | None:
    """Frames per second to ask for at 200 MHz: a pixel per clock, or a pixel in 4 or 16 clocks, by the seed."""
    clocks = (1, 4, 16)[recipe.seed % 3]
    return None if clocks == 1 else 200e6 / (clocks * recipe.shape[1] * recipe.shape[2])


def _fits(shape: tuple[int, int, int], blocks: Sequence[Block]) -> bool:
    """Does every layer leave a map that the next one can be built on?"""
    sizes = shape[1:]
    for b in blocks:
        least = min(sizes)
        if least + b.padding < b.kernel or (b.kernel > 1 and least <= max(b.padding, 1)) or b.stride > least:
            return False
        sizes = tuple((n + 2 * b.padding - b.kernel) // b.stride + 1 for n in sizes)
        if b.pool > min(sizes):
            return False
        sizes = tuple(n // b.pool for n in sizes)
    return True


def export(model: nn.Module, shape: Sequence[int], path: Path, byte: bool = False, dynamo: bool = False) -> Path:
    """Write the QONNX file of a network for one picture; byte: annotate its input UINT8.

    dynamo: by torch's present exporter (seconds) instead of the former one; the graphs differ in their nodes.
    """
    example = torch.randint(0, 256, (1, *shape)).float() if byte else torch.rand(1, *shape)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        export_qonnx(model, example, str(path), dynamo=dynamo)
    if byte:
        wrapper = ModelWrapper(onnx.load(path))
        wrapper.set_tensor_datatype(wrapper.graph.input[0].name, DataType["UINT8"])
        onnx.save(wrapper.model, path)
    return path


def execute(path: Path, images: NDArray[np.uint8], unit: bool) -> NDArray[np.float32]:
    """Scores [N, classes] of the file by qonnx: uint8 [N, C, H, W]."""
    return execute_model(ModelWrapper(onnx.load(path)), images, unit)


def frames(shape: Sequence[int], count: int, seed: int = 0) -> NDArray[np.uint8]:
    """uint8 [N, C, H, W]: noise, led by a black and a white frame."""
    images = np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)
    images[:1], images[1:2] = 0, 255
    return images
