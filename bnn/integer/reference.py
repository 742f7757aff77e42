"""The golden model: layers as pure integer functions of NumPy arrays [N, C, H, W].

Everything else in the project (frozen torch network, QONNX, RTL, netlist) is compared with these functions by
`array_equal`. BLAS sums the products, in float32 where no partial sum can be rounded, else in float64. `convolve` and
`dense` raise OverflowError for operands that float64 could round.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def _exact_type(x: Ints, weight: Ints, terms: int) -> type[np.floating]:
    """Return the narrower float type that holds every sum of `terms` products exactly. OverflowError when none does."""
    most = int(np.abs(x).max()) * int(np.abs(weight).max()) * terms if x.size and weight.size else 0
    if most >= 2**53:
        raise OverflowError("the sums could exceed 2^53 and would no longer be exact")
    return np.float32 if most < 2**24 else np.float64


def pad(x: Ints, amount: int, value: int) -> Ints:
    """Surround each map of x [N, C, H, W] with `amount` rows and columns of `value`."""
    return np.pad(x, ((0, 0), (0, 0), (amount, amount), (amount, amount)), constant_values=value)


def convolve(x: Ints, weight: Ints, stride: int = 1, groups: int = 1) -> Ints:
    """Return the cross-correlation without padding: x [N, C, H, W], weight [O, C/groups, K, K] -> [N, O, H', W'].

    ValueError when the channels do not fit the weights.
    """
    x, weight = np.asarray(x), np.asarray(weight, np.int64)
    outputs, per_group, kernel_y, kernel_x = weight.shape
    if x.shape[1] != per_group * groups or outputs % groups:
        raise ValueError(f"{x.shape[1]} channels in {groups} groups do not fit weights {weight.shape}")
    number = _exact_type(x, weight, per_group * kernel_y * kernel_x)
    windows = sliding_window_view(x, (kernel_y, kernel_x), axis=(2, 3))[:, :, ::stride, ::stride]
    results = []
    for g in range(groups):
        patches = windows[:, g * per_group : (g + 1) * per_group].transpose(0, 2, 3, 1, 4, 5)  # [N, H', W', C/g, K, K]
        n, height, width = patches.shape[:3]
        matrix = np.ascontiguousarray(patches, number).reshape(n * height * width, -1)
        kernels = weight[g * outputs // groups : (g + 1) * outputs // groups].reshape(outputs // groups, -1)
        product = (matrix @ kernels.T.astype(number)).astype(np.int64)
        results.append(product.reshape(n, height, width, -1).transpose(0, 3, 1, 2))
    return np.concatenate(results, axis=1)


def threshold(x: Ints, thresholds: Ints) -> Ints:
    """Return +1 where x >= T of its channel, else -1: x [N, O, ...], thresholds [O]."""
    shape = (1, -1) + (1,) * (x.ndim - 2)
    return np.where(x >= np.asarray(thresholds, np.int64).reshape(shape), 1, -1).astype(np.int64)


def levels(x: Ints, thresholds: Ints, low: int, step: int) -> Ints:
    """Return low + step * (the number of thresholds that x reaches): x [N, C, ...], thresholds [C, L]."""
    table = np.asarray(thresholds, np.int64)
    reached = [np.searchsorted(np.sort(row), x[:, c], side="right") for c, row in enumerate(table)]
    return low + step * np.stack(reached, axis=1).astype(np.int64)


def max_pool(x: Ints, size: int) -> Ints:
    """Return the maximum over windows of size x size: x [N, C, H, W] -> [N, C, H // size, W // size].

    The stride is the size. Rows and columns that fill no window are dropped.
    """
    n, c, height, width = x.shape
    height, width = height // size, width // size
    return x[:, :, : height * size, : width * size].reshape(n, c, height, size, width, size).max(axis=(3, 5))


def dense(x: Ints, weight: Ints) -> Ints:
    """Return x [N, ...], flattened in C, H, W order, times weight [F, O] -> [N, O]. ValueError when F differs."""
    flat = x.reshape(len(x), -1)
    weight = np.asarray(weight, np.int64)
    if flat.shape[1] != weight.shape[0]:
        raise ValueError(f"{flat.shape[1]} inputs do not fit weights {weight.shape}")
    number = _exact_type(flat, weight, weight.shape[0])
    return (flat.astype(number) @ weight.astype(number)).astype(np.int64)


def argmax(scores: Ints) -> Ints:
    """Return the index of the largest of the scores [N, classes, ...] -> [N, ...]; ties go to the lowest index."""
    return np.argmax(scores, axis=1).astype(np.int64)
