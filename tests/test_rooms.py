"""Imports go downwards, packages form no cycle, files stay short, and each of these rules can fail."""

from pathlib import Path

import pytest

from tests.support.rooms import ROOMS, cycles, imports, modules, too_long, upward

ROOT = Path(__file__).resolve().parents[1]
PYTHON_LINES, VERILOG_LINES = 400, 250
# A package, another one that it imports for annotations only, and the reason why that closes no cycle.
ANNOTATED = {
    ("bnn.integer.layers", "bnn.qonnx"): "a layer is handed the file that it writes itself into or is read from",
    ("bnn.model.shortcuts", "bnn.model.spec"): "a shortcut is told of the block that it bridges",
}


@pytest.fixture(scope="module")
def imported():
    return imports(modules(ROOT), ANNOTATED)


def test_a_room_imports_only_rooms_below_it(imported):
    assert {name.split(".")[0] for name in imported} == set(ROOMS)
    assert upward(imported) == []


def test_no_package_and_no_module_is_part_of_a_cycle(imported):
    assert cycles(imported) == []


def test_files_are_short():
    folders = (*ROOMS, "tests")
    assert too_long(ROOT, folders, ".py", PYTHON_LINES) + too_long(ROOT, folders, ".sv", VERILOG_LINES) == []


def write(root, texts):
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return imports(modules(root))


@pytest.mark.parametrize(
    "line",
    [
        "import sim.b", "from sim import b", "from sim.b import name", "from sim import b as c, a",
        "if TYPE_CHECKING:\n    from sim.b import Name", "def late():\n    import sim.b",
    ],
)  # fmt: skip
def test_an_import_from_a_room_above_is_found(tmp_path, line):
    found = write(tmp_path, {"sim/__init__.py": "", "sim/b.py": "", "sim/a.py": "", "bnn/low.py": f"{line}\n"})
    assert "bnn.low imports sim.b" in upward(found)
    assert upward(write(tmp_path, {"bnn/low.py": "import json\n", "sim/b.py": "import bnn.low\n"})) == []


def test_cycles_are_found_between_modules_between_packages_and_with_a_package_itself(tmp_path):
    texts = {
        "bnn/__init__.py": "",
        "bnn/one/__init__.py": "",
        "bnn/one/x.py": "from bnn.two import y\n",
        "bnn/two/__init__.py": "",
        "bnn/two/y.py": "def late():\n    from ..one.z import w\n",
        "bnn/one/z.py": "w = 1\n",
    }
    assert cycles(write(tmp_path, texts)) == ["bnn: one <- two <- one"]  # though no module imports itself
    assert cycles(write(tmp_path, {"bnn/two/y.py": ""})) == []
    assert cycles(write(tmp_path, {"bnn/one/z.py": "from . import x\n"})) == []
    assert cycles(write(tmp_path, {"bnn/one/x.py": "from bnn.one.z import w\n"})) == ["bnn.one: x <- z <- x"]
    texts = {
        "bnn/one/x.py": "",
        "bnn/one/z.py": "from bnn.one import x, name\n",
        "bnn/one/__init__.py": "from . import z\n",
    }
    assert cycles(write(tmp_path, texts)) == ["bnn.one: __init__ <- z <- __init__"]


def test_only_annotations_of_the_pairs_named_are_left_out(tmp_path):
    write(
        tmp_path,
        {"bnn/one/x.py": "if TYPE_CHECKING:\n    from bnn.two.y import Y\n", "bnn/two/y.py": "import bnn.one.x\n"},
    )
    found = modules(tmp_path)
    assert cycles(imports(found)) == cycles(imports(found, [("bnn.two", "bnn.one")])) == ["bnn: one <- two <- one"]
    assert cycles(imports(found, [("bnn.one", "bnn.two")])) == []
    (tmp_path / "bnn" / "one" / "x.py").write_text("def late():\n    import bnn.two.y\n")
    assert cycles(imports(found, [("bnn.one", "bnn.two")])) == ["bnn: one <- two <- one"]


def test_a_long_file_is_found(tmp_path):
    write(tmp_path, {"bnn/a.py": "x = 1\n" * 401, "bnn/b.py": "x = 1\n" * 400})
    assert too_long(tmp_path, ["bnn", "hw"], ".py", 400) == ["bnn/a.py: 401 lines"]
