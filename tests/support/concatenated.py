"""Random integer networks with concatenations, in every form that can be built, without training."""

from bnn.integer.layers import Bias, Conv, Dense, MaxPool, Pad, Threshold
from bnn.integer.layers.concat import Concat
from bnn.integer.network import IMAGE, GraphBuilder, IntegerNetwork
from tests.support.networks import Random


def random_concat(seed: int) -> IntegerNetwork:
    """Return a network of a convolution on pixels, one to three concatenations, pooling in between, and scores.

    A concatenation joins a map and what a convolution makes of it, or what two or three convolutions make of a map. The
    kernels are 1, 3 or 5 wide, jets or +-1. At the end the outputs of two dense layers of one map may be joined.
    """
    random, graph = Random(seed), GraphBuilder()
    r, add = random.r, graph.add
    channels, height, width = int(r.integers(2, 7)), int(r.integers(6, 12)), int(r.integers(6, 12))
    input_shape = (1, height, width)

    def bits(source: str, inputs: int, outputs: int, kernel: int) -> str:
        if kernel > 1:
            source = add(Pad(kernel // 2, -1), source)
        jets = kernel == 3 and r.random() < 0.5
        weight = random.jets(outputs, inputs, kernel) if jets else random.signs(outputs, inputs, kernel, kernel)
        return add(Threshold(random.thresholds(outputs, 6)), add(Conv(weight), source))

    x = add(Conv(random.signs(channels, 1, 3, 3)), add(Pad(1, 0), IMAGE))
    x = add(Threshold(random.thresholds(channels, 300)), x)
    for _ in range(int(r.integers(1, 4))):
        widths = r.integers(1, 6, int(r.integers(1, 4))).tolist()
        branches = [bits(x, channels, outputs, int(r.choice([1, 3, 5]))) for outputs in widths]
        if len(branches) == 1 or r.random() < 0.4:
            branches.insert(int(r.integers(len(branches) + 1)), x)
            widths.append(channels)
        x, channels = add(Concat(), *branches), sum(widths)
        if min(height, width) >= 4 and r.random() < 0.5:
            x, height, width = add(MaxPool(2), x), height // 2, width // 2
    inputs = channels * height * width
    if r.random() < 0.4:
        dense = [add(Dense(random.signs(inputs, n)), x) for n in (5, 9)]
        x = add(Concat(), *(add(Threshold(random.thresholds(n, 9)), d) for n, d in zip((5, 9), dense, strict=True)))
        inputs = 14
    classes = int(r.integers(2, 5))
    add(Bias(r.integers(-6, 7, classes)), add(Dense(random.signs(inputs, classes)), x))
    return IntegerNetwork(input_shape, graph.finished(), tuple(f"c{i}" for i in range(classes)))
