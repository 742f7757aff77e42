"""Decide whether an accelerator folder's files may be run. RTL and C++ are programs: `$system` in them runs anything.

A folder that this user's `build` made is run at once (finn_build.known). Any other folder is built again from its
model.onnx, or from the file that was imported, with the options in its manifest, and compared byte for byte. When both
are equal, the folder is what `build` writes. A folder that differs is run only when the user says that he trusts it.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bnn.errors import UserError
from bnn.qonnx.read import read_qonnx
from bnn.storage.files import lock, restore
from bnn.storage.work import work_folder
from finn_build.consistency import check_consistent
from finn_build.known import is_known, remember
from finn_build.manifest import FILE, PIXELS, SOURCE, Manifest, load


@contextmanager
def opened(acc: Path, *, trust: bool = False, maps: bool = False) -> Iterator[Manifest]:
    """Yield the manifest of an accelerator folder whose files may be run, and keep it from being built again meanwhile.

    UserError for a folder that is damaged, whose parts do not agree, or that `build` would not make
    and the user does not trust; and for one of a map of cells, unless the caller knows `maps`.
    """
    restore(acc)
    with lock(acc, shared=True):
        manifest = load(acc)
        if not maps:
            manifest.require_one_result(acc)
        if not is_known(manifest):
            if not trust:
                check_made_here(acc, manifest)
            check_consistent(acc, manifest)
        yield manifest


def check_made_here(acc: Path, manifest: Manifest) -> None:
    """Raise UserError naming the first file that `build` would write otherwise; note a folder that is equal."""
    from finn_build.build import build

    way_out = "give --trust (trust=True in Python) if you know who made it, else build it again"
    with work_folder() as temporary:
        again = temporary / "again"
        imported = SOURCE in manifest.files
        pixels = read_qonnx(acc / "model.onnx").metadata.get(PIXELS) if imported else None
        if imported and pixels not in ("unit", "byte"):
            raise UserError(f"{acc} does not say what {SOURCE} takes; {way_out}")
        try:
            build(
                acc / (SOURCE if imported else "model.onnx"), again, board=manifest.board, fps=manifest.fps,
                ramb18_sites=manifest.ramb18_sites,
                clock_mhz=manifest.clock_mhz, pixels=pixels, backend=manifest.backend, fifos=manifest.fifos,
                camera=manifest.camera,
            )  # fmt: skip
        except UserError as error:
            raise UserError(
                f"{acc} was not built here, and cannot be made again to compare: {error}; {way_out}"
            ) from error
        made = load(again)
    found = next(
        (name for name in sorted({*made.files, *manifest.files}) if made.files.get(name) != manifest.files.get(name)),
        None,
    )
    if found is None and dataclasses.replace(made, tools=manifest.tools, seal=manifest.seal) != manifest:
        found = FILE
    if found is not None:
        versions = "" if made.tools == manifest.tools else ", of other versions of the tools"
        raise UserError(
            f"{acc / found} is not what `neuraljet build` makes of its network{versions}, and RTL and C++ can run any "
            f"program on this machine; {way_out}"
        )
    remember(manifest)
