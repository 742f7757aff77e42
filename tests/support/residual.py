"""Random integer networks with residual additions, in every form that can be built, without training."""

from bnn.integer.layers import Bias, Conv, Dense, MaxPool, Pad, Threshold
from bnn.integer.layers.add import Add
from bnn.integer.network import IMAGE, GraphBuilder, IntegerNetwork
from tests.support.networks import Random

FORMS = ("binary", "jets", "bottleneck", "separable")


class Builder:
    """A network that grows; tensors are names."""

    def __init__(self, seed: int) -> None:
        self.random, self.graph = Random(seed), GraphBuilder()

    def sums(
        self, source: str, inputs: int, outputs: int, kernel: int = 3, form: str = "binary", stride: int = 1
    ) -> str:
        """Append a convolution of +-1 maps that keeps their size, or takes every second row and column."""
        r, add = self.random, self.graph.add
        if kernel > 1:
            source = add(Pad(kernel // 2, -1), source)
        if form == "bottleneck":
            return add(Conv(r.jets(outputs, 4, kernel), stride), add(Conv(r.signs(4, inputs, 1, 1)), source))
        if form == "separable":
            mixed = add(Conv(r.signs(outputs, inputs, 1, 1)), source)
            return add(Conv(r.jets(outputs, 1, kernel, 0.0), stride, groups=outputs), mixed)
        weight = r.jets(outputs, inputs, kernel) if form == "jets" else r.signs(outputs, inputs, kernel, kernel)
        return add(Conv(weight, stride), source)

    def signs(self, source: str, outputs: int, spread: int) -> str:
        return self.graph.add(Threshold(self.random.thresholds(outputs, spread)), source)


def random_residual(seed: int) -> IntegerNetwork:
    """Return a network of a convolution on pixels, one or two blocks with a shortcut, and scores.

    A block adds its convolution's sums to the +-1 map in front of it, with a factor per channel or without, or to the
    sums of another convolution, which may halve the map; kernels of 1, 3 or 5, pooling in between.
    """
    b = Builder(seed)
    r, add = b.random.r, b.graph.add
    channels, height, width = int(r.integers(2, 9)), int(r.integers(7, 13)), int(r.integers(7, 13))
    colors = int(r.choice([1, 3]))
    x = add(Conv(b.random.signs(channels, colors, 3, 3)), add(Pad(1, 0), IMAGE))
    x = b.signs(x, channels, 300)
    size = [height, width]
    for _ in range(int(r.integers(1, 3))):
        form, kernel = str(r.choice(FORMS)), int(r.choice([3, 3, 5]))
        kernel = 3 if form == "separable" else kernel
        if r.random() < 0.5:  # the shortcut is the map itself
            right = [None, r.integers(-9, 10, channels), r.choice([-1, 1], channels)][r.integers(3)]
            x = add(Add(None, right), b.sums(x, channels, channels, kernel, form), x)
        else:
            outputs, stride = int(r.integers(2, 9)), int(r.choice([1, 2]))
            left, right = [
                (None, None),
                (None, r.integers(-3, 4, outputs)),
                (r.integers(1, 4, outputs), r.integers(-3, 4, outputs)),
            ][r.integers(3)]
            one = b.sums(x, channels, outputs, kernel, form, stride)
            two = b.sums(x, channels, outputs, int(r.choice([1, 3])) if stride == 1 else 3, "binary", stride)
            x, channels = add(Add(left, right), one, two), outputs
            size = [(n - 1) // stride + 1 for n in size]
        x = b.signs(x, channels, 12)
        if r.random() < 0.4 and min(size) >= 4:
            x, size = add(MaxPool(2), x), [n // 2 for n in size]
    classes = int(r.integers(2, 5))
    x = add(Dense(b.random.signs(channels * size[0] * size[1], classes)), x)
    add(Bias(r.integers(-6, 7, classes)), x)
    return IntegerNetwork((colors, height, width), b.graph.finished(), tuple(f"c{i}" for i in range(classes)))
