"""Change an accelerator folder as somebody who knows its format could: hashes and seal are valid again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bnn.storage.cache import state_folder
from bnn.storage.records import seal_of, sha256


def seal(folder: Path, manifest: dict[str, Any], known: bool = True) -> None:
    """Write the manifest with its seal. known: record it as made by `build` on this machine."""
    manifest = {**manifest, "seal": seal_of(manifest)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    if known:
        (state_folder("built") / manifest["seal"]).touch()


def reseal(folder: Path, change: Callable[[dict[str, Any]], Any] | None = None, known: bool = True) -> None:
    """Write the manifest of the files as they are now, changed by `change`."""
    content = json.loads((folder / "manifest.json").read_text())
    content["files"] = {name: sha256(folder / name) for name in content["files"]}
    content["model_sha256"] = content["files"]["model.onnx"]
    if change is not None:
        change(content)
    seal(folder, content, known)
