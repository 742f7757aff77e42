"""What an accelerator folder says of its size and its rate: estimates of `build`, and cells that `synth` counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnn.errors import UserError
from bnn.storage.records import parse, parse_json, sha256
from bnn.training.runs import MODEL
from finn_build.boards import boards
from finn_build.manifest import FIFO, Manifest, estimates, load

SYNTHESIS = "synthesis.json"
# A chip that the README's table names, and the chips of boards.toml
CHIPS_BESIDE = (("XC7Z010 (no board)", "xc7z010", 17600, 120),)


@dataclass(frozen=True)
class Part:
    """A layer of the circuit, or what stands round the layers."""

    name: str
    operator: str
    shape: str  # of its output: height x width x channels
    fold: int | None  # clocks per output pixel
    cycles: int | None  # per frame
    estimated: int | None  # LUT sites
    sites: int | None  # LUT sites, counted after synthesis
    ramb18: int | None  # counted when there is a synthesis, else estimated


@dataclass(frozen=True)
class Share:
    """What the circuit takes of a board's chip."""

    board: str
    part: str
    luts: int
    of_luts: float  # 0 to 1 and more
    ramb18s: int
    of_ramb18: float


@dataclass(frozen=True)
class Circuit:
    """An accelerator folder in figures."""

    folder: str
    parts: tuple[Part, ...]
    sites: int
    ramb18: int
    dsp: int
    counted: bool  # by synthesis; else estimated by build
    family: str | None  # that synthesis mapped to
    tool: str | None
    shares: tuple[Share, ...]
    clock_mhz: float
    cycles_per_frame: int
    board: str | None  # that it was built for
    model_sha256: str
    tools: Mapping[str, str]

    @property
    def fps(self) -> float:
        """Frames per second that it keeps at its clock."""
        return self.clock_mhz * 1e6 / self.cycles_per_frame


@dataclass(frozen=True)
class Synthesis:
    """The entries of synthesis.json that the report shows."""

    family: str
    tool: str
    sites: int
    ramb18: int
    dsp: int
    layers: tuple[Mapping[str, Any], ...]
    model_sha256: str


def circuit_of(acc: Path, run: Path) -> tuple[Circuit, Manifest]:
    """Read an accelerator folder. UserError when it is damaged, or was not built from the network of `run`."""
    manifest = load(acc)
    if manifest.model_sha256 != sha256(run / MODEL):
        raise UserError(
            f"{acc} was not built from the network of {run}; give the accelerator of this run, or build one: "
            f"neuraljet build {run} --out ACC"
        )
    estimated = estimates(acc)
    found: Synthesis | None = read_part(Synthesis, acc / SYNTHESIS)
    if found is not None and found.model_sha256 != manifest.model_sha256:
        found = None  # of an earlier build
    total = estimated.get("total", {})
    sites = found.sites if found else round(total.get("lut", 0))
    ramb18 = found.ramb18 if found else round(total.get("bram18", 0))
    circuit = Circuit(
        folder=acc.name,
        parts=tuple(_parts(manifest, estimated, found)),
        sites=sites,
        ramb18=ramb18,
        dsp=found.dsp if found else round(total.get("dsp", 0)),
        counted=found is not None,
        family=found.family if found else None,
        tool=found.tool if found else None,
        shares=shares(sites, ramb18),
        clock_mhz=manifest.clock_mhz,
        cycles_per_frame=manifest.cycles_per_frame,
        board=manifest.board,
        model_sha256=manifest.model_sha256,
        tools=manifest.tools,
    )
    return circuit, manifest


def shares(sites: int, ramb18: int) -> tuple[Share, ...]:
    """Return what so many LUT sites and block RAMs are of the chip of each board, the smallest chip first."""
    chips = [(name, board.part, board.lut, board.bram18) for name, board in boards().items()]
    rows = [
        Share(name, part, luts, sites / luts, blocks, ramb18 / blocks)
        for name, part, luts, blocks in (*CHIPS_BESIDE, *chips)
    ]
    return tuple(sorted(rows, key=lambda row: row.luts))


def read_part(kind: type[Any], path: Path) -> Any:
    """Return the entries of a report of ours that the dataclass `kind` names; None when there is no such file.

    UserError when they are not of its types.
    """
    if not path.is_file():
        return None
    try:
        content = parse_json(path.read_bytes())
        if not isinstance(content, dict):
            raise ValueError("it is no object")
        wanted = kind.__dataclass_fields__
        return parse(kind, {name: value for name, value in content.items() if name in wanted}, "")
    except (OSError, TypeError, ValueError) as error:
        raise UserError(f"{path} is damaged ({str(error)[:200]}); give the command that wrote it again") from None


def _parts(manifest: Manifest, estimated: Mapping[str, Any], synthesis: Synthesis | None) -> list[Part]:
    guessed = {row["name"]: row for row in estimated.get("layers", ())}
    counted = (
        {str(row.get("layer") or row.get("instance") or "top"): row for row in synthesis.layers} if synthesis else {}
    )
    rows = []
    for layer in manifest.layers:
        guess, count = guessed.pop(layer.name, {}), counted.pop(layer.name, {})
        rows.append(
            Part(
                name=layer.name,
                operator="FIFO" if layer.operator == FIFO else str(guess.get("variant") or layer.operator),
                shape=" x ".join(map(str, layer.shape)),
                fold=layer.fold,
                cycles=layer.cycles_per_frame,
                estimated=_whole(guess.get("lut")),
                sites=_whole(count.get("sites")),
                ramb18=_whole(count.get("ramb18", guess.get("bram18"))),
            )
        )
    around = sum(_whole(row.get("sites")) or 0 for row in counted.values())
    if counted:
        blocks = sum(_whole(row.get("ramb18")) or 0 for row in counted.values())
        rows.append(Part("frame checks and top", "around the layers", "", None, None, None, around, blocks))
    return rows


def _whole(value: Any) -> int | None:
    return round(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
