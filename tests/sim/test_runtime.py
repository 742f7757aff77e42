"""Verilator's run time library and headers are compiled once, and every simulator gets them."""

import re
import shutil
from pathlib import Path

import pytest

from bnn.storage.cache import cache_folder
from sim import runner, runtime

SKID = Path(__file__).parent / "rtl" / "skid.sv"
COMPILED = re.compile(r"^c\+\+ .* -o (\S+)", re.MULTILINE)


@pytest.fixture
def told(monkeypatch):
    """Let g++ name every header that it reads; a `!` stands before those that it reads precompiled."""
    execute = runner.execute

    def telling(command, cwd, env, output, deadline):
        more = ["CXXFLAGS=-H"] if command[0] == "make" else []
        return execute([*command, *more], cwd, env, output, deadline)

    monkeypatch.setattr(runner, "execute", telling)


def test_a_build_takes_library_and_headers_of_an_earlier_one(tmp_path, monkeypatch, told):
    shared = cache_folder("verilator")
    monkeypatch.setenv("NEURALJET_CACHE", str(tmp_path))
    for kept in shared.glob("runtime-*"):
        shutil.copytree(kept, cache_folder("verilator") / kept.name)
    runner.build("skid", [SKID], parameters={"Width": 8})
    before = set(tmp_path.rglob("runtime-*"))
    folder, fresh = runner.build("skid", [SKID], parameters={"Width": 9})
    log = (folder / "build.log").read_text()
    assert fresh and set(tmp_path.rglob("runtime-*")) == before
    assert COMPILED.findall(log)[:1] == ["Vtop__ALL.o"]
    assert f"! {runtime.HEADER}.gch\n" in log


def test_other_flags_of_the_compiler_have_a_library_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURALJET_CACHE", str(tmp_path))

    def start(command):
        for name in command[1:]:
            (tmp_path / name).write_text("compiled")

    def folders(flags, timing):
        (tmp_path / "V.mk").write_text(f"VM_USER_CFLAGS = \\\n  {flags} \\\n\n# User LDLIBS\n")
        (tmp_path / "V_classes.mk").write_text(
            f"VM_TIMING = {timing}\nVM_CLASSES_FAST += \\\n  V \\\n\nVM_GLOBAL_FAST += \\\n  verilated \\\n\n"
        )
        (tmp_path / f"{runtime.HEADER}.gch").unlink(missing_ok=True)
        runtime.place(tmp_path, "V", ["g++ 12"], ["make"], start)
        assert (tmp_path / "verilated.o").read_text() == "compiled"
        return len(list(cache_folder("verilator").glob("runtime-*")))

    assert [folders("-O1", 0), folders("-O2", 0), folders("-O1", 1), folders("-O1", 0)] == [1, 2, 3, 3]
