"""The trainable network that a NetworkSpec describes.

Pixels enter raw; normalisation is the batch norm after the first convolution.
"""

from typing import Any

import torch
from brevitas.function.ops_ste import round_ste
from torch import Tensor, nn

from bnn.errors import UserError
from bnn.model.forms import FORMS
from bnn.model.heads import HEADS
from bnn.model.layers import BinaryLinear, Norm, Sign
from bnn.model.pooling import POOLINGS
from bnn.model.shortcuts import SHORTCUTS
from bnn.model.spec import Block, NetworkSpec

PIXEL_SCALE = 2.0**-6  # keeps training numbers near 1; a power of two, so sums stay exact


class ConvBlock(nn.Module):
    """The layers of one Block: [N, inputs, H, W] pixels or +-1 -> [N, channels, H', W'] of +-1."""

    def __init__(self, inputs: int, block: Block, pixels: bool) -> None:
        super().__init__()
        form = FORMS[FORMS[block.form].form_on_pixels if pixels else block.form]
        self.conv = form(
            inputs,
            block.channels,
            block.kernel,
            maps=block.maps,
            zeros=block.zeros,
            stride=block.stride,
            padding=block.padded,
            pad_value=0 if pixels else -1,
        )
        self.shortcut = SHORTCUTS[block.shortcut](inputs, block, pixels)
        self.norm = Norm(block.channels)
        self.pool = block.pool
        self.pooling = POOLINGS[block.pooling](block.channels, block.pool)
        self.sign = Sign()
        self.outputs = self.shortcut.outputs(inputs, block.channels)

    def forward(self, x: Tensor) -> Tensor:
        signs = self.norm.signs()
        sums = self.pooling.of_sums(self.shortcut(self.conv(x, signs), x, signs))
        return self.shortcut.past(self.pooling.of_signs(self.sign(self.norm(sums))), x)


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

    def __init__(self, inputs: int, classes: int, terms: int) -> None:
        """terms: how many +-1 a score adds up, which sets the scale at the start."""
        super().__init__()
        self.linear = BinaryLinear(inputs, classes)
        self.log_scale = nn.Parameter(torch.tensor(-0.5 * float(torch.log(torch.tensor(float(terms))))))
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
            try:
                blocks.append(ConvBlock(channels, block, pixels=i == 0))
            except UserError as error:
                raise UserError(f"network '{spec.name}', block {i}: {error}") from None
            channels, height, width = blocks[-1].outputs, block.output_size(height), block.output_size(width)
            if height < 1 or width < 1:
                raise UserError(
                    f"network '{spec.name}' leaves nothing of a {input_shape[2]}x{input_shape[1]} picture "
                    f"after block {i}; use larger pictures (--size) or less pooling"
                )
        self.blocks: Any = nn.ModuleList(blocks)
        self.head: Any = HEADS[spec.head]((channels, height, width), spec.head_width)
        features, terms = self.head.features, self.head.terms
        hidden = []
        for size in spec.hidden:
            hidden.append(DenseBlock(features, size))
            features = terms = size
        self.hidden: Any = nn.ModuleList(hidden)
        self.classifier = Classifier(features, classes, terms)

    def forward(self, images: Tensor) -> Tensor:
        x = images * PIXEL_SCALE
        for block in self.blocks:
            x = block(x)
        x = self.head(x)
        for layer in self.hidden:
            x = layer(x)
        return self.classifier(x)
