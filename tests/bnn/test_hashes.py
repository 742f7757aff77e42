"""Faults in a folder's listed files are found in the order of the list, and each has its own sentence."""

import hashlib

import pytest

from bnn.storage.hashes import Damage, check_names, first_damage


def test_each_damage_is_told_apart(tmp_path):
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    files = {}
    for name in ("a", "deep/b", "c"):
        (folder / name).write_text(name)
        files[name] = hashlib.sha256(name.encode()).hexdigest()
    assert first_damage(folder, files) is None and first_damage(folder, {}) is None
    (folder / "c").write_text("C")
    assert first_damage(folder, files) == (folder / "c", Damage.CHANGED)
    (folder / "deep" / "b").unlink()
    assert first_damage(folder, files) == (folder / "deep" / "b", Damage.MISSING)
    (tmp_path / "a").write_text("a")
    (folder / "a").unlink()
    (folder / "a").symlink_to("../a")  # with the same content
    assert first_damage(folder, files) == (folder / "a", Damage.OUTSIDE)


@pytest.mark.parametrize("name", ["../a", "/a", "a/../b", "a//b", ".hidden", "a b", ""])
def test_names_that_leave_the_folder(name):
    check_names(["rtl/nj_fifo.sv", "a"])
    with pytest.raises(ValueError, match="does not stay inside the folder"):
        check_names(["a", name])
