"""From node to node along a foreign graph: what each tensor is in integers, and the layers that make it.

A tensor is pixels, or integers with a meaning (Values), or integer sums (Sums), with element-wise nodes pending that
are executed once it is known what they end in: a sign, a linear layer or the scores.
"""

from dataclasses import replace

import numpy as np
import onnx
from qonnx.core.modelwrapper import ModelWrapper

from bnn.integer.layers import Bias, Conv, Dense, Layer, Levels, MaxPool, Pad, Threshold
from bnn.integer.network import IMAGE, GraphBuilder, IntegerNetwork
from bnn.integer.reference import Ints
from bnn.qonnx.foreign import copies, ends
from bnn.qonnx.foreign import pixels as picture
from bnn.qonnx.foreign.decisions import MOST_LEVELS, Decisions, decide, decide_levels, outputs, reachable, slopes
from bnn.qonnx.foreign.graph import RESHAPING, Graph
from bnn.qonnx.foreign.imported import Decided, Imported
from bnn.qonnx.foreign.linear import Linear, convolution, dense, window
from bnn.qonnx.foreign.nodes import QUANTIZERS, attributes
from bnn.qonnx.foreign.quantizers import ends_of, is_quantizer, is_sign
from bnn.qonnx.foreign.scores import solve
from bnn.qonnx.foreign.values import Sums, Values, bit, rounding, thermometer

ELEMENTWISE = (
    "Mul", "Add", "Sub", "Div", "Neg", "BatchNormalization", "Clip", "Relu", "LeakyRelu", "PRelu", "Elu", "Selu",
    "Softplus", "Sigmoid", "HardSigmoid", "Tanh", "Identity", "Dropout", "Cast", "MultiThreshold", "Sign", *QUANTIZERS,
)  # fmt: skip
ACCEPTED = (
    f"Conv, MatMul, Gemm, MaxPool, Pad, {', '.join(RESHAPING)}, {', '.join(ends.RISING)} and ArgMax at the "
    f"end, and element by element "
    f"{', '.join(ELEMENTWISE)}"
)
MOST_KERNEL = 11  # side of the kernels that hardware takes, as in finn_build.recognise
MOST_SUMS = 1 << 30  # values of all sums of a layer, each of which is executed
MOST_CLASSES = 256  # likewise
FEW_BITS = "activations of 1 to 4 bits (BipolarQuant, Quant, MultiThreshold) in front of every layer but the first"


def import_model(model: ModelWrapper, where: str, pixels: str | None = None) -> Imported:
    """The integer network that a QONNX model computes.

    pixels: "unit" when it takes pixels / 255, "byte" when it takes 0..255; None is enough for an input annotated or
    typed UINT8. UserError that names the node, its operator and datatypes for what has no exact integer form.
    """
    graph = Graph(model, where)
    return _Walk(graph, picture.takes_unit(graph, pixels)).run()


class _Walk:
    """One pass along the chain."""

    def __init__(self, graph: Graph, unit: bool) -> None:
        self.graph, self.unit = graph, unit
        shape = graph.shapes[graph.input]
        self.flat = len(shape) == 2
        if self.flat:
            shape = [shape[0], 1, 1, shape[1]]
        self.input_shape = (shape[1], shape[2], shape[3])
        self.shape = self.input_shape
        self.now: Values | Sums | None = None  # None: pixels
        self.pending: list[onnx.NodeProto] = []
        self.pending_flat = self.flat  # were there rows and columns in front of the pending nodes?
        self.pad: int | None = None  # z of the padding in front of the next Conv
        self.layers: list[Layer] = []
        self.names: list[str] = []
        self.words: list[str] = []
        self.notes: list[str] = []
        self.decided: list[tuple[str, int, int, Decisions]] = []  # tensor, places of the Threshold and the last pool

    def run(self) -> Imported:
        end = ends.end_of(self.graph, ends.chain(self.graph))
        for node in end.nodes:
            self._step(node)
        return self._finish(end)

    def _step(self, node: onnx.NodeProto) -> None:
        if self.pad is not None and node.op_type != "Conv":
            raise self.graph.refuse(node, "follows a Pad", "a Conv behind a Pad")
        if node.op_type in ("Conv", "MatMul", "Gemm"):
            self._linear(node)
        elif node.op_type == "Pad":
            self._pad(node)
        elif node.op_type == "MaxPool":
            self._pool(node)
        elif node.op_type in RESHAPING:
            self._reshape(node)
        elif node.op_type in ELEMENTWISE:
            self.pending.append(node)
            if is_sign(self.graph, node):
                self._sign(node)
            elif isinstance(self.now, Sums) and is_quantizer(self.graph, node):
                self._quantize(node, self.now)
        else:
            raise self.graph.refuse(node, f"operator {node.op_type} has no exact integer form here", ACCEPTED)

    def _emit(self, layer: Layer, node: onnx.NodeProto) -> None:
        self.layers.append(layer)
        self.names.append(node.name)
        self.words.append(self.graph.describe(node))

    def _settle(self, now: Values | Sums) -> None:
        self.now, self.pending, self.pending_flat = now, [], self.flat

    # --- what the present tensor is ---

    def _values(self, node: onnx.NodeProto) -> Values:
        """The integers that a linear layer or a Pad reads, and what they mean."""
        graph = self.graph
        if isinstance(self.now, Sums):
            multi = [n for n in self.pending if n.op_type in QUANTIZERS]
            if multi:
                raise graph.refuse(multi[-1], "activations of more than four bits", FEW_BITS)
            raise graph.refuse(node, f"reads the sums of {self.names[-1]} without a sign in between", FEW_BITS)
        if self.now is None:
            x = picture.table(graph, self.pending, self.shape[0], self.pending_flat, self.unit)
            if any(n.op_type == "MaxPool" for n in self.pending):
                raise graph.refuse(node, "reads pooled pixels", "pooling behind the first Conv")
            made: list[Layer] = []
            if not self.pending and not self.unit:
                values = Values(1.0, 0.0, 0, 255)
            else:
                values, made = picture.quantized(graph, self.pending or [node], x)
            if node.op_type != "Conv" and self.shape[0] == 1 and made:
                values, made = self._bits_of_pixels(values, made)
            for layer in made:
                self._emit(layer, self.pending[-1])
        elif self.pending:
            values = self._moved(self.now)
        else:
            values = self.now
        self._settle(values)
        return values

    def _bits_of_pixels(self, values: Values, made: list[Layer]) -> tuple[Values, list[Layer]]:
        """Quantized pixels in front of a dense layer, which reads bits: a map per level."""
        (found,) = made
        if not isinstance(found, Levels) or found.thresholds.shape[1] > MOST_LEVELS:
            return values, made
        levels = found.thresholds.shape[1]
        start = values.unit * (found.low - values.zero)
        bits: list[Layer] = [Conv(np.ones((levels, 1, 1, 1), np.int64)), Threshold(found.thresholds[0])]
        return thermometer(start, values.unit * found.step, levels, 2 * values.error), bits

    def _moved(self, now: Values) -> Values:
        """What the pending nodes make of the values of a map of bits, or of their sums; pixels have none pending."""
        plus = np.arange(now.levels + 1)  # how many are +1
        x = (now.unit * (2 * plus - now.levels - now.levels * now.zero)).astype(np.float32)
        y = self.graph.run(np.tile(x[:, None], (1, self.shape[0])), self.pending, self.pending_flat).astype(np.float64)
        step = float(y[-1, 0] - y[0, 0]) / now.levels
        if step == 0 or (y != y[:, :1]).any():
            of = "+-1" if now.levels == 1 else "its levels"
            raise self.graph.refuse(self.pending[-1], f"makes other values of {of} in every channel, or one", FEW_BITS)
        error = float(np.abs(y[:, 0] - (y[0, 0] + step * plus)).max() / abs(step))
        if error > 1e-5:
            raise self.graph.refuse(self.pending[-1], "makes values that are not evenly spaced", FEW_BITS)
        return thermometer(float(y[0, 0]), step, now.levels, now.error + 2 * error)

    # --- nodes ---

    def _quantize(self, node: onnx.NodeProto, sums: Sums) -> None:
        far = ends_of(self.graph, node, self.shape[0], self.flat)
        if node.op_type == "MultiThreshold":
            step: float | None = float(attributes(node).get("out_scale", 1.0))
        else:
            scale = self.graph.constant(node, 1)
            step = float(scale.item()) if scale is not None and scale.size == 1 else None
        ends = float(far.min()), float(far.max())
        found = decide_levels(self.graph, self.pending, sums, self.pending_flat, ends, step)
        self._decided(node, sums, found)
        self._settle(thermometer(found.start, found.unit, found.thresholds.shape[1], 2 * found.error))

    def _sign(self, node: onnx.NodeProto) -> None:
        graph, far = self.graph, ends_of(self.graph, node, self.shape[0], self.flat)
        low, high = float(far.min()), float(far.max())
        if low == high or not np.isin(far, (low, high)).all():
            raise graph.refuse(node, "its two values differ between channels", "one scale for all channels")
        if self.now is None:
            self._sign_of_pixels(node, high)
        elif isinstance(self.now, Sums):
            self._decided(node, self.now, decide(graph, self.pending, self.now, self.pending_flat, low, high))
        else:
            if self.now.levels > 1:
                raise graph.refuse(node, "is the sign of quantized values", "a sign of sums")
            if self._moved(self.now).unit < 0:
                raise graph.refuse(node, "turns +-1 around", "a sign of sums")
        self._settle(bit(low, high))

    def _sign_of_pixels(self, node: onnx.NodeProto, high: float) -> None:
        if any(n.op_type == "MaxPool" for n in self.pending):
            raise self.graph.refuse(node, "is the sign of pooled pixels", "pooling behind the sign")
        x = picture.table(self.graph, self.pending, self.shape[0], self.pending_flat, self.unit)
        self._emit(picture.signs(self.graph, node, x == high), node)

    def _decided(self, node: onnx.NodeProto, sums: Sums, found: Decisions) -> None:
        """The linear layer, its outputs repeated for every level, thresholds, and the pools that were passed over."""
        channels, levels = found.thresholds.shape
        if found.open:
            self.notes.append(
                f"{node.name}: float32 may round the sums in front of it so that the order of additions decides in "
                f"{found.open} of {channels} channels; the accelerator decides by exact sums"
            )
        if found.constant:
            self.notes.append(f"{node.name}: gives the same for every picture in all {channels} channels")
        pools = [(i, n) for i, n in enumerate(self.pending) if n.op_type == "MaxPool"]
        signs = np.ones_like(found.directions)
        for i, pool in pools:  # what rises with the sum is pooled as it is; all pools must see the same
            rises = slopes(self.graph, self.pending[:i], sums, self.pending_flat, pool)[:, None] * found.directions
            if pool is not pools[0][1] and (rises != signs).any():
                raise self.graph.refuse(pool, "pools again what a node in between has turned around", "pools in a row")
            signs = rises
        linear, directions = copies.copied(self.layers[-1], levels), found.directions.ravel()
        if isinstance(linear, Conv):
            self.layers[-1] = replace(linear, weight=linear.weight * directions[:, None, None, None])
        else:
            assert isinstance(linear, Dense)
            self.layers[-1] = replace(linear, weight=linear.weight * directions)
        self._emit(Threshold(found.thresholds.ravel()), node)
        threshold = len(self.layers) - 1
        for _, pool in pools:
            self._emit(MaxPool(window(self.graph, pool), None if (signs > 0).all() else signs.ravel()), pool)
        self.decided.append((node.output[0], threshold, len(self.layers) - 1, found))

    def _pool(self, node: onnx.NodeProto) -> None:
        size = window(self.graph, node)
        if size == 1:  # what it pools is what it reads
            return
        if self.flat:
            raise self.graph.refuse(node, "pools a flattened map", "pooling in front of Flatten")
        if isinstance(self.now, Values):
            values = self._values(node)
            signs = None if values.unit > 0 else np.full(self.shape[0] * values.levels, -1)
            self._emit(MaxPool(size, signs), node)
        else:
            self.pending.append(node)
        self.shape = (self.shape[0], self.shape[1] // size, self.shape[2] // size)
        self.graph.check_shape(node, self.shape)
        if min(self.shape) < 1:
            raise self.graph.refuse(node, f"its window of {size}x{size} is larger than the map", "smaller windows")

    def _pad(self, node: onnx.NodeProto) -> None:
        graph = self.graph
        pads, value = graph.constant(node, 1), graph.constant(node, 2)
        if attributes(node).get("mode", b"constant") != b"constant" or pads is None or len(node.input) > 3:
            raise graph.refuse(node, "does not pad with a constant", "mode constant")
        sides = pads.tolist()
        if len(sides) != 8 or any(sides[i] for i in (0, 1, 4, 5)) or len({sides[i] for i in (2, 3, 6, 7)}) != 1:
            raise graph.refuse(node, f"pads {sides} are not the same on the four sides", "the same on all sides")
        number = 0.0 if value is None else float(value.item())
        z = self._values(node).meaning(number)
        if z is None:
            raise graph.refuse(node, f"pads with {number:g}, which no integer stands for", "a value of the map, or 0")
        if sides[2]:
            self.pad = z
            self._emit(Pad(int(sides[2]), z), node)
            self.shape = (self.shape[0], self.shape[1] + 2 * sides[2], self.shape[2] + 2 * sides[2])

    def _reshape(self, node: onnx.NodeProto) -> None:
        """One row of each picture, or what leaves every picture as it is."""
        made, one = self.graph.shapes[node.output[0]], [self.graph.batch]
        channels, height, width = self.shape
        row = channels * height * width
        if made == [*one, row] or (made == [row] and one == [1]):
            self.flat = True
        elif made == [*one, *self.shape]:
            self.flat = False
        else:
            raise self.graph.refuse(
                node, f"makes {made} of pictures of {list(self.shape)}", "one row of each picture: [N, -1]"
            )
        self.pending.append(node)

    def _linear(self, node: onnx.NodeProto) -> None:
        values = self._values(node)
        found: Linear = (convolution if node.op_type == "Conv" else dense)(self.graph, node, self.shape, self.flat)
        self.graph.check_shape(node, found.shape)
        if found.pad:
            zero = values.meaning(0.0)
            if zero is None or self.pad is not None:
                why = "pads what a Pad has padded" if self.pad is not None else "pads with 0, which no pixel means"
                raise self.graph.refuse(node, why, "no padding, or pixels that 0 is one of")
            self.pad = zero
            self._emit(Pad(found.pad, zero), node)
        weight = found.integers * (1 if values.unit > 0 else -1)  # [O, ...]
        convolves = node.op_type == "Conv"
        if not convolves and not self._reads_bits() and not self._reads_falling_signs():
            weight, convolves = self._whole_map(node, weight), True
        maps, levels = self.shape[0], values.levels
        if (np.abs(weight) != 1).any() and self._reads_bits():
            if convolves:
                values, weight = self._copied(node, values, weight)
            else:  # twice, so that the sums of all outputs are even; hardware makes the copies inside of the layer
                values, weight = replace(values, unit=values.unit / 2), 2 * weight
        if levels > 1:  # of a channel of the file, side by side: hardware keeps their weight once
            weight = copies.repeated(weight, maps * values.levels // levels, levels)
        axes = tuple(range(1, weight.ndim))
        low, high = (
            (values.low, values.high) if self.pad is None else (min(values.low, self.pad), max(values.high, self.pad))
        )
        positive, negative = np.maximum(weight, 0).sum(axes), np.maximum(-weight, 0).sum(axes)
        unit = np.float64(abs(values.unit)) * found.scale
        largest = max(abs(low - values.zero), abs(high - values.zero))
        reach = np.abs(weight).sum(axes) * largest
        error = float(np.abs(weight).max()) * values.error + found.error * largest
        sums = Sums(
            low=positive * low - negative * high,
            high=positive * high - negative * low,
            unit=unit,
            offset=-values.zero * weight.sum(axes),
            bias=found.bias,
            error=rounding(int(weight[0].size), reach, unit, found.bias, error),
        )
        if (int(sums.high.max()) - int(sums.low.min()) + 1) * len(weight) > MOST_SUMS:
            raise self.graph.refuse(
                node, f"its {len(weight)} sums take {sums.low.min()} to {sums.high.max()}", "a layer of less inputs"
            )
        self.pad = None
        layer = Conv(weight, found.stride, found.groups) if convolves else Dense(weight.T.copy())
        self._emit(layer, node)
        self.shape = found.shape
        self._settle(sums)

    def _whole_map(self, node: onnx.NodeProto, weight: Ints) -> Ints:
        """Weights [O, F] of a dense layer on pixels as kernels [O, C, K, K] over the whole map."""
        channels, height, width = self.shape
        if height != width or height > MOST_KERNEL:
            raise self.graph.refuse(
                node,
                f"is a dense layer on pixels of more than one bit, {channels} x {height} x {width}",
                f"square maps up to {MOST_KERNEL}x{MOST_KERNEL}, pixels of 1 bit, of one channel and 1 to 4 bits "
                "(QuantIdentity(bit_width=4) in front), or a Conv in front",
            )
        return weight.reshape(len(weight), channels, height, width)

    def _reads_bits(self) -> bool:
        """Does the next linear layer?"""
        rest = (layer for layer in reversed(self.layers) if not isinstance(layer, (Pad, MaxPool)))
        return isinstance(next(rest, None), Threshold)

    def _reads_falling_signs(self) -> bool:
        """Of pixels: signs that fall as the pixel rises are a table."""
        last = self.layers[-1] if self.layers else None
        return isinstance(last, Levels) and last.step == -2

    def _copied(self, node: onnx.NodeProto, values: Values, weight: Ints) -> tuple[Values, Ints]:
        """Weights up to m on maps of bits: every map is put out 2 * m times, so that weights are +-1."""
        most = int(np.abs(weight).max())
        times = 2 * most
        linear = max(i for i, layer in enumerate(self.layers) if isinstance(layer, Threshold)) - 1
        if linear < 0 or not isinstance(self.layers[linear], (Conv, Dense)):
            raise self.graph.refuse(node, "has weights of more than one bit on signs of pixels", "1-bit weights there")
        self.layers[linear:] = [copies.copied(layer, times, values.levels) for layer in self.layers[linear:]]
        weight = copies.signs(weight, self.shape[0], most)
        values = replace(values, unit=values.unit / 2, error=2 * values.error, levels=values.levels * times)
        return values, weight

    # --- the end ---

    def _finish(self, end: ends.End) -> Imported:
        graph, sums, node = self.graph, self.now, end.nodes[-1]
        if not isinstance(sums, Sums) or any(n.op_type == "MaxPool" for n in self.pending):
            raise graph.refuse(
                node,
                "ends the network, which must end in scores",
                "MatMul, Gemm or a Conv over the whole map, and what follows it element by element",
            )
        linear = self._last_layer(node)
        if (scores := linear.weight.shape[1]) > MOST_CLASSES:
            raise graph.refuse(node, f"makes {scores} scores", f"at most {MOST_CLASSES}: the class is a byte")
        k = np.arange(int(sums.low.min()), int(sums.high.max()) + 1, 2)  # sums of so many +-1 are all odd or all even
        even = not (linear.weight % 2).any()  # weights of a few bits: sums beyond a class's reach do not matter
        if not even and not reachable(sums, k).all():
            raise graph.refuse(node, "its scores are no sums of +-1", FEW_BITS)
        exact, below, above = (outputs(graph, self.pending, sums, k, self.pending_flat, shift) for shift in (0, -1, 1))
        if exact.shape[1] == 1:
            exact, below, above = ends.two_of_one(exact, below, above)
            linear = Dense(np.hstack([-linear.weight, linear.weight]))
            self.notes.append(f"{node.name}: makes one score; class1 where it is above 0, class0 elsewhere")
        scores = solve(k, exact, (below, above))
        if scores is None:
            raise graph.refuse(
                node,
                "its scores have no integer form that compares alike",
                "scores that rise or fall with the sum, with scales and offsets that 24 bits can tell apart",
            )
        if sums.error.any():
            self.notes.append(f"{node.name}: float32 may round equal scores apart; the accelerator compares exact sums")
        self.layers[-1] = Dense(linear.weight * scores.multiplier)
        self._emit(Bias(scores.bias), node)
        metadata = {p.key: p.value for p in graph.model.model.metadata_props}
        classes = tuple(f"class{i}" for i in range(len(scores.bias)))
        builder, made = GraphBuilder(), [IMAGE]
        for layer, name, words in zip(self.layers, self.names, self.words, strict=True):
            made.append(builder.add(layer, made[-1], name=name, words=words))
        network = IntegerNetwork(self.input_shape, builder.finished(), classes, metadata)
        decided = tuple(
            Decided(tensor, made[threshold], made[threshold + 1], made[last + 1], decisions)
            for tensor, threshold, last, decisions in self.decided
        )
        return Imported(
            network, self.unit, scores, (*self.notes, *end.notes), decided, scores_tensor=end.scores,
            class_tensor=end.classes,
        )  # fmt: skip

    def _last_layer(self, node: onnx.NodeProto) -> Dense:
        """The layer whose sums are the scores, as a dense one."""
        linear = self.layers[-1]
        if isinstance(linear, Conv):
            if self.shape[1:] != (1, 1) or linear.groups > 1 or isinstance(self.layers[-2], Pad):
                raise self.graph.refuse(
                    node,
                    f"ends the network with maps of {self.shape[1]}x{self.shape[2]}",
                    "a dense layer, or a Conv over the whole map",
                )
            linear = Dense(linear.weight.reshape(len(linear.weight), -1).T.copy())
        assert isinstance(linear, Dense)
        return linear
