"""Ways in which people write and export binarized networks in Brevitas, each with what becomes of it.

`STYLES[name]` makes the network; its `outcome` is empty where it is imported exactly, else the words of its refusal.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import brevitas.nn as qnn
import torch
from brevitas.nn import QuantConv2d, QuantLinear
from brevitas.quant import Int8Bias, Int8WeightPerTensorFloat
from brevitas.quant.ternary import SignedTernaryActPerTensorConst, SignedTernaryWeightPerTensorConst
from torch import Tensor, nn

from tests.support.foreign import sign, weights

W1 = weights(per_channel=False)
NO_BIAS = {"bias": False, **W1}


@dataclass(frozen=True)
class Style:
    """make: the network; outcome: words of the refusal; options: of the export."""

    make: Callable[[], nn.Module]
    outcome: str = ""
    shape: tuple[int, ...] = (1, 1, 10, 10)
    options: dict[str, Any] = field(default_factory=dict)
    shaken: bool = True  # random weights and statistics; else `make` has set them


STYLES: dict[str, Style] = {}
Make = Callable[[], nn.Module]
FREE = {"dynamic_axes": {"x": {0: "N"}}, "input_names": ["x"]}


def style(outcome: str = "", shape: tuple[int, ...] = (1, 1, 10, 10), shaken: bool = True, **options: Any) -> Any:
    """Enter the function below under its name."""

    def enter(make: Make) -> Make:
        STYLES[make.__name__] = Style(make, outcome, shape, options, shaken)
        return make

    return enter


class Function(nn.Module):
    """x -> function(x), with modules of its own."""

    def __init__(self, function: Callable[..., Tensor], **modules: Any) -> None:
        super().__init__()
        self.function = function
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def conv(inputs: int, outputs: int, kernel: int = 3, **options: Any) -> nn.Module:
    return QuantConv2d(inputs, outputs, kernel, **NO_BIAS | options)


def dense(inputs: int, outputs: int, **options: Any) -> nn.Module:
    return QuantLinear(inputs, outputs, **NO_BIAS | options)


def head(features: int, classes: int = 4, **options: Any) -> list[nn.Module]:
    return [nn.Flatten(), dense(features, classes, **options)]


def first(maps: int = 4, channels: int = 1, kernel: int = 3, **options: Any) -> list[nn.Module]:
    """Conv on pixels and batch norm."""
    return [conv(channels, maps, kernel, **options), nn.BatchNorm2d(maps)]


def relu(bits: int, most: float = 3.0) -> nn.Module:
    return qnn.QuantReLU(bit_width=bits, scaling_impl_type="const", max_val=most)


def few(bits: int) -> dict[str, Any]:
    return {"weight_quant": Int8WeightPerTensorFloat, "weight_bit_width": bits, "weight_scaling_const": None}


def net(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers)


def shake(model: nn.Module, seed: int = 0, spread: float = 3.0) -> nn.Module:
    """Random weights and statistics."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                n = module.num_features
                module.weight.copy_(torch.rand(n, generator=g) + 0.5)
                module.bias.copy_(torch.randn(n, generator=g) * 0.3)
                module.running_mean.copy_(torch.randn(n, generator=g) * spread)
                module.running_var.copy_(torch.rand(n, generator=g) * spread**2 + 0.1)
            if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Linear)):
                module.weight.copy_(torch.rand(module.weight.shape, generator=g) * 2 - 1)
                if module.bias is not None:
                    module.bias.copy_(torch.randn(module.bias.shape, generator=g))
    return model


def turned(model: nn.Module, seed: int = 3) -> nn.Module:
    """Shaken, with batch norms of which half the scales are negative."""
    g = torch.Generator().manual_seed(seed)
    for module in shake(model).modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            with torch.no_grad():
                module.weight.mul_(torch.where(torch.rand(module.num_features, generator=g) < 0.5, -1.0, 1.0))
    return model


# --- inputs ---


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


# --- flattening and batches ---


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


# --- layers ---


@style()
def bias_of_8_bits() -> nn.Module:
    quantized = conv(1, 4, bias=True, bias_quant=Int8Bias, return_quant_tensor=True)
    layers = [quantized, nn.BatchNorm2d(4), sign(), *head(256)]
    return net(qnn.QuantIdentity(bit_width=8, return_quant_tensor=True), *layers)


@style()
def bias_of_floats() -> nn.Module:
    return net(*first(bias=True), sign(), *head(256, bias=True))


@style(r"\(Conv, BIPOLAR, BIPOLAR -> FLOAT32\): 3x3 in 6 groups; \+-1 kernels .* in 1 group", (1, 3, 10, 10))
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


@style(r"\(AveragePool, BIPOLAR -> FLOAT32\): operator AveragePool has no exact")
def average_pool() -> nn.Module:
    return net(*first(), sign(), nn.AvgPool2d(2), *head(64))


@style(r"operator (GlobalAveragePool|ReduceMean) has no exact integer form here; accepted: Conv, MatMul")
def global_average() -> nn.Module:
    return net(*first(), sign(), conv(4, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())


@style(r"\(Trunc, FLOAT32 -> FLOAT32\): is no operator of QONNX that is known here", dynamo=True)
def truncated_average() -> nn.Module:
    act = qnn.QuantReLU(bit_width=4, return_quant_tensor=True)
    return net(*first(), act, qnn.TruncAvgPool2d(8, stride=1, bit_width=4), *head(4))


@style(r"\((Resize|Upsample), BIPOLAR -> FLOAT32\): operator")
def upsample() -> nn.Module:
    return net(*first(), sign(), nn.Upsample(scale_factor=2), *head(1024))


@style(r"\(Add, FLOAT32, BIPOLAR -> FLOAT32\): joins 2 branches")
def residual() -> nn.Module:
    inner = net(conv(4, 4, padding=1), nn.BatchNorm2d(4))
    block = Function(lambda self, x: self.sign(self.inner(x) + x), inner=inner, sign=sign())
    return net(*first(), sign(), block, *head(256))


@style()
def scales_per_channel() -> nn.Module:
    each = weights(per_channel=True)
    layers = [conv(1, 4, **each), nn.BatchNorm2d(4), sign(), conv(4, 4, **each), nn.BatchNorm2d(4), sign()]
    return net(*layers, nn.Flatten(), dense(144, 4, **each | {"bias": True}))


class Scaled(nn.Module):
    """x * a per channel, as XNOR-Net has it."""

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


# --- activations ---


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


# --- batch norm ---


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


# --- ends ---


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
