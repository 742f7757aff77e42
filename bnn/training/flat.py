"""The parameters of a network side by side in one tensor, so that the optimizer takes one step instead of dozens."""

import torch
from torch import Tensor, nn


class FlatParameters:
    """One parameter `values` [n], whose storage the network's parameters share, and its gradient likewise.

    A network has a dozen small parameters, and a step of Adam costs as much for each as for one large one. Adam works
    on each number alone, so the numbers stay as they were. The network's load_state_dict copies into its parameters,
    which keeps them in here.
    """

    def __init__(self, network: nn.Module) -> None:
        parameters = list(network.parameters())
        self.values = nn.Parameter(torch.cat([p.detach().flatten() for p in parameters]))
        self.gradient: Tensor = torch.zeros_like(self.values)
        self.values.grad = self.gradient
        sizes = [p.numel() for p in parameters]
        parts = zip(parameters, self.values.detach().split(sizes), self.gradient.split(sizes), strict=True)
        for parameter, values, gradient in parts:
            parameter.data = values.view(parameter.shape)
            parameter.grad = gradient.view(parameter.shape)
