"""A network that is read again from its file, after the file was changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from bnn.integer.network import IntegerNetwork
from bnn.qonnx.read import read_qonnx
from bnn.qonnx.write import write_qonnx

Change = Callable[[list[Any], dict[str, Any]], object]


def rewritten(network: IntegerNetwork, path: Path, change: Change) -> IntegerNetwork:
    """Return the network of the file `path`, written and then changed by `change(nodes, constants)` in place."""
    write_qonnx(network, path)
    model = onnx.load(path)
    constants = {tensor.name: numpy_helper.to_array(tensor).copy() for tensor in model.graph.initializer}
    change(list(model.graph.node), constants)
    for tensor in model.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(constants[tensor.name]), tensor.name))
    onnx.save(model, path)
    return read_qonnx(path)
