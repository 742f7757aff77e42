"""The folder tb/ of an accelerator and of an IP: what an engineer needs to check the circuit in a simulator of his own.

It holds a self-checking testbench in plain Verilog-2005 (hw/tb), some pictures with the integer network's results,
the list of sources, commands for four simulators, and the whole design as one file. Nothing of ours runs what is in
it. So the manifest of an accelerator does not list it, and trust does not compare it (docs/trust.md): which pictures it
has depends on what lies on this machine. `tb.json` tells what belongs to it.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bnn.integer.decision import OperatingPoint
from bnn.integer.network import IntegerNetwork
from bnn.storage.records import Record, sha256
from finn_build.folders import HANDOVER
from finn_build.handover.frames import Frames, choose_frames, frames_text, golden_text
from finn_build.handover.whole import whole_design
from finn_build.manifest import Manifest
from finn_build.results import point_word
from hw.text import HW, fill, packages_first

DEFINE = "NJ_GENERIC"  # the sources without the cells of a vendor, see hw/rtl/nj_pkg.sv
FOLDER = "tb"


@dataclass(frozen=True)
class Handover(Record):
    """tb.json."""

    format: str
    version: int
    frames: str  # which ones, in words
    model_sha256: str
    files: Mapping[str, str]  # relative path -> SHA-256


def write_beside(root: Path, manifest: Manifest, network: IntegerNetwork, point: OperatingPoint) -> tuple[str, ...]:
    """Write tb/ into the folder of an accelerator, and return notes for the user.

    Of layers in C++ there is no RTL to simulate, so there is no tb/ either. A map of results is not covered yet.
    """
    if manifest.cells != (1, 1):
        return (f"no {FOLDER}/ for simulators of others: it takes one result a frame",)
    if manifest.in_cpp():
        return (f"no {FOLDER}/ for simulators of others: {', '.join(manifest.in_cpp())} have no RTL yet",)
    names = [name for name in manifest.files if name.startswith("rtl/")]
    memories = [name for name in manifest.files if name.startswith("mem/")]
    frames = choose_frames(manifest, network)
    values = {
        **common_values(manifest, manifest.top, frames),
        "out_bits": manifest.output.tdata_bits,
        "point": f"{manifest.output.point_bits}'h{point_word(point, manifest.output):x}",
    }
    golden = golden_text(frames, network, manifest.output, point)
    write_folder(root, "tb.v.in", values, names, memories, frames, golden)
    tb = root / FOLDER
    files = {path.name: sha256(path) for path in sorted(tb.iterdir())}
    described = Handover(HANDOVER.format, 1, frames.words, manifest.model_sha256, files)
    (tb / HANDOVER.file).write_text(described.to_json())
    return frames.notes


def common_values(manifest: Manifest, top: str, frames: Frames) -> dict[str, object]:
    """Return what both testbenches say of an accelerator."""
    slowest = max(manifest.cycles_per_frame, manifest.input.beats_per_frame)
    return {
        "top": top,
        "tb": FOLDER,
        "frames": len(frames.images),
        "pictures": frames.words,
        "in_bits": manifest.input.tdata_bits,
        "beats": manifest.input.beats_per_frame,
        "cycles": manifest.cycles_per_frame,
        "silence": 8 * slowest + 10_000,  # as sim.bench has it
    }


def write_folder(
    root: Path, template: str, values: Mapping[str, object], sources: Sequence[str], memories: Sequence[str],
    frames: Frames, golden: str,
) -> None:  # fmt: skip
    """Write tb/ into `root`, whose other files are there. sources, memories: by their paths in `root`.

    template, values: of the testbench. golden: the text of golden.mem.
    """
    top, tb = str(values["top"]), root / FOLDER
    tb.mkdir()
    ordered = packages_first(sorted(sources))
    bench = (f"{top}_tb.v", "nj_frames_check.v")
    (tb / bench[0]).write_text(fill(template, values))
    for name in (bench[1], "Makefile"):
        shutil.copyfile(HW / "tb" / name, tb / name)
    (tb / "frames.mem").write_text(frames_text(frames))
    (tb / "golden.mem").write_text(golden)
    lines = [f"+define+{DEFINE}", *(f"../{name}" for name in ordered), *bench]
    (tb / "filelist.f").write_text("\n".join(lines) + "\n")
    (tb / f"{top}_flat.v").write_text(whole_design(root, ordered, memories, top, DEFINE))
    (tb / "README.md").write_text(fill("tb_readme.md.in", values))


__all__ = ["FOLDER", "Handover", "choose_frames", "common_values", "golden_text", "write_beside", "write_folder"]
