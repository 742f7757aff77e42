"""Training against one noise that is added to every picture, and that learns to mislead while the network learns.

    Shafahi, Najibi, Xu, Dickerson, Davis, Goldstein: Universal adversarial training, AAAI 2020.

The noise goes up the gradient of the loss by its sign, in the step in which the weights go down: both come of one
backward pass. Half of each batch stays as it is, so that pictures without noise are learned too.
"""

import torch
from torch import Tensor

PACE = 0.05  # of the strength, in a step


class UniversalNoise:
    """One noise [C, H, W] of at most `strength` grey levels."""

    def __init__(self, shape: tuple[int, ...], strength: int, device: torch.device) -> None:
        self.strength = strength
        self.noise = torch.zeros(shape, device=device, requires_grad=True)

    def add(self, images: Tensor) -> Tensor:
        """Return pictures uint8 [N, C, H, W] as numbers from 0 to 255, the first half of them with the noise."""
        half = len(images) // 2
        return torch.cat([(images[:half] + self.noise).clamp(0, 255), images[half:].float()])

    @property
    def gradient(self) -> Tensor:
        """Where the loss grows [C, H, W]; there is one after a backward pass."""
        assert self.noise.grad is not None
        return self.noise.grad

    def step(self) -> None:
        """Go up the gradient."""
        with torch.no_grad():
            self.noise += PACE * self.strength * self.gradient.sign()
            self.noise.clamp_(-self.strength, self.strength)
        self.noise.grad = None

    def state(self) -> dict[str, Tensor]:
        """Return what a resumed training needs, by name."""
        return {"noise": self.noise.detach().clone()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take what `state` returned."""
        with torch.no_grad():
            self.noise.copy_(tensors["noise"])
