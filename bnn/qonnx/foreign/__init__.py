"""Turn QONNX files that others exported from Brevitas into the integer network that they compute.

    imported = import_model(load_model(path), str(path), "unit")
    imported.network                     # IntegerNetwork; it gives the class that the file gives, frame by frame
    imported.float_scores(scores)        # the file's own float32 scores, from the integer ones

One idea per module:

    graph        the file's nodes, shapes and constants, and the errors that name a node
    nodes        one node: the shapes that it makes, and its execution
    walk         from node to node, from the picture to the scores
    state        what a tensor of the file is in integers
    steps/       what a kind of node makes of its inputs, one kind per module
    meaning      the integers that a linear layer reads
    values       what integers mean in the file, and how far float32 may be off
    pixels       what the nodes in front of the first layer become
    quantizers   which nodes quantize
    decisions    from sums to signs and levels
    linear       weights as integers
    copies       several channels of the network that are one channel of the file
    ends         where the scores are, and what is left out behind them
    last         the layer that makes the scores
    scores       from sums to integer scores that compare like the file's
    imported     the result
    batch, execute    the file's own execution
    compare      the network against the file, within what float32 may round
"""

from bnn.qonnx.foreign.imported import Imported
from bnn.qonnx.foreign.walk import import_model

__all__ = ["Imported", "import_model"]
