"""The optimizers that a training may have, by name: those of torch, and Bop.

Beside the learning rate each has torch's defaults. All of them work on each number alone, so they take one step on the
flat parameters of a network (bnn.training.flat).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bnn.training.bop import Bop, binary_places

MOMENTUM = 0.9
OPTIMIZERS: dict[str, Callable[[nn.Parameter, nn.Module, float], torch.optim.Optimizer]] = {
    "adam": lambda values, _, rate: torch.optim.Adam([values], lr=rate, fused=True),
    "sgd": lambda values, _, rate: torch.optim.SGD([values], lr=rate),
    "momentum": lambda values, _, rate: torch.optim.SGD([values], lr=rate, momentum=MOMENTUM),
    "adagrad": lambda values, _, rate: torch.optim.Adagrad([values], lr=rate),
    "rmsprop": lambda values, _, rate: torch.optim.RMSprop([values], lr=rate),
    "adadelta": lambda values, _, rate: torch.optim.Adadelta([values], lr=rate),
    "amsgrad": lambda values, _, rate: torch.optim.Adam([values], lr=rate, amsgrad=True, fused=True),
    "nadam": lambda values, _, rate: torch.optim.NAdam([values], lr=rate),
    "adamw": lambda values, _, rate: torch.optim.AdamW([values], lr=rate, fused=True),
    "bop": lambda values, network, rate: Bop(values, binary_places(network), rate),
}


def optimizer_of(name: str, values: nn.Parameter, network: nn.Module, rate: float) -> torch.optim.Optimizer:
    """Return the optimizer `name` of the numbers `values` [n], the parameters of `network` side by side."""
    return OPTIMIZERS[name](values, network, rate)


def memory(optimizer: torch.optim.Optimizer, values: nn.Parameter) -> dict[str, Tensor]:
    """Return what an optimizer remembers of its steps, by name; empty where it remembers nothing."""
    return {name: value for name, value in optimizer.state[values].items() if isinstance(value, Tensor)}


def memory_like(name: str, values: nn.Parameter, network: nn.Module) -> dict[str, Tensor]:
    """Return tensors with the names, shapes and types of what the optimizer `name` remembers after a step."""
    stand_in = nn.Parameter(values.detach().clone())
    stand_in.grad = torch.zeros_like(stand_in)
    optimizer = optimizer_of(name, stand_in, network, 0.0)
    optimizer.step()
    return memory(optimizer, stand_in)
