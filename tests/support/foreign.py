"""Binarized networks as other people write them in Brevitas, their QONNX export, and the execution of the file."""

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
from brevitas.quant import Int8WeightPerChannelFloat, Int8WeightPerTensorFloat
from brevitas.quant.binary import SignedBinaryActPerTensorConst, SignedBinaryWeightPerTensorConst
from brevitas.quant.fixed_point import Int8ActPerTensorFixedPoint
from brevitas.quant.ternary import SignedTernaryActPerTensorConst, SignedTernaryWeightPerTensorConst
from numpy.typing import NDArray
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from torch import Tensor, nn

from bnn.qonnx.foreign.execute import execute as execute_model


@dataclass(frozen=True)
class Block:
    """A convolution, batch norm and sign, with the options around them."""

    outputs: int = 6
    kernel: int = 3
    stride: int = 1
    padding: int = 0
    pad_value: int = 0  # -1: by an explicit Pad
    pool: int = 1
    pool_first: bool = False  # pool in front of batch norm and sign
    norm_first: bool = False  # with pool_first: batch norm in front of the pool, sign behind it
    per_channel: bool = False  # one weight scale per output instead of one in all
    bias: bool = False
    clip: bool = False  # Hardtanh in front of the sign
    norm: bool = True
    scale: float = 1.0  # of the sign
    bits: int = 1  # of the activation
    signed: bool = False  # the levels of several bits lie around 0 instead of starting at 0
    ternary: bool = False  # the activation is -1, 0 or 1
    weight_bits: int = 1  # 0: weights are -1, 0 or 1
    slope: str = ""  # prelu or leaky: the slope of negative sums in front of the sign


@dataclass(frozen=True)
class Hidden:
    """A dense layer, batch norm and activation."""

    outputs: int
    bits: int = 1
    weight_bits: int = 1
    slope: str = ""


@dataclass(frozen=True)
class Recipe:
    """The choices that make a whole network."""

    shape: tuple[int, int, int] = (1, 9, 8)
    # byte: raw pixels; q8, q2: 2x - 1 and 8 or 2 bits; sign: 2x - 1 and one bit; affine: 2x - 1 alone
    input: str = "byte"
    blocks: tuple[Block, ...] = (Block(),)
    hidden: tuple[int | Hidden, ...] = ()
    classes: int = 4
    end: str = "none"  # none, bias, common (one scale and offset), norm (batch norm), softmax, logsoftmax or sigmoid
    seed: int = 0
    head: str = "dense"  # dense; conv: scores [N, classes, 1, 1]; conv_flat: the same, flattened
    weight_bits: int = 1  # of the last layer
    dynamo: bool = False  # use torch's present exporter
    free_batch: bool = False

    @property
    def pixels(self) -> str:
        """Return the value of --pixels."""
        return "byte" if self.input == "byte" else "unit"


class Common(nn.Module):
    """Multiply all scores by one scale and add one offset, as Brevitas' own networks do at their end."""

    def forward(self, x: Tensor) -> Tensor:
        return (x - 0.3125) / 1.7 * 0.9 + 0.1


class Padded(nn.Module):
    """Pad explicitly, with -1 for instance."""

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


def activation(scale: float, bits: int, signed: bool = False, ternary: bool = False) -> nn.Module:
    """Return a sign, or a quantizer of 0 to 2^bits - 1 steps of `scale`. signed: as many steps, around 0."""
    if ternary:
        return qnn.QuantIdentity(act_quant=SignedTernaryActPerTensorConst, threshold=0.5, scaling_const=scale)
    if bits == 1:
        return sign(scale)
    if signed:
        most = scale * 2 ** (bits - 1)
        return qnn.QuantHardTanh(bit_width=bits, scaling_impl_type="const", min_val=-most, max_val=most)
    most = scale * (2**bits - 1)
    return qnn.QuantReLU(bit_width=bits, scaling_impl_type="const", max_val=most)


def slopes(kind: str, channels: int, generator: torch.Generator) -> list[nn.Module]:
    """Return the layers that make negative values smaller."""
    if kind == "leaky":
        return [nn.LeakyReLU(0.1)]
    if kind == "prelu":
        layer = nn.PReLU(channels)
        with torch.no_grad():
            layer.weight.copy_(torch.rand(channels, generator=generator) + 0.05)
        return [layer]
    return []


def weights(per_channel: bool, bits: int = 1) -> dict[str, object]:
    if bits == 0:
        return {"weight_quant": SignedTernaryWeightPerTensorConst, "weight_threshold": 0.5}
    if bits > 1:
        several = Int8WeightPerChannelFloat if per_channel else Int8WeightPerTensorFloat
        return {"weight_quant": several, "weight_bit_width": bits}
    quant: dict[str, object] = {"weight_quant": SignedBinaryWeightPerTensorConst, "weight_scaling_const": 1.0}
    if per_channel:
        quant |= {
            "weight_scaling_impl_type": "stats", "weight_scaling_stats_op": "ave",
            "weight_scaling_per_output_channel": True, "weight_restrict_scaling_type": "fp",
        }  # fmt: skip
    return quant


def shake(norm: nn.Module, spread: float, generator: torch.Generator) -> nn.Module:
    """Give a batch norm statistics as after some training: scales of both signs, and some constant channels."""
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


def dense(inputs: int, outputs: int, bias: bool, generator: torch.Generator, bits: int = 1) -> nn.Module:
    linear = qnn.QuantLinear(inputs, outputs, bias=bias, **weights(False, bits))
    nn.init.uniform_(linear.weight, -1, 1, generator=generator)
    if bias:
        nn.init.uniform_(linear.bias, -5, 5, generator=generator)
    return linear


def network(recipe: Recipe) -> nn.Sequential:
    """Return the network in eval mode, with random weights and statistics."""
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
            padding=block.padding if block.pad_value == 0 else 0, **weights(block.per_channel, block.weight_bits),
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
        clip = [nn.Hardtanh()] if block.clip else slopes(block.slope, block.outputs, generator)
        quantizer = activation(block.scale, block.bits, block.signed, block.ternary)
        if not block.pool_first:
            layers += [*norm, *clip, quantizer, *pool]
        elif block.norm_first:
            layers += [*norm, *pool, *clip, quantizer]
        else:
            layers += [*pool, *norm, *clip, quantizer]
        size, channels = block.scale, block.outputs
        height, width = ((n + 2 * block.padding - block.kernel) // block.stride + 1 for n in (height, width))
        height, width = height // block.pool, width // block.pool
    features = channels * height * width
    if recipe.head != "dense":
        last = qnn.QuantConv2d(
            channels, recipe.classes, height, bias=recipe.end == "bias", **weights(False, recipe.weight_bits)
        )
        nn.init.uniform_(last.weight, -1, 1, generator=generator)
        layers += [last, *([nn.Flatten()] if recipe.head == "conv_flat" else [])]
        return nn.Sequential(*layers, *_ends(recipe, generator)).eval()
    layers.append(nn.Flatten())
    for each in recipe.hidden:
        hidden = Hidden(each) if isinstance(each, int) else each
        layers += [dense(features, hidden.outputs, False, generator, hidden.weight_bits)]
        layers += [shake(nn.BatchNorm1d(hidden.outputs), features**0.5, generator)]
        layers += [*slopes(hidden.slope, hidden.outputs, generator), activation(1.0, hidden.bits)]
        features = hidden.outputs
    layers.append(dense(features, recipe.classes, recipe.end == "bias", generator, recipe.weight_bits))
    return nn.Sequential(*layers, *_ends(recipe, generator)).eval()


def _ends(recipe: Recipe, generator: torch.Generator) -> list[nn.Module]:
    """Return the layers behind the scores."""
    if recipe.end == "norm":
        norm = nn.BatchNorm2d if recipe.head == "conv" else nn.BatchNorm1d
        return [shake(norm(recipe.classes), 5.0, generator)]
    ends = {
        "common": Common, "softmax": lambda: nn.Softmax(1), "logsoftmax": lambda: nn.LogSoftmax(1),
        "sigmoid": nn.Sigmoid,
    }  # fmt: skip
    return [ends[recipe.end]()] if recipe.end in ends else []


def random_recipe(seed: int, side: int = 13, maps: int = 8) -> Recipe:
    """Return a network that can be built: any kernel from 1 to 5, stride, padding, pooling, input and end.

    side: most rows and columns of a picture. maps: most outputs of a layer.
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
    """Return frames per second at 200 MHz for a pixel in 1, 4 or 16 clocks, depending on the seed."""
    clocks = (1, 4, 16)[recipe.seed % 3]
    return None if clocks == 1 else 200e6 / (clocks * recipe.shape[1] * recipe.shape[2])


def _fits(shape: tuple[int, int, int], blocks: Sequence[Block]) -> bool:
    """Return whether every layer leaves a map that is large enough for the next."""
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


def export(
    model: nn.Module, shape: Sequence[int], path: Path, byte: bool = False, dynamo: bool = False,
    free_batch: bool = False,
) -> Path:  # fmt: skip
    """Write the QONNX file of a network for one picture; byte: annotate its input UINT8.

    dynamo: use torch's present exporter, which takes seconds, instead of the former one; their graphs differ.
    free_batch: the file takes any number of pictures.
    """
    if free_batch and dynamo:
        free: dict[str, Any] = {"dynamic_shapes": ({0: torch.export.Dim("N")},)}
    else:
        free = {"input_names": ["x"], "dynamic_axes": {"x": {0: "N"}}} if free_batch else {}
    count = 2 if free_batch else 1  # the exporter would write a size of 1 as a constant
    example = torch.randint(0, 256, (count, *shape)).float() if byte else torch.rand(count, *shape)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        model(example)  # the first pictures set the learned scales
        export_qonnx(model, example, str(path), dynamo=dynamo, **free)
    if byte:
        wrapper = ModelWrapper(onnx.load(path))
        wrapper.set_tensor_datatype(wrapper.graph.input[0].name, DataType["UINT8"])
        onnx.save(wrapper.model, path)
    return path


def execute(path: Path, images: NDArray[np.uint8], unit: bool) -> NDArray[np.float32]:
    """Return the scores [N, classes] that qonnx computes from the file for uint8 pictures [N, C, H, W]."""
    return execute_model(ModelWrapper(onnx.load(path)), images, unit)


def frames(shape: Sequence[int], count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return uint8 pictures [N, C, H, W]: a black one, a white one, then noise."""
    images = np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)
    images[:1], images[1:2] = 0, 255
    return images
