"""Check that the parts of an accelerator folder agree. Manifest, model.onnx and RTL say some things twice."""

import re
from itertools import zip_longest
from pathlib import Path

import numpy as np

from bnn.errors import UserError
from bnn.integer.network import IMAGE, SCORES, IntegerNetwork
from bnn.qonnx.read import read_qonnx
from finn_build.manifest import FILE, PIXEL_STREAM, Manifest, StreamLayer

RESULT = "class"  # the accelerator puts this tensor out; the model ends before it
MODULE = re.compile(r"^\s*module\s+(?:automatic\s+|static\s+)?(\w+)", re.MULTILINE)


def check_consistent(acc: Path, manifest: Manifest) -> IntegerNetwork:
    """Return the network of model.onnx. UserError names where manifest.json contradicts the network or the RTL."""
    network = read_qonnx(acc / "model.onnx")
    wrong = _against_model(manifest, network) or _against_rtl(acc, manifest)
    if wrong:
        raise UserError(f"{acc / FILE}: {wrong}; build the accelerator again")
    return network


def _against_model(manifest: Manifest, network: IntegerNetwork) -> str | None:
    """Return what differs, in words, or None."""
    size, output = manifest.input, manifest.output
    if network.input_shape != (size.channels, size.height, size.width):
        return f"model.onnx takes {network.input_shape} (channels, height, width)"
    if output.classes != network.classes:
        pairs = zip_longest(output.classes, network.classes)
        number, (here, there) = next((n, pair) for n, pair in enumerate(pairs) if pair[0] != pair[1])
        return f"class {number} is {here}, and model.onnx calls it {there}"
    low, high = network.intervals()[SCORES]
    if not -(1 << (output.value_bits - 1)) <= low <= high < 1 << (output.value_bits - 1):
        return f"scores of model.onnx reach {low} to {high}, too much for {output.value_bits} bits"
    _, tensors = network.run(np.zeros((1, *network.input_shape), np.uint8), taps=True)
    if not _in_order(manifest, network):
        return "the layers are not in the order of model.onnx"
    for layer in manifest.layers:
        if layer.onnx_tensor in tensors and _shape(tensors[layer.onnx_tensor], layer) != layer.shape:
            return f"layer {layer.name} does not have the shape of {layer.onnx_tensor} in model.onnx"
    return None


def _in_order(manifest: Manifest, network: IntegerNetwork) -> bool:
    """Return whether the model computes each layer's output from what the manifest says that the layer reads.

    It must compute at least one. The streams of an import may carry values for which its file has no tensor.
    """
    before = {IMAGE: {IMAGE}}  # by tensor: itself and the tensors that it is computed from
    for node in network.nodes:
        before[node.output] = {node.output}.union(*(before[name] for name in node.inputs))
    before[RESULT] = {RESULT, *before[SCORES]}
    carried = {PIXEL_STREAM: {IMAGE}}  # by stream: the nearest known tensors that it is computed from
    for layer in manifest.layers:
        read = set[str]().union(*(carried[name] for name in layer.inputs))
        known = layer.onnx_tensor in before
        if known and not read <= before[layer.onnx_tensor]:
            return False
        carried[layer.stream] = {layer.onnx_tensor} if known else read
    return carried[manifest.layers[-1].stream] in ({SCORES}, {RESULT})


def _shape(tensor: np.ndarray, layer: StreamLayer) -> tuple[int, ...]:
    """Return height, width and channels of the stream that carries a tensor [1, C, H, W] or [1, C]."""
    if tensor.ndim != 4:
        return (1, 1, tensor.shape[1])
    return (tensor.shape[2] - 2 * layer.pad_crop, tensor.shape[3] - 2 * layer.pad_crop, tensor.shape[1])


def _against_rtl(acc: Path, manifest: Manifest) -> str | None:
    """Return what differs, in words, or None."""
    name = f"rtl/{manifest.top}.v"
    if name not in manifest.files:
        return f"{name}, the top module, is not among the files"
    texts = {n: (acc / n).read_text() for n in manifest.files if n.startswith("rtl/") and n.endswith((".v", ".sv"))}
    defined = [module for text in texts.values() for module in MODULE.findall(text)]
    for layer in manifest.layers:
        made = defined.count(layer.module)
        if made != 1 and not (made == 0 and f"hls/{layer.module}.cpp" in manifest.files):
            return f"module {layer.module} of layer {layer.name} is defined {made} times"
    if defined.count(manifest.top) != 1:
        return f"module {manifest.top} is defined {defined.count(manifest.top)} times"
    found = re.findall(r"^ *(\w+)(?: #\([^;]*?\))? u_\w+ ?\($", texts[name], re.MULTILINE)
    modules = [layer.module for layer in manifest.layers]
    if [module for module in found if module in modules] != modules:
        return f"the layers are not those that {name} has in a row"
    return None
