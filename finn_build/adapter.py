"""finn-plus as a library, on a machine without Xilinx tools. Nothing else sets FINN up.

    with workspace() as folder:        # FINN's generated code lands in `folder`, which then vanishes
        model = model.transform(PrepareIP(part, period))

Three things make FINN 1.6 start up here. It is given its global settings, because it would write ~/.finn otherwise. The
paths that it expects in the environment are set. And the eight names that `finn.xsi` would look for in a Vivado
installation raise one clear sentence when they are called, not when they are imported.
"""

import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from bnn.errors import UserError
from bnn.storage.work import work_folder

MISSING = (
    "finn-plus is not installed: run `make setup`, or "
    "`pip install --no-deps finn-plus==1.6.1` and the packages of requirements.lock"
)

# What FINN's own complaint holds -> what to say. Every text ends with the way out.
_TOOLS = (
    (r"XILINX_VIVADO|\bvivado\b|XSI|xelab|finn_xsi", "Vivado", "to stitch IP, simulate with XSI or make a bitstream"),
    (r"vitis_hls|vitis-run|XILINX_HLS|apcc|finn-hlslib", "Vitis HLS", "to synthesise HLS layers"),
    (r"v\+\+|XILINX_VITIS|PLATFORM_REPO_PATHS", "Vitis", "to link for an Alveo card"),
    (r"XILINX_XRT|xbutil|\bxrt\b", "XRT", "to run on an Alveo card"),
)
_WAY_OUT = "`neuraljet verify` (Verilator) and `neuraljet synth` (Yosys) need no Xilinx tool"
_operators_registered = False


def require() -> None:
    """Raise UserError with the commands that install finn-plus when it is not there."""
    if importlib.util.find_spec("finn") is None:
        raise UserError(MISSING)


@contextmanager
def workspace() -> Iterator[Path]:
    """Make FINN usable, with our operators registered, and yield the folder that it generates code in.

    Afterwards settings and environment are as before, and the folder is gone.
    """
    require()
    with work_folder() as temporary:
        folder = Path(temporary)
        environment = dict(os.environ)
        try:
            from finn.util import settings as finn_settings
        except ImportError as error:
            raise UserError(f"{MISSING} ({error})") from error
        before = finn_settings._SETTINGS
        try:
            finn_settings._SETTINGS = _settings(folder)
            _without_vivado()
            register_operators()
            with explained():
                yield folder
        finally:
            finn_settings._SETTINGS = before
            os.environ.clear()
            os.environ.update(environment)


def _settings(folder: Path) -> Any:
    from finn.interface.settings import FINNSettings

    settings = FINNSettings.init(
        override_settings_path=folder / "settings.yaml",  # none: nobody's ~/.finn is read or written
        flow_config=folder / "flow.yaml",
        finn_build_dir=str(folder),
        finn_deps=os.environ.get("FINN_DEPS") or str(folder / "deps"),  # finn-hlslib, for FINN's own HLS layers
        automatic_dependency_updates=False,
    )
    os.environ["FINN_RTLLIB"] = settings.finn_rtllib
    os.environ["FINN_CUSTOM_HLS"] = settings.finn_custom_hls
    return settings


def _without_vivado() -> None:
    """Bind the names that `finn.xsi` would load from Vivado, so that importing FINN's builder works."""
    import finn.xsi

    for name in finn.xsi._LAZY_NAMES:
        if name not in vars(finn.xsi):
            setattr(finn.xsi, name, _absent(name))


def _absent(name: str) -> Callable[..., Any]:
    def call(*_: Any, **__: Any) -> Any:
        raise missing_tool(f"XSI ({name})")

    return call


def missing_tool(complaint: str) -> UserError:
    """Return the sentence for a Xilinx tool that FINN looked for in vain."""
    for pattern, tool, purpose in _TOOLS:
        if re.search(pattern, complaint, re.IGNORECASE):
            return UserError(f"FINN needs {tool} {purpose}, and it is not installed here ({complaint}); {_WAY_OUT}")
    return UserError(f"FINN needs a tool that is not installed here ({complaint}); {_WAY_OUT}")


@contextmanager
def explained() -> Iterator[None]:
    """Turn FINN's many ways of missing a Xilinx tool into `missing_tool`; other errors pass."""
    from finn.util.exception import FINNError

    try:
        yield
    except UserError:
        raise
    except Exception as error:  # FINN raises plain ones too
        text = " ".join(str(error).split())
        absent = isinstance(error, FINNError) or re.search("not found|not set|must be set|No such file", text)
        if absent and any(re.search(pattern, text, re.IGNORECASE) for pattern, _, _ in _TOOLS):
            raise missing_tool(text) from error
        raise


def register_operators() -> None:
    """Make our operators known to qonnx (by domain) and to FINN's SpecializeLayers. Idempotent."""
    global _operators_registered  # noqa: PLW0603 the registries are global too
    if _operators_registered:
        return
    import finn.custom_op.fpgadataflow.hls as finn_hls
    import finn.custom_op.fpgadataflow.rtl as finn_rtl
    from qonnx.custom_op.registry import add_op_to_domain

    from hw.ops.operators import HLS_OPERATORS, RTL_OPERATORS

    for package, operators in ((finn_rtl, RTL_OPERATORS), (finn_hls, HLS_OPERATORS)):
        for operator in operators:
            add_op_to_domain(package.__name__, operator)
            package.custom_op[operator.__name__] = operator
    _operators_registered = True


def versions() -> dict[str, str]:
    """Return the versions of what made the accelerator."""
    found = {}
    for package in ("neuraljet", "finn-plus", "qonnx", "onnx", "numpy"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "unknown"
    return found
