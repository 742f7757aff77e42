"""Find the file that a build starts from. An accelerator's model.onnx may be the import of source.onnx beside it.

`build` then takes source.onnx, so that the new folder holds it too and `verify` can execute it.
"""

from pathlib import Path

from bnn.errors import UserError
from bnn.qonnx.file import load_model
from finn_build.manifest import PIXELS, SOURCE

MODEL = "model.onnx"


def original(model: Path, pixels: str | None) -> tuple[Path, str | None, tuple[str, ...]]:
    """Return the file to build, what its input takes (`pixels`, else as it was imported before), and a note.

    UserError when `pixels` contradicts how the accelerator's model.onnx was imported.
    """
    imported = model.with_name(MODEL)
    if model.name not in (MODEL, SOURCE) or not imported.is_file():
        return model, pixels, ()
    if model.name == SOURCE:
        return model, pixels or _taken(imported), ()
    taken, source = _taken(model), model.with_name(SOURCE)
    if taken is None:
        return model, pixels, ()
    if not source.is_file():
        note = f"{model} was imported from a file of another program that is not beside it, so verify cannot execute it"
        return model, pixels, (note,)
    if pixels not in (None, taken):
        raise UserError(
            f"--pixels {pixels} contradicts {model}, which was imported with --pixels {taken}: leave it away, or give "
            f"{source} to import that anew"
        )
    return source, taken, (f"{source} is built, the file that {model} was imported from",)


def _taken(model: Path) -> str | None:
    entries = {entry.key: entry.value for entry in load_model(model).model.metadata_props}
    return entries[PIXELS] if entries.get(PIXELS) in ("unit", "byte") else None
