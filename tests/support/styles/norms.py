"""Styles of batch norms, and of the nodes behind the last layer."""

import torch
from torch import nn

from tests.support.foreign import sign
from tests.support.styles.style import conv, first, head, net, relu, shake, style, turned


@style(shaken=False)
def pools_of_negative_scales() -> nn.Module:
    inner = [conv(6, 6, 2), nn.BatchNorm2d(6), nn.MaxPool2d(3), sign()]
    return turned(net(*first(6), nn.MaxPool2d(2), sign(), *inner, *head(6)))


@style(shaken=False)
def pools_of_negative_scales_and_2_bits() -> nn.Module:
    inner = [conv(6, 6, 2), nn.BatchNorm2d(6), relu(2), nn.MaxPool2d(3)]
    return turned(net(*first(6), nn.MaxPool2d(2), relu(2), *inner, *head(6)))


@style(shaken=False)
def two_norms_and_two_pools() -> nn.Module:
    inner = [nn.BatchNorm2d(4), sign(0.3), nn.MaxPool2d(2), nn.MaxPool2d(2)]
    return turned(net(*first(bias=True), *inner, conv(4, 4, 2), nn.BatchNorm2d(4), sign(), *head(4)))


@style(shaken=False)
def last_norm_of_negative_scales() -> nn.Module:
    return turned(net(*first(), sign(), *head(256), nn.BatchNorm1d(4)))


@style(shaken=False)
def thresholds_out_of_range() -> nn.Module:
    model = shake(net(*first(6), sign(), conv(6, 6), nn.BatchNorm2d(6), relu(2), *head(216)))
    with torch.no_grad():
        model[1].running_mean[:3] = torch.tensor([1e6, -1e6, 1e30])
        model[1].running_var[4] = 1e-30
        model[4].running_mean[1:4] = torch.tensor([1e9, -1e9, 3e38])
        model[4].weight[5] = 0.0
    return model


@style(shaken=False)
def scales_of_zero() -> nn.Module:
    model = shake(net(*first(6), sign(), *head(384)))
    with torch.no_grad():
        model[1].weight[:] = 0.0
    return model


@style(r"\(BatchNormalization.*: its input '\S+' is nan in channel 2; accepted: finite numbers", shaken=False)
def statistics_that_are_none() -> nn.Module:
    model = shake(net(*first(6), sign(), *head(384)))
    with torch.no_grad():
        model[1].running_var[2] = float("nan")
    return model


@style()
def one_score() -> nn.Module:
    return net(*first(), sign(), *head(256, 1))


@style()
def one_score_and_sigmoid() -> nn.Module:
    return net(*first(), sign(), *head(256, 1), nn.Sigmoid())


@style()
def log_softmax() -> nn.Module:
    return net(*first(), sign(), *head(256), nn.LogSoftmax(1))


@style(r"makes 300 scores; accepted: at most 256")
def too_many_classes() -> nn.Module:
    return net(*first(), sign(), *head(256, 300))


@style(shaken=False)
def equal_classes() -> nn.Module:
    model = shake(net(*first(6), sign(), *head(384, 6)))
    with torch.no_grad():
        model[-1].weight[1:] = model[-1].weight[:1]
    return model


@style()
def conv_over_the_whole_map() -> nn.Module:
    return net(*first(), sign(), conv(4, 4, 8), nn.Flatten())


@style()
def convolutions_alone() -> nn.Module:
    inner = [conv(4, 4, stride=2, padding=1), nn.BatchNorm2d(4), sign(), nn.MaxPool2d(2)]
    return net(*first(), sign(), *inner, conv(4, 3, 2, bias=True))
