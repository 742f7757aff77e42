"""Styles of activations, and of weights of more than one bit."""

import brevitas.nn as qnn
import torch
from brevitas.quant.ternary import SignedTernaryActPerTensorConst, SignedTernaryWeightPerTensorConst
from torch import Tensor, nn

from tests.support.foreign import sign
from tests.support.styles.style import conv, dense, few, first, head, net, relu, style


class Shifted(nn.Module):
    """RPReLU and RSign of ReActNet."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.before, self.between, self.after = (nn.Parameter(torch.randn(1, channels, 1, 1)) for _ in range(3))
        self.slope, self.sign = nn.PReLU(channels), sign()

    def forward(self, x: Tensor) -> Tensor:
        return self.sign(self.slope(x + self.before) + self.between + self.after)


@style()
def react_net() -> nn.Module:
    return net(*first(), Shifted(4), conv(4, 6), nn.BatchNorm2d(6), Shifted(6), *head(216))


@style()
def leaky() -> nn.Module:
    return net(*first(), nn.LeakyReLU(0.1), sign(), *head(256))


@style()
def hardtanh() -> nn.Module:
    return net(*first(), nn.Hardtanh(), sign(0.5), *head(256))


@style()
def tanh_and_sigmoid() -> nn.Module:
    two = qnn.QuantIdentity(bit_width=2, scaling_impl_type="const", min_val=-1.0, max_val=1.0)
    inner = [conv(4, 4), nn.BatchNorm2d(4), nn.Sigmoid(), two]
    return net(*first(), nn.Tanh(), sign(), *inner, *head(144))


@style()
def hardtanh_of_2_bits() -> nn.Module:
    return net(*first(), qnn.QuantHardTanh(bit_width=2, min_val=-1.0, max_val=1.0), *head(256))


@style()
def relu6_and_2_bits() -> nn.Module:
    return net(*first(), nn.ReLU6(), relu(2, 6.0), *head(256))


@style(r"operator (Gelu|Erf) has no exact integer form here|joins 2 branches|which \S+ reads too")
def gelu() -> nn.Module:
    return net(*first(), nn.GELU(), sign(), *head(256))


@style()
def ternary() -> nn.Module:
    t = {"weight_quant": SignedTernaryWeightPerTensorConst, "weight_threshold": 0.5, "weight_scaling_const": 1.0}
    act = qnn.QuantIdentity(act_quant=SignedTernaryActPerTensorConst, threshold=0.5, scaling_const=1.0)
    layers = [conv(1, 4, **t), nn.BatchNorm2d(4), act, conv(4, 4, **t), nn.BatchNorm2d(4), sign()]
    return net(*layers, nn.Flatten(), dense(144, 4, **t))


@style()
def weights_and_activations_of_4_bits() -> nn.Module:
    layers = [conv(1, 2, **few(4)), nn.BatchNorm2d(2), relu(4), nn.MaxPool2d(2)]
    layers += [conv(2, 2, 2, **few(4)), nn.BatchNorm2d(2), relu(4)]
    return net(*layers, nn.Flatten(), dense(18, 3, **few(4)))


@style()
def scales_that_are_learned() -> nn.Module:
    def two() -> nn.Module:
        return qnn.QuantReLU(bit_width=2)

    layers = [conv(1, 4, **few(2)), nn.BatchNorm2d(4), two(), conv(4, 4, **few(2)), nn.BatchNorm2d(4), two()]
    return net(qnn.QuantIdentity(bit_width=8), *layers, nn.Flatten(), dense(144, 4, **few(2)))


@style(r"its weights take \d+ values in an output .*accepted: weights of 1 to 4 bits")
def last_layer_of_8_bits() -> nn.Module:
    return net(*first(), sign(), nn.Flatten(), dense(256, 4, **few(8)))


@style(r"\(Conv, FLOAT32, INT8 -> FLOAT32\): its weights take")
def first_layer_of_8_bits() -> nn.Module:
    return net(*first(**few(8)), sign(), *head(256))
