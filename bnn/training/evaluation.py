"""What a network says of pictures, with batch-norm statistics that belong to its weights."""

import numpy as np
import torch
from torch import Tensor, nn

from bnn.model.layers import Norm
from bnn.model.network import Network

EVALUATION_BATCH = 256  # pictures at a time


def estimate_statistics(network: Network, images: Tensor) -> None:
    """Set every batch norm to the mean and variance over `images` under the present weights; leave eval mode on."""
    norms = [m for m in network.modules() if isinstance(m, Norm)]
    momenta = [m.momentum for m in norms]
    for norm in norms:
        norm.reset_running_stats()
    network.train()
    with torch.no_grad():
        for i, batch in enumerate(images.split(EVALUATION_BATCH)):
            if len(batch) > 1:
                for norm in norms:
                    norm.momentum = 1 / (i + 1)  # the average so far
                network(batch.contiguous(memory_format=torch.channels_last))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()


def scores_of(network: nn.Module, images: Tensor) -> Tensor:
    """Return the scores [N, classes] of pictures [N, C, H, W]."""
    with torch.no_grad():
        return torch.cat([network(batch) for batch in images.split(EVALUATION_BATCH)])


def predict(network: nn.Module, images: Tensor) -> Tensor:
    """Return the class [N] of each picture; ties go to the lowest index."""
    return torch.from_numpy(np.argmax(scores_of(network, images).numpy(), axis=1))
