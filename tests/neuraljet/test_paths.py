"""Folders for accelerator, cache and temporary files may have any name: no tool sees it, or every tool takes it."""

import os
import shutil
import tempfile

import numpy as np
import pytest

import neuraljet
from bnn.storage import work
from bnn.storage.cache import cache_folder
from neuraljet import Accelerator

NAME = "a  b 'c' \"d\" ${HOME} $(x) #e %f ;g,h \\i\nj: ü {*}"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Make a folder of such a name for cache and temporary files; the cache holds what all designs share."""
    shared = [*cache_folder("verilator").glob("runtime-*"), cache_folder("yowasp")]
    folder = tmp_path / NAME
    folder.mkdir()
    monkeypatch.setenv("NEURALJET_CACHE", str(folder / "cache"))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    for kept in shared:
        part = "verilator" if kept.name != "yowasp" else ""
        shutil.copytree(kept, folder / "cache" / part / kept.name, copy_function=os.link)
    assert not work.is_plain(folder)
    return folder


def test_rtl(place, tiny_model):
    model = shutil.copy(tiny_model, place / "model of 'mine'.onnx")
    neuraljet.build(model, place / "acc", fifos="simulate")
    result = neuraljet.verify(place / "acc", frames=4, vcd=place / "waves of 'mine'.vcd")
    assert result["passed"] and (place / "waves of 'mine'.vcd").stat().st_size
    assert neuraljet.prove(place / "acc")["passed"]
    assert neuraljet.synth(place / "acc")["lut"] > 0
    neuraljet.ip(place / "acc", place / "ip")
    frames = np.random.default_rng(0).integers(0, 256, (3, 8, 8), np.uint8)
    with Accelerator.simulated(place / "acc") as accelerator:
        assert accelerator.classify(frames).scores.shape == (3, 2)


def test_cpp(place, tiny_model):
    neuraljet.build(tiny_model, place / "acc", backend="hls")
    assert neuraljet.verify(place / "acc", frames=4, cppsim=True)["passed"]
