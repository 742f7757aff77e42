"""Bop: binary weights that are flipped, and no latent weights behind them.

    Helwegen, Widdicombe, Geiger, Liu, Cheng, Nusselder: Latent Weights Do Not Exist: Rethinking Binarized Neural
    Network Optimization, NeurIPS 2019, algorithm 1.

    m = (1 - gamma) m + gamma g;  a weight w is flipped where |m| > threshold and sign(m) = sign(w)

What is not binary (norms, selections of jets, biases) has Adam, as in the paper.
"""

from typing import Any

import torch
from torch import Tensor, nn

from bnn.model.layers import BinaryWeight

GAMMA_OF_RATE = 1 / 3  # gamma for a learning rate of one: both fall along the same cosine
THRESHOLD = 1e-6


class Bop(torch.optim.Adam):
    """Adam on the numbers `values` [n], and Bop where `binary` [n] is set."""

    def __init__(self, values: nn.Parameter, binary: Tensor, rate: float, threshold: float = THRESHOLD) -> None:
        super().__init__([values], lr=rate, fused=True)
        self.values, self.binary, self.threshold = values, binary, threshold
        with torch.no_grad():
            values.copy_(torch.where(binary, torch.where(values < 0, -1.0, 1.0), values))

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # nobody asks for the loss
        """Flip binary weights, and let Adam take its step with the others."""
        assert closure is None and self.values.grad is not None
        gradient, state = self.values.grad.clone(), self.state[self.values]
        self.values.grad.masked_fill_(self.binary, 0.0)  # Adam leaves a number alone whose gradient was always zero
        super().step()
        if "average" not in state:
            state["average"] = torch.zeros_like(gradient)
        average = state["average"]
        average.lerp_(gradient.masked_fill_(~self.binary, 0.0), GAMMA_OF_RATE * self.param_groups[0]["lr"])
        flipped = (average.abs() > self.threshold) & (average.sign() == self.values) & self.binary
        self.values.copy_(torch.where(flipped, -self.values, self.values))


def binary_places(network: nn.Module) -> Tensor:
    """Return which of the network's numbers [n], in the order of its parameters, are latent binary weights."""
    binary = {id(module.weight) for module in network.modules() if isinstance(module, BinaryWeight)}
    places = [torch.full_like(p.detach(), id(p) in binary, dtype=torch.bool) for p in network.parameters()]
    return torch.cat([place.flatten() for place in places])
