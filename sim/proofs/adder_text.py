"""Read the text of <name>_columns and <name>_sums, as hw/adders writes it, back as cells and what drives their bits."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hw.text import unwrapped

Literal = tuple[str, int, bool]  # signal, bit, inverted; the signal "" is constant, its bit 1 or 0


class CertificateError(Exception):
    """The graph is not what its weights say, or cannot be read; the text says where."""


class NotCovered(CertificateError):
    """The graph is made of cells, or in a form, that this proof does not know."""


Widths = Callable[[Mapping[str, int]], dict[str, int]]
CLOCKED = {"clk_i": 1, "ce_i": 1}
# A cell's parameters, as far as the text may set them, with their defaults, and the widths of its ports that follow.
CELLS: dict[str, tuple[dict[str, int], Widths]] = {
    "nj_count7": ({"N": 1, "Invert": 0}, lambda p: {"x_i": 7 * p["N"], "s_o": 3 * p["N"]}),
    "nj_count3": ({"N": 1, "Invert": 0}, lambda p: {"x_i": 3 * p["N"], "s_o": 2 * p["N"]}),
    "nj_add3": (
        {"N": 1, "Width": 8, "Invert": 0, "Add": 0},
        lambda p: {"x_i": 3 * p["Width"] * p["N"], "sum_o": p["Width"] * p["N"]},
    ),
    "nj_reach": (
        {"N": 1, "Width": 8, "Limit": 0, "Invert": 0},
        lambda p: {"x_i": p["Width"] * p["N"], "reach_o": p["N"]},
    ),
    "nj_leaf": (
        {"N": 2, "RoundBits": 1, "Pass": -1, "Invert": 0},
        lambda p: {"x_i": 1, "round_i": p["RoundBits"], "leaf_o": p["N"]},
    ),
    "nj_leaf3": (
        {"N": 1, "RoundBits": 1, "Pass": -1, "Invert": 0},
        lambda p: {"x_i": 3, "round_i": p["RoundBits"], "s_o": 2 * p["N"]},
    ),
    "nj_digits": (
        {"N": 1, "Bits": 5, "Signed": 0, "Digit": 1, "RoundBits": 3},
        lambda p: CLOCKED | {
            "word_i": p["N"] * p["Bits"], "round_i": p["RoundBits"], "digit_o": p["N"] * p["Digit"],
        },
    ),
    "nj_serial_add": (
        {"Digit": 1, "Shift": 0, "Invert": 0},
        lambda p: CLOCKED | {
            "start_i": 1, "a_on_i": 1, "b_on_i": 1, "a_i": p["Digit"], "b_i": p["Digit"], "sum_o": p["Digit"],
        },
    ),
    "nj_serial_add3": (
        {"Digit": 2, "Invert": 0, "Start": 0},
        lambda p: CLOCKED | {"start_i": 1, "x_i": 3 * p["Digit"], "sum_o": p["Digit"]},
    ),
    "nj_serial_sum": (
        {"Digit": 1, "Invert": 0, "Start": 0},
        lambda p: CLOCKED | {"start_i": 1, "x_i": 5 * p["Digit"], "sum_o": p["Digit"]},
    ),
    "nj_serial_reach": (
        {"Digit": 2, "Digits": 3, "RoundBits": 2, "Limit": 0, "Invert": 0},
        lambda p: CLOCKED | {"round_i": p["RoundBits"], "x_i": p["Digit"], "reach_o": 1},
    ),
    "nj_delay": (
        {"Bits": 8, "Taps": 2, "Period": 16},
        lambda p: CLOCKED | {
            "valid_i": 1, "round_i": (p["Period"] - 1).bit_length(), "x_i": p["Bits"], "y_o": p["Taps"] * p["Bits"],
        },
    ),
}  # fmt: skip


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
        """Return the bits of x_i, the port that most cells have."""
        return self.ports["x_i"]


@dataclass
class Module:
    """A module: what drives every bit of it."""

    drivers: dict[tuple[str, int], tuple[Literal, int]] = field(default_factory=dict)  # of a bit: source, clocks
    made: dict[str, int] = field(default_factory=dict)  # which cell makes a signal
    cells: list[Cell] = field(default_factory=list)  # each behind those it reads
    widths: dict[str, int] = field(default_factory=dict)
    starts: tuple[str, int] | None = None  # of start0: high with no window, and in a round (==) or from it on (>=)


PORT = re.compile(r"(?:input|output)\s+logic\s*(?:\[(\d+):0\])?\s*(\w+)")
SIGNAL = re.compile(r"(?:logic|wire)\s*(?:\[(\d+):0\])?\s*(\w+)(?:\s*=\s*(.+))?;")
ASSIGN = re.compile(r"(?:assign\s+)?(\w+)\s*(<=|=)\s*(.+);")
INSTANCE = re.compile(r"(nj_\w+) #\((.*?)\) \w+ \((.*)\);")
CLOCK, ENABLE = "always_ff @(posedge clk_i) begin", "if (ce_i) begin"
FLAGS = {"nj_digits": ("Signed",), "nj_serial_add": ("Invert",), "nj_serial_reach": ("Invert",)}  # of one bit
SIZES = ("N", "Width", "Bits", "Digit", "Digits", "RoundBits", "Taps", "Period")
RESET = re.compile(r"if \(rst_i\) \w+ <= '0;")  # comes before a window that counts, so that nothing follows from it
START = re.compile(r"!valid_i \|\| round_i (==|>=) (\d+)")
CONNECTION = re.compile(r"\.(\w+)\(((?:[^()]|\([^()]*\))*)\)")


def parse(text: str, name: str) -> Module:
    """Parse module `name` of the text; raise NotCovered for a line that hw/adders does not write."""
    found = re.search(rf"^module {re.escape(name)} \((.*?)\);\n(.*?)^endmodule", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise NotCovered(f"there is no module {name}")
    module = Module()
    for width, port in PORT.findall(found[1]):
        module.widths[port] = int(width or 0) + 1
    opened: tuple[str, ...] = ()
    for raw in unwrapped(found[2]).splitlines():
        line = raw.strip()
        if not line or (RESET.fullmatch(line) and opened == (CLOCK,)):
            continue
        if line in (CLOCK, ENABLE) and opened == (() if line == CLOCK else (CLOCK,)):
            opened = (*opened, line)
            continue
        if line == "end" and opened:
            opened = opened[:-1]
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
        elif assign and opened == ((CLOCK, ENABLE) if assign[2] == "<=" else ()):
            _drive(module, assign[1], assign[3], int(assign[2] == "<="))
        else:
            raise NotCovered(f"{name} has a line that is no sum, or not where it stands: {line}")
    return module


def _drive(module: Module, target: str, text: str, clocks: int) -> None:
    if target in module.made or (target, 0) in module.drivers:
        raise CertificateError(f"{target} is driven twice")
    driven = bits(module, text)
    if len(driven) != module.widths.get(target, len(driven)):
        raise CertificateError(f"{target} has {module.widths[target]} bits and is driven by {len(driven)}")
    for index, literal in enumerate(driven):
        module.drivers[target, index] = literal, clocks


def _add_cell(module: Module, found: re.Match[str]) -> None:
    kind, parameters, ports = found[1], dict(CONNECTION.findall(found[2])), dict(CONNECTION.findall(found[3]))
    outputs = [wire for port, wire in ports.items() if port.endswith("_o")]
    if len(outputs) != 1 or not re.fullmatch(r"\w+", outputs[0]):
        raise NotCovered(f"{kind} has outputs {', '.join(outputs)}")
    values = {key: int(value.split("'h")[-1], 16 if "'h" in value else 10) for key, value in parameters.items()}
    inputs = {port: tuple(bits(module, wire)) for port, wire in ports.items() if not port.endswith("_o")}
    if outputs[0] in module.made or (outputs[0], 0) in module.drivers:
        raise CertificateError(f"{outputs[0]} is driven twice")
    if kind in CELLS:
        defaults, widths = CELLS[kind]
        flags = [values.get(key, 0) for key in FLAGS.get(kind, ())]
        if not set(values) <= set(defaults) or max(flags, default=0) > 1 or min(values.get(k, 1) for k in SIZES) < 1:
            raise CertificateError(f"{kind} {outputs[0]} has parameters {values}")
        values = defaults | values
        if any(port in CLOCKED and wire != ((port, 0, False),) for port, wire in inputs.items()):
            raise CertificateError(f"{kind} {outputs[0]} has another clock or enable than the module")
        output = next(port for port in ports if port.endswith("_o"))
        found_widths = {port: len(wire) for port, wire in inputs.items()} | {output: module.widths.get(outputs[0], 0)}
        if found_widths != widths(values):
            raise CertificateError(f"{kind} {outputs[0]} has ports of {found_widths} bits, and should {widths(values)}")
    module.made[outputs[0]] = len(module.cells)
    module.cells.append(Cell(kind, values, inputs, outputs[0]))


def bits(module: Module, text: str) -> list[Literal]:
    """Return the bits of an expression, the lowest first."""
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
    if name not in module.widths:
        raise NotCovered(f"{name} is declared nowhere")
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
    """Follow a bit through assignments and registers; return what drives it, and how many registers there were.

    What drives it is a cell's output, a bit of the window, or a constant.
    """
    (name, index, inverted), clocks = literal, 0
    seen: set[tuple[str, int]] = set()
    while (name, index) in module.drivers:
        (name, index, more), stages = module.drivers[name, index]
        inverted, clocks = inverted ^ more, clocks + stages
        if (name, index) in seen:
            raise CertificateError(f"{name}[{index}] is made of itself")
        seen.add((name, index))
    return (name, index, inverted), clocks
