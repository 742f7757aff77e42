"""finn-plus starts without Xilinx tools, leaves nothing behind, and says in one sentence what is missing."""

import os
from pathlib import Path

import pytest

from bnn.errors import UserError
from finn_build import adapter
from finn_build.recognise import recognise
from tests.support.networks import random_network


@pytest.fixture(autouse=True)
def no_tools(monkeypatch):
    """Hide the Xilinx tools that this machine may have."""
    kept = [
        p for p in os.environ["PATH"].split(os.pathsep) if not any((Path(p) / t).exists() for t in ("vivado", "v++"))
    ]
    monkeypatch.setenv("PATH", os.pathsep.join(kept))
    for name in ("XILINX_VIVADO", "XILINX_VITIS", "XILINX_HLS", "XILINX_XRT", "PLATFORM_REPO_PATHS"):
        monkeypatch.delenv(name, raising=False)


def generated():
    from finn_build import stitch
    from finn_build.graph import make_design

    return stitch.generate(make_design(*recognise(random_network("constrained")), {}), None, 100.0)


def test_finn_leaves_nothing_behind(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    environment = dict(os.environ)
    with adapter.workspace() as folder:
        generated()
        assert any(folder.iterdir())
    assert not folder.exists() and not list(tmp_path.iterdir()) and dict(os.environ) == environment


def test_finns_builder_can_be_imported():
    with adapter.workspace():
        from finn.builder.build_dataflow_steps import step_hw_codegen

        assert callable(step_hw_codegen)


def stitched_ip():
    from finn.transformation.fpgadataflow.create_stitched_ip import CreateStitchedIP

    generated().transform(CreateStitchedIP("xc7z020clg400-1", 10.0))


def rtl_simulation():
    from finn.transformation.fpgadataflow.prepare_rtlsim import PrepareRTLSim

    generated().transform(PrepareRTLSim())


def zynq_project():
    from finn.transformation.fpgadataflow.make_zynq_proj import ZynqBuild

    generated().transform(ZynqBuild("Pynq-Z2", 10.0))


def vivado_root():
    from finn.util.basic import get_vivado_root

    get_vivado_root()


def hls():
    from finn.util.basic import resolve_xilinx_tool

    resolve_xilinx_tool("vitis_hls")


def vitis():
    from finn.util.basic import resolve_xilinx_tool

    resolve_xilinx_tool("v++")


@pytest.mark.parametrize(
    ("step", "tool"),
    [
        (stitched_ip, "Vivado"), (rtl_simulation, "Vivado"), (zynq_project, "Vivado"), (vivado_root, "Vivado"),
        (hls, "Vitis HLS"), (vitis, "Vitis"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_missing_tool_is_one_sentence(step, tool):
    with pytest.raises(UserError) as caught, adapter.workspace():
        step()
    text = str(caught.value)
    assert text.startswith(f"FINN needs {tool} to ") and "neuraljet verify" in text and "\n" not in text


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError), adapter.workspace():
        raise ZeroDivisionError
