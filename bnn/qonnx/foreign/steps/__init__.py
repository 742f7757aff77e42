"""From the states of a node's inputs to that of its output, one kind of node a module.

A module has OPERATORS, the names of its nodes, INPUTS, the numbers of tensors that these may read, and
`step(walk, node, *states)`. It is registered by being in this package.
"""

import importlib
import pkgutil
from collections.abc import Callable

import onnx

from bnn.qonnx.foreign import ends
from bnn.qonnx.foreign.state import State, Walk

Step = Callable[..., State]
STEPS: dict[tuple[str, int], Step] = {}  # by operator and number of tensors
ELEMENTWISE = "elementwise"  # the module whose operators come last in messages

for _found in sorted(_module.name for _module in pkgutil.iter_modules(__path__)):
    _step = importlib.import_module(f"{__name__}.{_found}")
    for _operator in getattr(_step, "OPERATORS", ()):
        for _count in _step.INPUTS:
            STEPS[_operator, _count] = _step.step


def accepted() -> str:
    """Return the operators that a file may have, in words."""
    by_element = {key for key, step in STEPS.items() if step.__module__ == f"{__name__}.{ELEMENTWISE}"}
    layers = dict.fromkeys(operator for operator, _ in (key for key in STEPS if key not in by_element))
    elements = dict.fromkeys(operator for operator, _ in (key for key in STEPS if key in by_element))
    return f"{', '.join(layers)}, and element by element {', '.join(elements)}"


def step(walk: Walk, node: onnx.NodeProto, *states: State) -> State:
    """Return what the node makes. UserError names it where nothing here takes it."""
    graph = walk.graph
    found = STEPS.get((node.op_type, len(states)))
    if found is None and len(states) > 1:
        raise graph.refuse(
            node,
            f"joins {len(states)} branches of the network",
            "one chain of layers, without residual additions and concatenations",
        )
    if found is None:
        why = f"operator {node.op_type} has no exact integer form here"
        raise graph.refuse(node, why, f"{accepted()}; {', '.join(ends.RISING)} and ArgMax at the end")
    if any(state.pad is not None for state in states) and node.op_type != "Conv":
        raise graph.refuse(node, "follows a Pad", "a Conv behind a Pad")
    return found(walk, node, *states)
