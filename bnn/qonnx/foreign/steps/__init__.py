"""What the nodes of a foreign file become, one kind of node per module: the contract, and how to add one.

Write a module in this package with

    OPERATORS = ("MaxPool",)    the ONNX or QONNX operators that it takes
    INPUTS = (1,)               how many tensors such a node may read; weights and other constants do not count
    def step(walk, node, *states): return the State of the node's output, given the states of the tensors that it reads

The package imports the module and registers it, so nothing else has to name it. No two modules may take the same
operator with the same number of tensors. A module without OPERATORS is a helper.

A State (bnn.qonnx.foreign.state) says what a tensor of the file is in integers. `state.now` is None for pixels, Values
for integers with a meaning, Sums behind a linear layer, or Undecided. A step does one of these things with it:

    wait      A node that treats all elements of a channel alike returns `state.waiting_for(node)`. It is executed when
              a sign or a quantizer follows, on every value that is possible.
    append    A node that reads integers gets them by `state, values = values_of(walk, node, state)` of
              bnn.qonnx.foreign.meaning, which raises UserError when the tensor is no integers of a few bits. It
              appends its layer by `place = walk.emit(layer, node, state.place)` and returns the state of the result:
              `replace(state, shape=shape).settled(meaning, place)`. The meaning says what the layer's integers are in
              the file. It must be exact, or its `error` must bound the difference.
    refuse    `raise walk.graph.refuse(node, why, accepted)` says why the node has no exact integer form, and what has.

Compare the shape with that of ONNX by `walk.graph.check_shape(node, shape)`, because a file may contradict itself. Do
not change a layer that an earlier step appended when `state.shared` is set, because another branch reads that layer:
`raise walk.refuse_shared(state, node, why)`.

A layer that makes sums may be the network's last. It then registers with `last_layer` of bnn.qonnx.foreign.last.

`max_pool.py` is the shortest example that waits or appends, `concat.py` reads several tensors, and `linear.py` makes
sums. Add a row to the tables of docs/importing.md, with an example in tests/bnn/test_importing_tables.py.
"""

import importlib
import pkgutil
from collections.abc import Callable

import onnx

from bnn.qonnx.foreign import ends
from bnn.qonnx.foreign.state import State, Walk

Step = Callable[..., State]
STEPS: dict[tuple[str, int], Step] = {}  # by operator and number of tensors read
ELEMENTWISE = "elementwise"  # messages list the operators of this module last

for _found in sorted(_module.name for _module in pkgutil.iter_modules(__path__)):
    _step = importlib.import_module(f"{__name__}.{_found}")
    for _operator in getattr(_step, "OPERATORS", ()):
        for _count in _step.INPUTS:
            if (_operator, _count) in STEPS:
                raise TypeError(f"two steps take {_operator} of {_count} tensors, {_found} is one of them")
            STEPS[_operator, _count] = _step.step


def accepted() -> str:
    """Return the operators that a file may have, as a list in words."""
    by_element = {key for key, step in STEPS.items() if step.__module__ == f"{__name__}.{ELEMENTWISE}"}
    layers = dict.fromkeys(operator for operator, _ in (key for key in STEPS if key not in by_element))
    elements = dict.fromkeys(operator for operator, _ in (key for key in STEPS if key in by_element))
    return f"{', '.join(layers)}, and element by element {', '.join(elements)}"


def step(walk: Walk, node: onnx.NodeProto, *states: State) -> State:
    """Return the state of the node's output. UserError names the node when no module takes it."""
    graph = walk.graph
    found = STEPS.get((node.op_type, len(states)))
    if found is None and len(states) > 1:
        joins = {operator: count for operator, count in sorted(STEPS) if count > 1}  # the largest count stays
        words = " or ".join(f"{operator} (up to {count})" for operator, count in joins.items())
        raise graph.refuse(node, f"joins {len(states)} branches of the network", f"branches joined by {words}")
    if found is None:
        why = f"operator {node.op_type} has no exact integer form here"
        raise graph.refuse(node, why, f"{accepted()}; {', '.join(ends.RISING)} and ArgMax at the end")
    if any(state.pad is not None for state in states) and node.op_type != "Conv":
        raise graph.refuse(node, "follows a Pad", "a Conv behind a Pad")
    return found(walk, node, *states)
