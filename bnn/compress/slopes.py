"""Derivatives of a network's scores by what is inside of it, a factor of the loss' Hessian after the other."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

Factors = Callable[[Tensor], Tensor]  # scores [N, classes] -> [K, N, classes], of which the sum of f f' is the Hessian


def cross_entropy_factors(scores: Tensor) -> Tensor:
    """Return the factors of the Hessian of the cross entropy of scores: sqrt(p_c) (e_c - p)."""
    shares = torch.softmax(scores.detach(), 1)
    unit = torch.eye(scores.shape[1], device=scores.device, dtype=scores.dtype)
    return shares.T.sqrt()[:, :, None] * (unit[:, None, :] - shares[None])


class Watched:
    """Modules whose inputs and results are kept while a network, in evaluation mode, looks at batches."""

    def __init__(self, network: nn.Module, modules: Sequence[nn.Module], inputs: Tensor, batch: int) -> None:
        self.network, self.modules, self.inputs, self.batch = network, modules, inputs, batch
        self.taken: dict[int, Tensor] = {}  # first inputs of the modules, of the last batch
        self.given: dict[int, Tensor] = {}  # their results

    def batches(self) -> Iterator[Tensor]:
        """Yield the scores of each batch; `taken` and `given` then belong to it."""
        hooks = [module.register_forward_hook(self._keep(number)) for number, module in enumerate(self.modules)]
        self.network.eval()
        try:
            for part in self.inputs.split(self.batch):
                yield self.network(part)
        finally:
            for hook in hooks:
                hook.remove()

    def slopes(self, factors: Factors = cross_entropy_factors) -> Iterator[list[Tensor]]:
        """Yield, for each batch and each factor of it, the derivatives of factor . scores by what the modules gave."""
        for scores in self.batches():
            given = [self.given[number] for number in range(len(self.modules))]
            for factor in factors(scores):
                yield list(torch.autograd.grad(scores, given, factor, retain_graph=True))

    def results(self) -> list[Tensor]:
        """Return what the modules gave for the last batch, without its history."""
        return [self.given[number].detach() for number in range(len(self.modules))]

    def _keep(self, number: int) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def keep(module: nn.Module, arguments: tuple[Tensor, ...], result: Tensor) -> None:
            self.taken[number], self.given[number] = arguments[0].detach(), result

        return keep
