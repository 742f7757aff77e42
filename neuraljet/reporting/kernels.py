"""The kernels of the first layer: what each map adds up of the pixels in a window."""

import numpy as np

from bnn.integer.layers import Conv, Pad
from bnn.integer.network import IMAGE, IntegerNetwork
from bnn.integer.reference import Ints

LARGEST = 15  # pixels per side of a kernel that is shown


def first_kernels(network: IntegerNetwork) -> Ints | None:
    """Return the integer weights [O, C, K, K] of the convolutions in front of the first threshold, made one.

    They are read off the response to single pixels. None when the network does not begin with convolutions.
    """
    convolutions, tensor = [], IMAGE
    for node in network.nodes:
        if node.inputs != (tensor,) or not isinstance(node.layer, Conv | Pad):
            break
        if isinstance(node.layer, Conv):
            convolutions.append(node.layer)
        elif convolutions:
            return None  # padded between two of them, so windows at the edge differ
        tensor = node.output
    side, pace = 1, 1
    for conv in convolutions:
        side += (conv.weight.shape[2] - 1) * pace
        pace *= conv.stride
    if not convolutions or side > LARGEST:
        return None
    channels = network.input_shape[0]
    values = np.eye(channels * side * side, dtype=np.int64).reshape(-1, channels, side, side)  # a pixel each
    for conv in convolutions:
        values = conv.run(values)
    outputs = values.shape[1]
    return values.reshape(-1, outputs).T.reshape(outputs, channels, side, side)  # [C*K*K, O, 1, 1] -> [O, C, K, K]
