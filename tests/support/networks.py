"""Random integer networks in every form that can be built, without training."""

import numpy as np
import torch

from bnn import jets
from bnn.data import biscuits
from bnn.integer.freeze import freeze
from bnn.integer.layers import Bias, Conv, Dense, Layer, MaxPool, Pad, Threshold
from bnn.integer.layers.elman import Elman
from bnn.integer.layers.sum_pool import SumPool
from bnn.integer.network import IntegerNetwork
from bnn.model.network import Network
from bnn.model.spec import load_spec
from bnn.training.evaluation import estimate_statistics

FORMS = ("constrained", "separable", "bottleneck", "binary")


class Random:
    """Draws random layers that follow each other; thresholds lie in the range of the sums."""

    def __init__(self, seed: int) -> None:
        self.r = np.random.default_rng(seed)

    def jets(self, outputs: int, inputs: int, kernel: int = 3, zeros: float = 0.1) -> np.ndarray:
        codes = self.r.integers(0, kernel**2, (outputs, inputs))
        signs = self.r.choice([1, -1, 0], (outputs, inputs), p=[(1 - zeros) / 2, (1 - zeros) / 2, zeros])
        return jets.group(kernel - 1)[codes] * signs[..., None, None]

    def signs(self, *shape: int) -> np.ndarray:
        return self.r.choice(np.array([1, -1]), shape)

    def thresholds(self, outputs: int, spread: int) -> np.ndarray:
        """Return thresholds, mostly within +-spread. Some are reached by every sum, and some by none."""
        values = self.r.integers(-spread, spread + 1, outputs)
        values[self.r.random(outputs) < 0.05] = 100_000
        values[self.r.random(outputs) < 0.05] = -100_000
        return values


def random_network(
    form: str,
    *,
    seed: int = 0,
    height: int = 12,
    width: int = 12,
    colors: int = 1,
    kernel: int = 3,
    first_stride: int = 1,
    stride: int = 1,
    padding: bool = True,
    pool: int = 2,
    hidden: int = 0,
    classes: int = 3,
    outputs: int = 8,
) -> IntegerNetwork:
    """Return a network of two convolutions, the second of `form`, pooling between them, and dense layers behind."""
    r = Random(seed)
    pad = kernel // 2 if padding else 0
    layers: list[Layer] = [Pad(pad, 0)] if pad else []
    if form == "binary":
        layers.append(Conv(r.signs(6, colors, kernel, kernel), first_stride))
    else:
        layers.append(Conv(r.jets(6, colors, kernel), first_stride))
    layers.append(Threshold(r.thresholds(6, 300)))
    if pool > 1:
        layers.append(MaxPool(pool))
    if pad:
        layers.append(Pad(pad, -1))
    if form == "constrained":
        layers.append(Conv(r.jets(outputs, 6, kernel), stride))
    elif form == "separable":
        layers += [Conv(r.signs(outputs, 6, 1, 1)), Conv(r.jets(outputs, 1, kernel), stride, groups=outputs)]
    elif form == "bottleneck":
        layers += [Conv(r.signs(4, 6, 1, 1)), Conv(r.jets(outputs, 4, kernel), stride)]
    else:
        layers.append(Conv(r.signs(outputs, 6, kernel, kernel), stride))
    layers.append(Threshold(r.thresholds(outputs, 12)))
    features = outputs * np.prod(map_after(layers, height, width))
    if hidden:
        layers += [Dense(r.signs(features, hidden)), Threshold(r.thresholds(hidden, 9))]
        features = hidden
    layers += [Dense(r.signs(features, classes)), Bias(r.r.integers(-6, 7, classes))]
    network = IntegerNetwork.chain((colors, height, width), tuple(layers), tuple(f"c{i}" for i in range(classes)))
    assert len(network.intervals()) == len(layers) + 1
    return network


def demo_network(seed: int = 0) -> tuple[IntegerNetwork, np.ndarray]:
    """Return the network of `neuraljet demo` before its training, and biscuits uint8 [N, C, H, W].

    The last rows complete no window, so the class comes 55 clocks before the last pixel.
    """
    torch.manual_seed(seed)
    images = biscuits.render(48, seed, "test")[0][:, None]
    network = Network(load_spec("medium"), images.shape[1:], len(biscuits.CLASSES))
    estimate_statistics(network, torch.from_numpy(images))
    return freeze(network.eval(), biscuits.CLASSES), images


def map_after(layers: list[Layer], height: int, width: int) -> tuple[int, int]:
    """Return height and width of the map behind `layers`."""
    for layer in layers:
        if isinstance(layer, Pad):
            height, width = height + 2 * layer.amount, width + 2 * layer.amount
        elif isinstance(layer, Conv):
            kernel = layer.weight.shape[2]
            height, width = ((size - kernel) // layer.stride + 1 for size in (height, width))
        elif isinstance(layer, MaxPool):
            height, width = height // layer.size, width // layer.size
    return height, width


def images_for(network: IntegerNetwork, count: int, seed: int = 0) -> np.ndarray:
    """Return uint8 pictures [N, C, H, W]: a black one, a white one, then noise."""
    images = np.random.default_rng(seed).integers(0, 256, (count, *network.input_shape), np.uint8)
    images[:1], images[1:2] = 0, 255
    return images


def sum_pool_network(seed: int) -> IntegerNetwork:
    """Return a network with sums over windows behind a threshold, and a dense layer or sums of whole maps at its end.

    The windows have any size, and the factors of the sums any sign.
    """
    r, layers = Random(seed), list[Layer]()
    one = r.r.integers
    height, width, colors, maps = int(one(9, 19)), int(one(9, 19)), int(one(1, 3)), int(one(2, 7))
    picture = (colors, height, width)
    weight = r.jets(maps, colors) if seed % 2 else r.signs(maps, colors, 3, 3)
    layers += [Pad(1, 0), Conv(weight), Threshold(r.thresholds(maps, 300))]
    rows, columns = (int(one(1, 5)), int(one(1, 5))) if seed % 3 else (height, width)
    factors = r.signs(maps) * one(1, 1 + seed % 3 + 1, maps) if seed % 4 else None
    copies = 1 + (seed % 5 == 4)
    if factors is not None:
        factors = np.repeat(factors, copies)
    spread = int(2 * np.sqrt(rows * columns)) + 1
    layers += [SumPool((rows, columns), factors, copies), Threshold(r.thresholds(maps * copies, spread))]
    maps, height, width = maps * copies, height // rows, width // columns
    if min(height, width) >= 3 and seed % 2:
        outputs = int(one(2, 7))
        layers += [Pad(1, -1), Conv(r.signs(outputs, maps, 3, 3)), Threshold(r.thresholds(outputs, 9))]
        maps = outputs
    if seed % 7 < 3:
        multipliers = one(1, 2 + 3 * (seed % 2), 4) * r.signs(4)
        layers += [Conv(r.signs(4, maps, 1, 1)), Threshold(r.thresholds(4, 3))]
        layers += [SumPool((height, width), multipliers, flat=True), Bias(one(-6, 7, 4))]
    else:
        layers += [Dense(r.signs(maps * height * width, 4)), Bias(one(-6, 7, 4))]
    return IntegerNetwork.chain(picture, layers, ("a", "b", "c", "d"))


def depthwise_network(seed: int) -> IntegerNetwork:
    """Return a network of a convolution, a depthwise convolution of +-1, a 1x1 convolution and a dense layer."""
    r = Random(seed)
    one = r.r.integers
    height, width, maps, outputs = int(one(9, 17)), int(one(9, 17)), int(one(2, 8)), int(one(3, 9))
    kernel, stride = int(one(2, 6)), int(one(1, 3))
    pad = (kernel - 1) // 2 if seed % 2 else 0
    first: list[Layer] = [Pad(1, 0), Conv(r.jets(maps, 1)), Threshold(r.thresholds(maps, 300))]
    padding: list[Layer] = [Pad(pad, -1)] if pad else []
    depthwise: list[Layer] = [Conv(r.signs(maps, 1, kernel, kernel), stride, groups=maps)]
    mixed: list[Layer] = [Conv(r.signs(outputs, maps, 1, 1)), Threshold(r.thresholds(outputs, 3))]
    layers = [*first, *padding, *depthwise, Threshold(r.thresholds(maps, kernel)), *mixed]
    features = outputs * int(np.prod(map_after(layers, height, width)))
    layers += [Dense(r.signs(features, 3)), Bias(one(-6, 7, 3))]
    return IntegerNetwork.chain((1, height, width), layers, ("a", "b", "c"))


def elman_network(seed: int) -> IntegerNetwork:
    """Return a network whose last map an Elman layer reads row by row, of any size and any number of states."""
    r = Random(seed)
    one = r.r.integers
    height, width, maps, states = int(one(6, 15)), int(one(5, 15)), int(one(2, 9)), int(one(6, 18))
    weight = r.jets(maps, 1) if seed % 2 else r.signs(maps, 1, 3, 3)
    layers: list[Layer] = [Pad(1, 0), Conv(weight), Threshold(r.thresholds(maps, 300))]
    if seed % 3:
        layers.append(MaxPool(2))
        height, width = height // 2, width // 2
    terms = maps * width
    limits = r.thresholds(states, int(np.sqrt(terms + states)))
    layers.append(Elman(r.signs(terms, states), r.signs(states, states), limits))
    if seed % 4 == 3:
        layers += [Dense(r.signs(states, 6)), Threshold(r.thresholds(6, 3))]
        states = 6
    layers += [Dense(r.signs(states, 3)), Bias(one(-6, 7, 3))]
    picture = (1, height * 2, width * 2) if seed % 3 else (1, height, width)
    return IntegerNetwork.chain(picture, layers, ("a", "b", "c"))
