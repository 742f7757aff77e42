"""A network that was trained on tiles, over a whole picture: the same layers, and a class for each place of a tile.

    cell (y, x) of the map  =  the tile network on the tile whose upper left pixel is (y * pitch, x * pitch)

All layers but the dense ones look through windows, so they run over a picture of any size as they are. A dense layer
that reads the tile's last map is a convolution of that map's size, dense layers behind it are convolutions of 1x1:
nothing is learned anew, and no layer is added. The equation holds because no layer pads: padding is at the edge of a
tile there and at the edge of the picture here. `train --map` trains such networks.
"""

from bnn.errors import UserError
from bnn.integer.layers import Conv, Dense, Layer, Misfit, Pad, Shape
from bnn.integer.layers.elman import Elman
from bnn.integer.layers.max_pool import MaxPool
from bnn.integer.layers.sum_pool import SumPool
from bnn.integer.network import IMAGE, SCORES, GraphBuilder, IntegerNetwork, Node

MOST_WIDTH = 4096  # of a picture
TILE = "neuraljet.tile"  # key in the metadata of a map network: height and width of the tile
DATA = "neuraljet.data"  # names tiles, and a map network does not take them
TRAIN = "train the tile network with `neuraljet train --map`"


def over(network: IntegerNetwork, height: int, width: int) -> IntegerNetwork:
    """Return the tile network over pictures of this height and width: scores are [classes, rows, columns].

    UserError for a network that has no such form, and for a picture that is smaller than a tile or too wide.
    """
    channels, tile_height, tile_width = network.input_shape
    if not tile_width <= width <= MOST_WIDTH or height < tile_height:
        raise UserError(
            f"a frame of {height}x{width} is out of range: the network was trained on tiles of "
            f"{tile_height}x{tile_width}, and takes widths from {tile_width} to {MOST_WIDTH} and heights from "
            f"{tile_height}"
        )
    shapes, builder = network.shapes(), GraphBuilder()
    names = {IMAGE: IMAGE}
    for node in network.nodes:
        layer = _moved(node, shapes[node.inputs[0]])
        names[node.output] = builder.add(layer, *(names[name] for name in node.inputs))
    kept = {name: value for name, value in network.metadata.items() if name != DATA}
    found = IntegerNetwork(
        (channels, height, width), builder.finished(), network.classes, {**kept, TILE: f"{tile_height}x{tile_width}"}
    )
    try:
        found.shapes()
    except Misfit as misfit:
        raise UserError(f"a frame of {height}x{width} does not suit the network: a layer {misfit}") from misfit
    return found


def is_map(network: IntegerNetwork) -> bool:
    """Return whether the network makes a map of scores."""
    return len(network.shapes()[SCORES]) == 3


def tile_of(network: IntegerNetwork) -> tuple[int, int]:
    """Return height and width of the tile of a map network. UserError when its file does not say."""
    height, _, width = network.metadata.get(TILE, "").partition("x")
    if not (height.isdigit() and width.isdigit() and int(height) and int(width)):
        raise UserError("the network is no map of cells: build it with `neuraljet build RUN --frame HxW`")
    return int(height), int(width)


def pitch(network: IntegerNetwork) -> int:
    """Return how many pixels lie between neighbouring cells."""
    steps: dict[str, int] = {IMAGE: 1}
    for node in network.nodes:
        before = steps[node.inputs[0]]
        steps[node.output] = before * _stride(node.layer)
    return steps[SCORES]


def _stride(layer: Layer) -> int:
    if isinstance(layer, Conv):
        return layer.stride
    if isinstance(layer, MaxPool):
        return layer.size
    return layer.size[0] if isinstance(layer, SumPool) else 1


def _moved(node: Node, shape: Shape) -> Layer:
    """Return the layer over a whole picture. shape: of what it reads of a tile. UserError when it has no such form."""
    layer = node.layer
    if isinstance(layer, Pad):
        raise UserError(
            f"{node.words}: pads the tile at its edges, where a whole picture goes on; {TRAIN}, which does not pad"
        )
    if isinstance(layer, Elman):
        raise UserError(
            f"{node.words}: reads a tile row by row to its end, so it has no form over a whole picture; {TRAIN}"
        )
    if isinstance(layer, SumPool) and (layer.flat or layer.size[0] != layer.size[1]):
        raise UserError(f"{node.words}: sums a whole tile or windows that are not square; {TRAIN} on square tiles")
    if not isinstance(layer, Dense):
        return layer
    inputs, outputs = layer.weight.shape
    channels, rows, columns = shape if len(shape) == 3 else (inputs, 1, 1)
    if rows != columns:
        raise UserError(
            f"{node.words}: reads a map of {rows}x{columns}, and only square windows move over a picture; {TRAIN} on "
            "square tiles"
        )
    return Conv(layer.weight.T.reshape(outputs, channels, rows, columns))  # [F, O], F in C, H, W order
