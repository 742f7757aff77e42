"""Network slimming: channels whose batch norm has a small scale are removed, until a target is met.

Liu et al., "Learning Efficient Convolutional Networks through Network Slimming", ICCV 2017: an l1 penalty on the scales
while training, then one threshold for all layers. Qi et al., "An efficient pruning scheme of deep neural networks for
Internet of Things applications", EURASIP J. Adv. Signal Process. 2021:31, prune to a target of operations and
parameters that is given. Of the second the abstract was at hand; how the target is met here, by the number of channels
that fall below the threshold, is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bnn.compress.floats import learn, vgg

Widths = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Slim:
    """Settings of the method."""

    operations: float = 1.0  # of the multiply-adds, that may be left
    parameters: float = 1.0  # of the weights of convolutions and of the dense layer, that may be left
    penalty: float = 1e-3  # l1, of each scale
    steps: int = 1000  # of fine-tuning
    least: int = 2  # channels of a layer


@dataclass(frozen=True)
class Size:
    """What a network of the VGG kind costs."""

    operations: int  # multiply-adds of a picture
    parameters: int  # weights of convolutions and of the dense layer


def size_of(widths: Widths, side: int, classes: int = 10) -> Size:
    """Return the size of `floats.vgg` for gray pictures of side x side."""
    operations = parameters = 0
    inputs = 1
    for stage in widths:
        for width in stage:
            parameters += 9 * inputs * width
            operations += 9 * inputs * width * side * side
            inputs = width
        side //= 2
    return Size(operations + inputs * classes, parameters + inputs * classes)


def penalty_of(network: nn.Module, strength: float) -> Tensor:
    """Return the l1 penalty on the scales of all batch norms."""
    return strength * torch.stack([norm.weight.abs().sum() for norm in _norms(network)]).sum()


def slimmed(network: nn.Sequential, widths: Widths, side: int, how: Slim) -> tuple[nn.Sequential, Widths]:
    """Return the network without its channels of smallest scale, as many as the targets ask for; untrained.

    widths: of the network. Of equal channels the first goes first.
    """
    classes = next(m for m in reversed(network) if isinstance(m, nn.Linear)).out_features
    scales = [norm.weight.detach().abs() for norm in _norms(network)]
    order = sorted((float(scale[i]), layer, i) for layer, scale in enumerate(scales) for i in range(len(scale)))
    full, kept = size_of(widths, side, classes), [list(range(len(scale))) for scale in scales]
    for _, layer, channel in order:
        size = size_of(_widths(widths, kept), side, classes)
        if size.operations <= how.operations * full.operations and size.parameters <= how.parameters * full.parameters:
            break
        if len(kept[layer]) > how.least:
            kept[layer].remove(channel)
    return _narrowed(network, _widths(widths, kept), kept, classes), _widths(widths, kept)


def slim(
    network: nn.Sequential, widths: Widths, images: Tensor, labels: Tensor, seed: int, how: Slim
) -> tuple[nn.Sequential, Widths]:
    """Return a network that was trained with the penalty, slimmed and fine-tuned."""
    smaller, left = slimmed(network, widths, images.shape[-1], how)
    learn(smaller, images, labels, how.steps, seed)
    return smaller, left


def _norms(network: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


def _widths(like: Widths, kept: Sequence[Sequence[int]]) -> Widths:
    counts = iter(len(channels) for channels in kept)
    return tuple(tuple(next(counts) for _ in stage) for stage in like)


def _narrowed(network: nn.Sequential, widths: Widths, kept: Sequence[Sequence[int]], classes: int) -> nn.Sequential:
    """Return a network of these widths with the weights of the kept channels."""
    with torch.random.fork_rng(devices=()):
        smaller = vgg(widths, classes)
    layer, before = 0, torch.tensor([0])
    with torch.no_grad():
        for mine, theirs in zip(smaller, network, strict=True):
            if isinstance(mine, nn.Conv2d) and isinstance(theirs, nn.Conv2d):
                mine.weight.copy_(theirs.weight[torch.tensor(kept[layer])][:, before])
            elif isinstance(mine, nn.BatchNorm2d):
                before = torch.tensor(kept[layer])
                for name, value in theirs.state_dict().items():
                    mine.state_dict()[name].copy_(value[before] if value.ndim else value)
                layer += 1
            elif isinstance(mine, nn.Linear) and isinstance(theirs, nn.Linear):
                mine.weight.copy_(theirs.weight[:, before])
                mine.bias.copy_(theirs.bias)
    return smaller
