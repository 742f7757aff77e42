"""What a style is, how one is registered, and the pieces that networks are made of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import brevitas.nn as qnn
import torch
from brevitas.nn import QuantConv2d, QuantLinear
from brevitas.quant import Int8WeightPerTensorFloat
from torch import Tensor, nn

from tests.support.foreign import weights

W1 = weights(per_channel=False)
NO_BIAS = {"bias": False, **W1}


@dataclass(frozen=True)
class Style:
    """A style. make: returns the network. outcome: words of the refusal, empty if exact. options: of the export."""

    make: Callable[[], nn.Module]
    outcome: str = ""
    shape: tuple[int, ...] = (1, 1, 10, 10)
    options: dict[str, Any] = field(default_factory=dict)
    shaken: bool = True  # set random weights and statistics; else `make` has set them


STYLES: dict[str, Style] = {}
Make = Callable[[], nn.Module]
FREE = {"dynamic_axes": {"x": {0: "N"}}, "input_names": ["x"]}


def style(outcome: str = "", shape: tuple[int, ...] = (1, 1, 10, 10), shaken: bool = True, **options: Any) -> Any:
    """Register the function below, under its name."""

    def enter(make: Make) -> Make:
        STYLES[make.__name__] = Style(make, outcome, shape, options, shaken)
        return make

    return enter


class Function(nn.Module):
    """Apply a function, which may use modules of its own."""

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
    """Return a Conv on pixels and its batch norm."""
    return [conv(channels, maps, kernel, **options), nn.BatchNorm2d(maps)]


def relu(bits: int, most: float = 3.0) -> nn.Module:
    return qnn.QuantReLU(bit_width=bits, scaling_impl_type="const", max_val=most)


def few(bits: int) -> dict[str, Any]:
    return {"weight_quant": Int8WeightPerTensorFloat, "weight_bit_width": bits, "weight_scaling_const": None}


def net(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers)


def shake(model: nn.Module, seed: int = 0, spread: float = 3.0) -> nn.Module:
    """Set random weights and statistics."""
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
    """Set random weights and statistics; half the scales of each batch norm are negative."""
    g = torch.Generator().manual_seed(seed)
    for module in shake(model).modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            with torch.no_grad():
                module.weight.mul_(torch.where(torch.rand(module.num_features, generator=g) < 0.5, -1.0, 1.0))
    return model
