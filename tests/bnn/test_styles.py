"""Every style in which people write such networks is imported exactly, or refused by a sentence that names the node."""

import contextlib
import io
import warnings

import numpy as np
import onnx
import pytest
import torch
from brevitas.export import export_qonnx

from bnn.errors import UserError
from bnn.qonnx.file import load_model
from bnn.qonnx.foreign import import_model
from bnn.qonnx.foreign.compare import compare
from finn_build.recognise import recognise
from tests.support.foreign import frames
from tests.support.styles import STYLES, shake

FRAMES = 6


def export_style(name, path):
    """Write the QONNX file of a style."""
    style = STYLES[name]
    torch.manual_seed(1)
    model = style.make()
    if style.shaken:
        shake(model)
    model.eval()
    options = {"dynamo": False, **style.options}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        model(torch.rand(style.shape))  # the quantizers of QuantReLU learn their scale from the first values
        export_qonnx(model, torch.rand(style.shape), str(path), **options)
    return path


@pytest.mark.parametrize("name", STYLES)
def test_style_is_exact_or_refused_by_name(name, tmp_path):
    path = export_style(name, tmp_path / "model.onnx")
    if STYLES[name].outcome:
        with pytest.raises(UserError, match=STYLES[name].outcome) as error:
            found = import_model(load_model(path), "model.onnx", "unit")
            recognise(found.network)
        assert str(error.value).startswith("model.onnx: ") and "\n" not in str(error.value)
        return
    found = import_model(load_model(path), "model.onnx", "unit")
    recognise(found.network)  # it can be built
    agreement = compare(found.network, found, load_model(path), frames(found.network.input_shape, FRAMES))
    assert agreement.mismatches == 0
    # where the bound is 0, float32 rounds nothing, and the file's scores are exactly equal
    assert agreement.largest_difference <= agreement.bound


def test_the_styles_reach_what_they_are_for(tmp_path):
    """Few styles are refused, the exporters write different graphs, and batches differ."""
    assert len(STYLES) >= 60 and sum(not style.outcome for style in STYLES.values()) >= 42
    nodes = {}
    for name in ("view_of_a_free_batch", "view_of_the_present_exporter", "batch_of_four"):
        proto = onnx.load(export_style(name, tmp_path / f"{name}.onnx"))
        nodes[name] = [node.op_type for node in proto.graph.node]
        batch = proto.graph.input[0].type.tensor_type.shape.dim[0]
        assert batch.dim_value == {"view_of_a_free_batch": 0, "batch_of_four": 4}.get(name, 1)
    assert {"Shape", "Gather", "Concat", "Reshape"} <= set(nodes["view_of_a_free_batch"])
    assert "Shape" not in nodes["view_of_the_present_exporter"]
    assert np.unique([style.shape[0] for style in STYLES.values()]).tolist() == [1, 4]
