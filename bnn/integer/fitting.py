"""Does each layer of an integer network fit the tensor that the layer in front of it makes?"""

import math

from bnn.integer.network import Bias, Conv, Dense, Layer, Levels, MaxPool, Pad, Threshold

Shape = tuple[int, ...]  # of one frame: C, H, W, or F behind a dense layer
MOST_ELEMENTS = 1 << 26  # of a tensor


class Misfit(ValueError):
    """Why a layer does not fit."""


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """What the layer makes of one frame of `shape`. Misfit says why it does not fit."""
    if isinstance(layer, Dense):
        _same("rows of weights", len(layer.weight), "inputs", math.prod(shape))
        made: Shape = layer.weight.shape[1:]
    elif isinstance(layer, Bias):
        _same("offsets", len(layer.bias), "scores", shape[0])
        made = shape
    elif isinstance(layer, (Threshold, Levels)):
        _same("rows of thresholds", len(layer.thresholds), "channels", shape[0])
        made = shape
    elif len(shape) != 3:
        raise Misfit("stands behind a dense layer; maps are needed in front of it")
    elif isinstance(layer, Pad):
        made = (shape[0], shape[1] + 2 * layer.amount, shape[2] + 2 * layer.amount)
    elif isinstance(layer, Conv):
        outputs, inputs, kernel, _ = layer.weight.shape
        if layer.stride < 1 or layer.groups < 1 or outputs % layer.groups:
            raise Misfit(f"stride {layer.stride}, {layer.groups} groups for {outputs} outputs")
        _same("channels of weights", inputs * layer.groups, "channels", shape[0])
        made = (outputs, (shape[1] - kernel) // layer.stride + 1, (shape[2] - kernel) // layer.stride + 1)
    elif isinstance(layer, MaxPool):
        if layer.size < 1:
            raise Misfit(f"windows of {layer.size}x{layer.size}")
        if layer.signs is not None:
            _same("signs", len(layer.signs), "channels", shape[0])
        made = (shape[0], shape[1] // layer.size, shape[2] // layer.size)
    else:
        raise TypeError(f"{type(layer).__name__} is no layer whose shape is known")
    if min(made) < 1 or math.prod(made) > MOST_ELEMENTS:
        raise Misfit(f"makes {list(made)} of {list(shape)}")
    return made


def _same(what: str, found: int, of: str, wanted: int) -> None:
    if found != wanted:
        raise Misfit(f"{found} {what} do not fit {wanted} {of}")
