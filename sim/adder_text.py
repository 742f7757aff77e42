"""The text of <name>_columns and <name>_sums, as hw/sums writes it, read back as cells and what drives their bits."""

import re
from dataclasses import dataclass, field

from hw.ops.rtl import unwrapped

Literal = tuple[str, int, bool]  # signal, bit, inverted; the signal "" is constant, its bit 1 or 0


class CertificateError(Exception):
    """The graph is not what its weights say, or cannot be read; the text says where."""


class NotCovered(CertificateError):
    """Made of cells, or in a way, that this proof does not know."""


@dataclass(frozen=True)
class Decision:
    """sum(weight * bit) >= limit, with weights that have no common factor; the result is inverted when told."""

    weight: dict[tuple[int, int], int]  # by column of the window and bit of the column
    limit: int
    inverted: bool = False


@dataclass(frozen=True, eq=False)
class Cell:
    """An instance of a module of hw/rtl."""

    kind: str
    parameters: dict[str, int]
    ports: dict[str, tuple[Literal, ...]]  # of inputs, the lowest bit first
    output: str

    @property
    def inputs(self) -> tuple[Literal, ...]:
        """Of the port that most have."""
        return self.ports["x_i"]


@dataclass
class Module:
    """What drives every bit."""

    drivers: dict[tuple[str, int], tuple[Literal, int]] = field(default_factory=dict)  # of a bit: source, clocks
    made: dict[str, int] = field(default_factory=dict)  # which cell makes a signal
    cells: list[Cell] = field(default_factory=list)  # each behind those it reads
    widths: dict[str, int] = field(default_factory=dict)
    starts: tuple[str, int] | None = None  # of start0: high with no window, and in a round (==) or from it on (>=)


PORT = re.compile(r"(?:input|output)\s+logic\s*(?:\[(\d+):0\])?\s*(\w+)")
SIGNAL = re.compile(r"(?:logic|wire)\s*(?:\[(\d+):0\])?\s*(\w+)(?:\s*=\s*(.+))?;")
ASSIGN = re.compile(r"(?:assign\s+)?(\w+)\s*(<=|=)\s*(.+);")
INSTANCE = re.compile(r"(nj_\w+) #\((.*?)\) \w+ \((.*)\);")
RESET = re.compile(r"if \(rst_i\) \w+ <= '0;")  # comes before a window that counts, so that nothing follows from it
START = re.compile(r"!valid_i \|\| round_i (==|>=) (\d+)")
CONNECTION = re.compile(r"\.(\w+)\(((?:[^()]|\([^()]*\))*)\)")


def parse(text: str, name: str) -> Module:
    """Module `name` of the text; NotCovered for a line that is none of theirs."""
    found = re.search(rf"^module {re.escape(name)} \((.*?)\);\n(.*?)^endmodule", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise NotCovered(f"there is no module {name}")
    module = Module()
    for width, port in PORT.findall(found[1]):
        module.widths[port] = int(width or 0) + 1
    for raw in unwrapped(found[2]).splitlines():
        line = raw.strip()
        if not line or line in ("always_ff @(posedge clk_i) begin", "if (ce_i) begin", "end") or RESET.fullmatch(line):
            continue
        instance, signal, assign = INSTANCE.fullmatch(line), SIGNAL.fullmatch(line), ASSIGN.fullmatch(line)
        if instance:
            _add_cell(module, instance)
        elif signal:
            module.widths[signal[2]] = int(signal[1] or 0) + 1
            start = START.fullmatch(signal[3] or "")
            if start:
                module.starts = start[1], int(start[2])
            elif signal[3]:
                _drive(module, signal[2], signal[3], 0)
        elif assign:
            _drive(module, assign[1], assign[3], int(assign[2] == "<="))
        else:
            raise NotCovered(f"{name} has a line that is no sum: {line}")
    return module


def _drive(module: Module, target: str, text: str, clocks: int) -> None:
    for index, literal in enumerate(bits(module, text)):
        module.drivers[target, index] = literal, clocks


def _add_cell(module: Module, found: re.Match[str]) -> None:
    kind, parameters, ports = found[1], dict(CONNECTION.findall(found[2])), dict(CONNECTION.findall(found[3]))
    outputs = [wire for port, wire in ports.items() if port.endswith("_o")]
    if len(outputs) != 1 or not re.fullmatch(r"\w+", outputs[0]):
        raise NotCovered(f"{kind} has outputs {', '.join(outputs)}")
    values = {key: int(value.split("'h")[-1], 16 if "'h" in value else 10) for key, value in parameters.items()}
    inputs = {port: tuple(bits(module, wire)) for port, wire in ports.items() if not port.endswith("_o")}
    module.made[outputs[0]] = len(module.cells)
    module.cells.append(Cell(kind, values, inputs, outputs[0]))


def bits(module: Module, text: str) -> list[Literal]:
    """An expression's bits, the lowest first."""
    text = text.strip()
    if text.startswith("{"):
        parts = re.findall(r"(?:\{[^{}]*\}|[^{},])+", text[1:-1])
        return [literal for part in reversed(parts) for literal in bits(module, part)]
    inverted = text.startswith("~")
    text = text.removeprefix("~")
    constant = re.fullmatch(r"(\d+)'([bdh])([0-9a-f]+)", text)
    if constant:
        value = int(constant[3], {"b": 2, "d": 10, "h": 16}[constant[2]])
        return [("", value >> i & 1, inverted) for i in range(int(constant[1]))]
    sliced = re.fullmatch(r"(\w+)(?:\[(\d+)(?:(\+?:)(\d+))?\])?", text)
    if sliced is None:
        raise NotCovered(f"'{text}' is no bit of a sum")
    name, high, kind, low = sliced.groups()
    if high is None:
        indices = range(module.widths[name])
    elif kind is None:
        indices = range(int(high), int(high) + 1)
    elif kind == ":":
        indices = range(int(low), int(high) + 1)
    else:
        indices = range(int(high), int(high) + int(low))
    return [(name, index, inverted) for index in indices]


def source(module: Module, literal: Literal) -> tuple[Literal, int]:
    """The cell's output, window's bit or constant behind assignments and registers, and how many registers."""
    (name, index, inverted), clocks = literal, 0
    while (name, index) in module.drivers:
        (name, index, more), stages = module.drivers[name, index]
        inverted, clocks = inverted ^ more, clocks + stages
    return (name, index, inverted), clocks
