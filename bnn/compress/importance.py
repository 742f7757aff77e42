"""What a network of bits would miss: the saliency of its channels and of its selected jets.

It is that of optimal brain damage (bnn.compress.damage), for a gate a of a channel or of a jet:

    y = mean + a (x - mean)

At a = 1 the network is as it is; at a = 0 only the mean is left, which the next batch norm takes up. So with
the Gauss-Newton matrix in place of the Hessian

    saliency = 1/2 mean over pictures of sum over factors f of (d (f . scores) / d a)^2

Gradients pass signs straight through, as in training.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bnn.compress.channels import layout
from bnn.compress.slopes import Watched
from bnn.compress.zeros import Pair, selections
from bnn.model.forms import Convolution
from bnn.model.network import ConvBlock, Network
from bnn.model.pooling import SumPooling

BATCH = 64


def channel_saliency(network: Network, images: Tensor) -> dict[int, float]:
    """Return the saliency of each channel, on pictures uint8 [N, C, H, W]."""
    found = layout(network.spec)
    watched = Watched(network, [_bits(block) for block in network.blocks], images, BATCH)
    means = _means(watched)
    total = torch.zeros(max(found.channels) + 1)
    for slopes in watched.slopes():
        results = watched.results()
        each = torch.zeros(len(results[0]), len(total))  # [N, channels]
        for own, bits, slope, mean in zip(found.made, results, slopes, means, strict=True):
            each.index_add_(1, torch.tensor(own), (slope * (bits - mean[:, None, None])).sum((2, 3)))
        total.add_((each**2).sum(0))
    return {channel: float(total[channel]) / len(images) / 2 for channel in found.channels}


def channel_scale(network: Network, images: Tensor) -> dict[int, float]:
    """Return the sum of the scales of the batch norms that make each channel, as network slimming ranks them."""
    found = dict.fromkeys(layout(network.spec).channels, 0.0)
    for own, block in zip(layout(network.spec).made, network.blocks, strict=True):
        for channel, scale in zip(own, block.norm.weight.detach().abs().tolist(), strict=True):
            found[channel] += scale
    return found


def jet_saliency(network: Network, images: Tensor) -> dict[Pair, float]:
    """Return the saliency of each selected jet that may be pruned, on pictures uint8 [N, C, H, W]."""
    chosen = selections(network)
    if not chosen:
        return {}
    convolutions: list[Convolution] = [network.blocks[block].conv for block in chosen]
    totals = [torch.zeros(jets.weight.shape[:2]) for jets in chosen.values()]
    watched = Watched(network, convolutions, images, BATCH)
    for slopes in watched.slopes():
        for number, (total, slope) in enumerate(zip(totals, slopes, strict=True)):
            total.add_(_of_jets(convolutions[number], watched.taken[number], slope))
    return {
        (block, output, source): float(total[output, source]) / len(images) / 2
        for block, total in zip(chosen, totals, strict=True)
        for output in range(total.shape[0])
        for source in range(total.shape[1])
    }


@torch.no_grad()
def _of_jets(conv: Convolution, x: Tensor, slope: Tensor) -> Tensor:
    """Return the sum over pictures of the squared derivatives [O, I] by the gates of a convolution's jets.

    x: what the convolution reads. slope [N, O, H', W']: the derivative by its sums.
    """
    if conv.padding:
        x = F.pad(x, (conv.padding,) * 4, value=float(conv.pad_value))
    *before, last = conv.stages()
    for weight, stride, groups in before:
        x = F.conv2d(x, weight, stride=stride, groups=groups)
    patches = F.unfold(x, last.weight.shape[2:], stride=last.stride)  # [N, I K K, places]
    patches = patches - patches.mean((0, 2), keepdim=True)
    by_weight = slope.flatten(2) @ patches.transpose(1, 2)  # [N, O, I K K]
    each = by_weight.view(len(x), *last.weight.shape) * last.weight
    return (each.sum((3, 4)) ** 2).sum(0)


def _bits(block: ConvBlock) -> nn.Module:
    """Return the module whose results are the +-1 map that a block puts out."""
    return block.pooling.sign if isinstance(block.pooling, SumPooling) else block.sign


def _means(watched: Watched) -> list[Tensor]:
    """Return the mean of each channel [C] of what modules give."""
    sums: list[Tensor] = [torch.zeros(1)] * len(watched.modules)
    with torch.no_grad():
        for _ in watched.batches():
            sums = [total + bits.mean((2, 3)).sum(0) for total, bits in zip(sums, watched.results(), strict=True)]
    return [total / len(watched.inputs) for total in sums]
