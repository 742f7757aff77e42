"""Styles of inputs, and of flattening a batch."""

import brevitas.nn as qnn
import torch
from torch import Tensor, nn

from tests.support.foreign import sign
from tests.support.styles.style import FREE, NO_BIAS, Function, dense, first, head, net, style


@style()
def int8_first() -> nn.Module:
    return net(qnn.QuantIdentity(bit_width=8, return_quant_tensor=True), *first(), sign(), *head(256))


@style()
def bn_first() -> nn.Module:
    return net(nn.BatchNorm2d(1), *first(), sign(), *head(256))


def normalised(quantizer: nn.Module) -> nn.Module:
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    model = Function(lambda self, x: (x - self.mean) / self.deviation)
    model.register_buffer("mean", mean)
    model.register_buffer("deviation", deviation)
    return net(model, quantizer, *first(channels=3), sign(), *head(256))


@style(shape=(1, 3, 10, 10))
def mean_std() -> nn.Module:
    return normalised(qnn.QuantIdentity(bit_width=8))


@style(shape=(1, 3, 10, 10))
def mean_std_sign() -> nn.Module:
    return normalised(sign())


@style(shape=(1, 64))
def mlp_of_rows() -> nn.Module:
    return net(sign(0.5), dense(64, 16), nn.BatchNorm1d(16), sign(), dense(16, 4))


@style(shape=(1, 1, 8, 8))
def mlp_of_bytes() -> nn.Module:
    layers = [dense(64, 16), nn.BatchNorm1d(16), sign(), dense(16, 4)]
    return net(nn.Flatten(), qnn.QuantIdentity(bit_width=8), *layers)


@style(r"node \S+ \((Gemm|MatMul), INT8.*is a dense layer on pixels of more than one bit.*1 to 4 bits", (1, 1, 12, 12))
def mlp_of_many_bytes() -> nn.Module:
    layers = [dense(144, 16), nn.BatchNorm1d(16), sign(), dense(16, 4)]
    return net(nn.Flatten(), qnn.QuantIdentity(bit_width=8), *layers)


@style(shape=(1, 1, 8, 8))
def tensor_norm() -> nn.Module:
    centre = Function(lambda self, x: 2 * x - 1)
    scaled = Function(lambda self, x: (x - 0.3) / (1.7 + 1e-4) ** 0.5 * 0.9 + 0.1)
    return net(nn.Flatten(), centre, sign(), dense(64, 16), nn.BatchNorm1d(16), sign(), dense(16, 4), scaled)


@style(shape=(1, 1, 9, 14))
def picture_that_is_no_square() -> nn.Module:
    return net(*first(), sign(), nn.MaxPool2d(2), *head(4 * 3 * 6))


@style("input .* has shape .*accepted: .N, channels, height, width. or .N, pixels.", (1, 1, 64))
def conv1d() -> nn.Module:
    return net(qnn.QuantConv1d(1, 4, 3, **NO_BIAS), nn.BatchNorm1d(4), sign(), nn.Flatten(), dense(248, 4))


def viewed() -> nn.Module:
    def forward(self: nn.Module, x: Tensor) -> Tensor:
        x = self.maps(x)
        return self.last(x.view(x.shape[0], -1))

    return Function(forward, maps=net(*first(), sign()), last=dense(256, 4))


@style(dynamo=True)
def view_of_the_present_exporter() -> nn.Module:
    return viewed()


@style(**FREE)
def view_of_a_free_batch() -> nn.Module:
    return viewed()


@style()
def view() -> nn.Module:
    return viewed()


@style(shape=(4, 1, 10, 10), dynamo=True)
def batch_of_four() -> nn.Module:
    return net(*first(), sign(), *head(256))


@style(**FREE)
def flatten_of_a_free_batch() -> nn.Module:
    return net(*first(), sign(), *head(256))


def dropped() -> nn.Module:
    middle = [*first(), sign(), nn.Dropout2d(0.2), nn.Flatten(), nn.Dropout(0.5), dense(256, 4)]
    return net(nn.Dropout(0.1), *middle)


@style()
def dropout() -> nn.Module:
    return dropped()


@style(opset_version=11)
def opset_11() -> nn.Module:
    return dropped()


@style(opset_version=18, dynamo=True)
def opset_18() -> nn.Module:
    return dropped()
