"""QONNX that others exported from Brevitas, into the integer network that it computes.

    imported = import_model(load_model(path), str(path), "unit")
    imported.network                     # IntegerNetwork; the classes are those of the file, frame by frame
    imported.float_scores(scores)        # the file's own float32 scores, by the integer ones

One file per idea: graph (the file's nodes, shapes and constants, and refusals), nodes (one of them, executed), walk
(from node to node), state (what a tensor is), steps/ (what a kind of node makes of it), meaning (the integers that a
layer reads), ends (where the scores are), pixels (what becomes of the input), quantizers, decisions (sums to signs and
levels), linear (weights as integers), copies (channels that are one of the file), scores (sums to scores that compare
alike), imported (the result), batch and execute (the file's own execution), compare (the network against it, within
what float32 may round).
"""

from bnn.qonnx.foreign.imported import Imported
from bnn.qonnx.foreign.walk import import_model

__all__ = ["Imported", "import_model"]
