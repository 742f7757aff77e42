"""Folders are loaded only if nothing was changed, and RTL that other people made is not run."""

import json
import shutil
import subprocess
import sys
from dataclasses import asdict

import pytest

from bnn.errors import UserError
from bnn.qonnx.write import write_qonnx
from bnn.storage import cache
from bnn.storage.records import Record
from finn_build import known, trust
from finn_build.build import build
from finn_build.ip import package
from finn_build.manifest import load, write_report
from finn_build.synthesis import synthesise
from finn_build.trust import opened
from neuraljet import Accelerator
from sim.accelerator import verify
from sim.proofs.prove import prove
from tests.support.foreign import Recipe, export, network
from tests.support.networks import random_network
from tests.support.sealing import reseal


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trust")
    write_qonnx(random_network("separable", height=10, width=10), folder / "model.onnx")
    build(folder / "model.onnx", folder / "acc", board="pynq-z2", fps=100000.0)
    return folder / "acc"


@pytest.fixture
def acc(built, tmp_path):
    """Return a copy that a test may change."""
    shutil.copytree(built, tmp_path / "acc")
    return tmp_path / "acc"


@pytest.fixture
def stranger(monkeypatch, tmp_path):
    """Act as another user, who has built nothing."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def edit(acc, change=None):
    """Change the manifest or seal changed files, as somebody else would."""
    reseal(acc, change, known=False)


def swap(content):
    content["output"]["classes"].reverse()


def test_swapped_class_names_are_refused(acc):
    """Every score would be right, and a sorter would throw the good parts away."""
    content = json.loads((acc / "manifest.json").read_text())
    swap(content)
    (acc / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="changed after it was written: its seal"):
        verify(acc, "random", 1)
    edit(acc)
    with pytest.raises(UserError, match=r"manifest\.json is not what `neuraljet build` makes.*--trust"):
        verify(acc, "random", 1)
    with pytest.raises(UserError, match=r"class 0 is c2, and model\.onnx calls it c0"):
        verify(acc, "random", 1, trust=True)


PROGRAM = 'initial $system("touch /tmp/owned");\nendmodule'


def program(acc):
    top = acc / "rtl" / "nj_accelerator.v"
    top.write_text(top.read_text().replace("endmodule", PROGRAM))
    edit(acc)


@pytest.mark.parametrize(
    "run",
    [
        lambda acc: verify(acc, "random", 1),
        lambda acc: verify(acc, "random", 1, netlist="xc7"),
        prove,
        synthesise,
        lambda acc: package(acc, acc.parent / "ip"),
        Accelerator.simulated,
    ],
    ids=["verify", "netlist", "prove", "synth", "ip", "simulated"],
)
def test_a_program_in_the_rtl_is_not_run(acc, run, monkeypatch):
    program(acc)
    calls = []
    monkeypatch.setattr(trust, "check_made_here", lambda *given: calls.append(given) or refuse())
    with pytest.raises(UserError, match="refused"):
        run(acc)
    assert len(calls) == 1 and not (acc.parent / "ip").exists()


def refuse():
    raise UserError("refused")


def test_the_first_file_that_differs_is_named(acc):
    program(acc)
    words = r"rtl/nj_accelerator\.v is not what `neuraljet build` makes of its network, and RTL .*--trust"
    with pytest.raises(UserError, match=words), opened(acc):
        pass
    with opened(acc, trust=True) as manifest:
        assert manifest.top == "nj_accelerator"


def test_what_another_user_built_is_made_again_once(acc, stranger, monkeypatch):
    """It is equal byte by byte, so it is known from then on."""
    manifest = load(acc)
    assert not known.is_known(manifest)
    with opened(acc) as found:
        assert found == manifest
    assert known.is_known(manifest)
    monkeypatch.setattr(trust, "check_made_here", lambda *_: refuse())
    with opened(acc):
        pass


def test_what_this_user_built_is_opened_at_once(built, monkeypatch):
    monkeypatch.setattr(trust, "check_made_here", lambda *_: refuse())
    monkeypatch.setattr(trust, "check_consistent", lambda *_: refuse())
    with opened(built) as manifest:
        assert known.is_known(manifest)


def test_what_others_may_write_is_no_knowledge(acc, stranger):
    folder = cache.state_folder("built")
    assert folder.stat().st_mode & 0o777 == 0o700
    known.remember(load(acc))
    assert known.is_known(load(acc))
    folder.chmod(0o777)
    assert not known.is_known(load(acc))


def test_without_a_home_it_is_made_again(acc, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    with pytest.warns(UserWarning, match="set XDG_STATE_HOME"):
        known.remember(load(acc))
    assert not known.is_known(load(acc))
    with pytest.warns(UserWarning, match="set XDG_STATE_HOME"), opened(acc):
        pass


def other_data(content):
    content["data"] = {"source": "/somewhere/else", "seed": 0}


def other_clock(content):
    content["clock_mhz"], content["fps"] = 100.0, None


@pytest.mark.parametrize("change", [swap, other_data, other_clock])
def test_every_entry_is_compared(acc, change):
    edit(acc, change)
    with pytest.raises(UserError, match="is not what `neuraljet build` makes"), opened(acc):
        pass


def renamed_layer(content):
    content["layers"][0]["module"] = content["layers"][0]["module"] + "x"


def reordered(content):
    content["layers"][:2] = content["layers"][1::-1]


def other_shape(content):
    content["layers"][0]["shape"][0] += 1


def narrow(content):
    output = content["output"]
    output["value_bits"] = 2


def larger(content):
    size = content["input"]
    size["height"] += 1
    size["beats_per_frame"] += size["width"]
    content["cycles_per_frame"] = max(size["beats_per_frame"], content["cycles_per_frame"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (renamed_layer, "defined 0 times"),
        (reordered, "order of model.onnx"),
        (other_shape, "does not have the shape of"),
        (narrow, "too much for 2 bits"),
        (larger, "model.onnx takes"),
    ],
)
def test_parts_that_do_not_go_together_are_refused_though_trusted(acc, change, words):
    edit(acc, change)
    with pytest.raises(UserError, match=words), opened(acc, trust=True):
        pass


def test_an_imported_folder_is_made_again_of_its_source(tmp_path, stranger):
    recipe = Recipe(input="q8")
    path = export(network(recipe), recipe.shape, tmp_path / "theirs.onnx")
    build(path, tmp_path / "acc", pixels=recipe.pixels, fifos=2)
    (cache.state_folder("built") / load(tmp_path / "acc").seal).unlink()
    with opened(tmp_path / "acc") as manifest:
        assert "source.onnx" in manifest.files


def test_a_report_does_not_go_to_another_accelerator(acc):
    manifest = load(acc)
    edit(acc, other_clock)
    with pytest.raises(UserError, match="built again or changed while this ran"):
        write_report(acc, manifest, "proof.json", Record())
    assert not (acc / "proof.json").exists() and asdict(manifest)


HOLD = """
import sys
from pathlib import Path
from bnn.storage.locks import lock
with lock(Path(sys.argv[1]), shared=sys.argv[2] == "shared"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold(acc):
    """Start another process that holds the folder."""
    running = []

    def start(how):
        command = [sys.executable, "-c", HOLD, str(acc), how]
        running.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert running[-1].stdout.readline() == "held\n"
        return running[-1].pid

    yield start
    for process in running:
        process.communicate()


def test_a_folder_that_is_built_is_not_verified(acc, hold):
    pid = hold("alone")
    with pytest.raises(UserError, match=f"being written by process {pid}; wait"):
        verify(acc, "random", 1)
    with pytest.raises(UserError, match=f"in use by process {pid}; wait"):
        build(acc / "model.onnx", acc)


def test_a_folder_that_is_verified_is_not_built(acc, hold):
    before = load(acc)
    pid = hold("shared")
    with pytest.raises(UserError, match=f"in use by process {pid}; wait"):
        build(acc / "model.onnx", acc, fps=1000.0)
    with opened(acc) as manifest:
        assert manifest == before


@pytest.mark.parametrize("name", ["rtl/extra.sv", "hls/ap_int.h", "mem/extra.mem"])
def test_a_file_among_the_sources_that_build_did_not_write_is_refused(acc, name):
    """A compiler would find it when a source names it."""
    (acc / name).parent.mkdir(exist_ok=True)
    (acc / name).write_text("")
    with pytest.raises(UserError, match=f"{name} is not among the files"):
        load(acc)
