"""Convolutions, pools and what joins them."""

import brevitas.nn as qnn
import torch
from brevitas.nn import QuantConv2d
from brevitas.quant import Int8Bias
from brevitas.quant.binary import SignedBinaryActPerTensorConst
from torch import Tensor, nn

from tests.support.foreign import sign, weights
from tests.support.styles.style import NO_BIAS, conv, dense, first, head, net, style, turned


@style()
def bias_of_8_bits() -> nn.Module:
    quantized = conv(1, 4, bias=True, bias_quant=Int8Bias, return_quant_tensor=True)
    layers = [quantized, nn.BatchNorm2d(4), sign(), *head(256)]
    return net(qnn.QuantIdentity(bit_width=8, return_quant_tensor=True), *layers)


@style()
def bias_of_floats() -> nn.Module:
    return net(*first(bias=True), sign(), *head(256, bias=True))


@style(shape=(1, 3, 10, 10))
def depthwise() -> nn.Module:
    one, two = [conv(6, 6, groups=6), nn.BatchNorm2d(6), sign()], [conv(6, 8, 1), nn.BatchNorm2d(8), sign()]
    return net(*first(6, 3), sign(), *one, *two, *head(288))


@style(r"\(Conv, FLOAT32, BIPOLAR -> FLOAT32\): 3x3 in 3 groups", (1, 3, 10, 10))
def depthwise_first() -> nn.Module:
    return net(*first(3, 3, groups=3), sign(), conv(3, 8, 1), nn.BatchNorm2d(8), sign(), *head(512))


@style(r"\(Conv.*kernel \[1, 3\].*accepted: square kernels", (1, 2, 1, 64))
def kernel_of_one_row() -> nn.Module:
    row = QuantConv2d(2, 4, (1, 3), padding=(0, 1), **NO_BIAS)
    return net(row, nn.BatchNorm2d(4), sign(), nn.MaxPool2d((1, 2)), *head(128))


@style(shape=(1, 1, 13, 11))
def stride_3() -> nn.Module:
    return net(*first(stride=3), sign(), conv(4, 4, 2, stride=3), nn.BatchNorm2d(4), sign(), *head(4))


@style(shape=(1, 1, 16, 16))
def stride_above_the_kernel() -> nn.Module:
    return net(*first(stride=4), sign(), *head(64))


@style()
def kernel_1_first() -> nn.Module:
    return net(*first(kernel=1), sign(), *head(400))


@style(r"\(Conv, BIPOLAR, BIPOLAR -> FLOAT32\): padding 1 is too wide for a 2x2 kernel; accepted: at most 0")
def padding_of_an_even_kernel() -> nn.Module:
    return net(*first(kernel=4), sign(), conv(4, 4, 2, padding=1), nn.BatchNorm2d(4), sign(), *head(256))


@style()
def padding_same() -> nn.Module:
    return net(*first(padding="same"), sign(), *head(400))


@style(shape=(1, 1, 9, 9))
def pools_that_drop() -> nn.Module:
    return net(*first(), sign(), nn.MaxPool2d(3), conv(4, 5, 2), nn.BatchNorm2d(5), sign(), *head(5))


@style(r"reads the sums of \S*AveragePool\S* without a sign in between")
def average_pool() -> nn.Module:
    return net(*first(), sign(), nn.AvgPool2d(2), *head(64))


@style()
def global_average() -> nn.Module:
    return net(*first(), sign(), conv(4, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())


@style(shaken=False)
def averages_between_signs() -> nn.Module:
    """Windows that are not square, of six pixels, then of the whole map; scales of both signs."""
    pooled = [nn.AvgPool2d((2, 3)), nn.BatchNorm2d(4), sign(), conv(4, 5, 2), nn.BatchNorm2d(5), sign()]
    return turned(net(*first(), sign(), *pooled, nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(5), sign(), *head(5)))


@style()
def truncated_average_of_signs() -> nn.Module:
    act = qnn.QuantIdentity(act_quant=SignedBinaryActPerTensorConst, scaling_const=1.0, return_quant_tensor=True)
    return net(*first(), act, qnn.TruncAvgPool2d(2, bit_width=8), sign(), *head(64))


@style(r"averages values of more than one bit", dynamo=True)
def truncated_average() -> nn.Module:
    act = qnn.QuantReLU(bit_width=4, return_quant_tensor=True)
    return net(*first(), act, qnn.TruncAvgPool2d(8, stride=1, bit_width=4), *head(4))


@style(r"\((Resize|Upsample), BIPOLAR -> FLOAT32\): operator")
def upsample() -> nn.Module:
    return net(*first(), sign(), nn.Upsample(scale_factor=2), *head(1024))


@style()
def scales_per_channel() -> nn.Module:
    each = weights(per_channel=True)
    layers = [conv(1, 4, **each), nn.BatchNorm2d(4), sign(), conv(4, 4, **each), nn.BatchNorm2d(4), sign()]
    return net(*layers, nn.Flatten(), dense(144, 4, **each | {"bias": True}))


class Scaled(nn.Module):
    """Multiply each channel by a number, as XNOR-Net does."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.rand(1, channels, 1, 1) + 0.1)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.a


@style()
def xnor_net() -> nn.Module:
    one = [conv(1, 4), Scaled(4), nn.BatchNorm2d(4), sign()]
    return net(*one, conv(4, 6), Scaled(6), nn.BatchNorm2d(6), sign(), *head(216))


@style(shape=(1, 1, 12, 12))
def maps_that_nothing_divides() -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 7), (7, 11), (11, 13)):
        layers += [conv(inputs, outputs), nn.BatchNorm2d(outputs), sign()]
    return net(*layers, nn.Flatten(), dense(13 * 36, 17), nn.BatchNorm1d(17), sign(), dense(17, 5))


@style()
def one_map() -> nn.Module:
    one = [*first(1), sign(), conv(1, 1), nn.BatchNorm2d(1), sign()]
    return net(*one, nn.Flatten(), dense(36, 1), nn.BatchNorm1d(1), sign(), dense(1, 2))
