"""Walk along a foreign graph from node to node, and keep what each tensor is in integers.

The module of a node's operator in `steps` says what the node makes of the states of its inputs.
"""

from dataclasses import replace

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper

from bnn.errors import UserError
from bnn.integer.layers import Bias, Misfit
from bnn.integer.network import IMAGE, GraphBuilder, IntegerNetwork
from bnn.limits import MOST_CLASSES
from bnn.qonnx.foreign import ends
from bnn.qonnx.foreign import pixels as picture
from bnn.qonnx.foreign.decisions import outputs, reachable
from bnn.qonnx.foreign.graph import Graph
from bnn.qonnx.foreign.imported import Decided, Imported
from bnn.qonnx.foreign.last import ACCEPTED, has_even_weights, last_layer
from bnn.qonnx.foreign.meaning import FEW_BITS
from bnn.qonnx.foreign.scores import solve
from bnn.qonnx.foreign.state import PICTURE, State, Walk
from bnn.qonnx.foreign.steps import step
from bnn.qonnx.foreign.values import Sums


def import_model(model: ModelWrapper, where: str, pixels: str | None = None) -> Imported:
    """Return the integer network that a QONNX model computes.

    where: what messages call the file. pixels: "unit" when it takes pixels / 255, "byte" when it takes 0..255; None is
    enough for an input annotated or typed UINT8. UserError names the node, its operator and its datatypes when the node
    has no exact integer form.
    """
    graph = Graph(model, where)
    walk = Walk(graph, picture.takes_unit(graph, pixels))
    if not graph.nodes:
        raise UserError(f"{where}: has no nodes that read its input '{graph.input}'")
    end = ends.end_of(graph, graph.nodes)
    states = {graph.input: _picture(graph)}
    for node in end.nodes:
        read = [states[name] for name in graph.moving(node)]
        states[node.output[0]] = _marked(graph, node.output[0], step(walk, node, *read))
    return _finish(walk, end, states[end.scores])


def _picture(graph: Graph) -> State:
    """Return the state of the file's input. A row of pixels is a map of one row."""
    shape = graph.shapes[graph.input]
    flat = len(shape) == 2
    channels, height, width = (1, 1, shape[1]) if flat else shape[1:]
    return _marked(graph, graph.input, State((channels, height, width), flat, pending_flat=flat))


def _marked(graph: Graph, tensor: str, state: State) -> State:
    """Return the state, marked as shared when several nodes read the tensor."""
    return replace(state, shared=True) if len(graph.readers(tensor)) > 1 else state


def _finish(walk: Walk, end: ends.End, state: State) -> Imported:
    """Make scores of the last sums, and the network of all layers. UserError names the last node when that fails."""
    graph, sums, node = walk.graph, state.now, end.nodes[-1]
    if not isinstance(sums, Sums) or any(n.op_type == "MaxPool" for n in state.pending):
        raise graph.refuse(
            node,
            "ends the network, which must end in scores",
            "MatMul, Gemm or a Conv over the whole map, and what follows it element by element",
        )
    layer = last_layer(walk.layers[state.place].layer, walk, node, state)
    if (count := len(sums.low)) > MOST_CLASSES:
        raise graph.refuse(node, f"makes {count} scores", f"at most {MOST_CLASSES}: the class is a byte")
    k = np.arange(int(sums.low.min()), int(sums.high.max()) + 1, 2)  # the sums of n +-1 are all odd or all even
    if not has_even_weights(layer) and not reachable(sums, k).all():  # with even weights unreachable sums do no harm
        raise graph.refuse(node, "its scores are no sums of +-1", FEW_BITS)
    exact, below, above = (outputs(graph, state.pending, sums, k, state.pending_flat, shift) for shift in (0, -1, 1))
    notes, times, signs = list(walk.notes), 1, np.ones(count, np.int64)
    if count == 1:
        exact, below, above = ends.two_of_one(exact, below, above)
        times, signs = 2, np.array([-1, 1])
        notes.append(f"{node.name}: makes one score; class1 where it is above 0, class0 elsewhere")
    scores = solve(k, exact, (below, above))
    if scores is None:
        raise graph.refuse(
            node,
            "its scores have no integer form that compares alike",
            "scores that rise or fall with the sum, with scales and offsets that 24 bits can distinguish",
        )
    if sums.error.any():
        notes.append(f"{node.name}: float32 may round equal scores differently; the accelerator compares exact sums")
    try:
        layer = layer.copied(times).multiplied(signs * scores.multiplier)
    except Misfit as misfit:
        raise graph.refuse(node, str(misfit), f"{ACCEPTED} there") from misfit
    walk.layers[state.place].layer = layer
    walk.emit(Bias(scores.bias), node, state.place)
    network, made = _network(walk, len(scores.bias))
    decided = tuple(
        Decided(at.tensor, made[walk.layers[at.threshold].inputs[0]], made[at.threshold], made[at.last], at.found)
        for at in walk.decided
    )
    return Imported(
        network, walk.unit, scores, (*notes, *end.notes), decided, scores_tensor=end.scores, class_tensor=end.classes
    )


def _network(walk: Walk, classes: int) -> tuple[IntegerNetwork, dict[int, str]]:
    """Return the network of all layers, and the name of the tensor at each place."""
    graph, builder, made = walk.graph, GraphBuilder(), {PICTURE: IMAGE}
    for place, emitted in enumerate(walk.layers):
        sources = (made[source] for source in emitted.inputs)
        made[place] = builder.add(emitted.layer, *sources, words=emitted.words)
    metadata = {p.key: p.value for p in graph.model.model.metadata_props}
    names = tuple(f"class{i}" for i in range(classes))
    return IntegerNetwork(_picture(graph).shape, builder.finished(), names, metadata), made
