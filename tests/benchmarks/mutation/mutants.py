"""Make single faults of a module of hw/rtl on pyslang's syntax tree: each replaces one piece of the text.

  operator   + and -, & and |, == and !=, < and <=, && and ||, an inversion left out, ...
  constant   one more or one less, '0 and '1
  condition  of an if or ?: negated
  dropped    an assignment of a procedure
  name       a signal in place of another one of the same width

Left alone: parameters' default values, vector widths, attributes, what $error says, and the choice between the two
forms of a module (Plain), which are proved equal.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyslang import ast, driver
from pyslang.syntax import SyntaxTree

from hw.text import CELLS

SWAPS = {
    "+": "-", "-": "+", "*": "+", "/": "*", "%": "/", "&": "|", "|": "&", "^": "|", "~^": "^", "&&": "||", "||": "&&",
    "==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "<<": ">>", ">>": "<<",
    "&=": "|=", "|=": "&=", "^=": "|=", "+=": "-=", "-=": "+=",
}  # fmt: skip
ASSIGNING = ("NonblockingAssignmentExpression", "AssignmentExpression")
SKIPPED = (
    "ParameterPortList", "ElabSystemTask", "AttributeInstance", "VariableDimension", "NamedBlockClause",
    "StringLiteralExpression", "EventControlWithExpression", "ModuleHeader",
)  # fmt: skip
FORMS = ((), ("NJ_GENERIC",))  # macros that select the form of the text


@dataclass(frozen=True)
class Mutant:
    """A fault: `new` in place of the characters from start to end of a module's text."""

    module: str
    text: str  # of the unchanged file
    kind: str
    start: int
    end: int
    new: str

    def mutated(self) -> str:
        """Return the text with the fault."""
        return self.text[: self.start] + self.new + self.text[self.end :]

    @property
    def line(self) -> int:
        """Return the number of the line in which the fault begins."""
        return self.text.count("\n", 0, self.start) + 1

    def __str__(self) -> str:
        """Return the line before and after, with the replaced text marked."""
        begin = self.text.rfind("\n", 0, self.start) + 1
        ending = self.text.find("\n", self.end)
        after = self.text[begin : self.start] + self.new + self.text[self.end : ending]
        before, after = (" ".join(part.split()) for part in (self.text[begin:ending], after))
        return f"{self.module}.sv:{self.line}: {before}  ->  {after}"


def mutants(file: Path) -> list[Mutant]:
    """Return every fault of a file of ASCII text, in the order of the text."""
    text = file.read_text()
    if not text.isascii():
        raise ValueError(f"{file} is not ASCII: offsets would be wrong")
    widths = signals(file)
    found = {}
    for macros in FORMS:
        tree = SyntaxTree.fromText("".join(f"`define {name}\n" for name in macros) + text)
        shift = sum(len(f"`define {name}\n") for name in macros)
        for kind, start, end, new in _faults(tree.root, text, widths, shift):
            found[start, end, new] = Mutant(file.stem, text, kind, start, end, new)
    return [found[place] for place in sorted(found)]


def compilation(file: Path, folder: Path, macros: Sequence[str], options: Sequence[str] = ()) -> Any:
    """Return pyslang's elaboration of the module in `file`, with others from `folder`; None when it has an error."""
    run = driver.Driver()
    run.addStandardArgs()
    packages = [str(package) for package in sorted(folder.glob("*_pkg.sv")) if package.name != file.name]
    top = [] if file.stem.endswith("_pkg") else ["--top", file.stem]
    words = ["slang", *top, "--libext", ".sv", *(f"-D{name}" for name in macros), *options, *packages, str(file)]
    words += ["-y", str(folder), "-y", str(CELLS)]
    if not (run.parseCommandLine(" ".join(words), driver.CommandLineOptions()) and run.processOptions()):
        raise ValueError(f"slang does not take {words}")
    if not run.parseAllSources():
        return None
    made = run.createCompilation()
    return None if any(d.isError() for d in made.getAllDiagnostics()) else made


def signals(file: Path) -> dict[str, int]:
    """Return the bits of each variable and port of a module with its default parameters, in either form."""
    found: dict[str, int] = {}

    def visit(symbol: Any) -> None:
        if symbol.kind in (ast.SymbolKind.Variable, ast.SymbolKind.Net) and symbol.type.isIntegral:
            found[symbol.name] = symbol.type.bitWidth

    for macros in FORMS:
        made = compilation(file, file.parent, macros)
        if made is None:
            raise ValueError(f"{file} does not elaborate")
        for instance in made.getRoot().topInstances:  # a package is none
            instance.body.visit(visit)
    return found


Fault = tuple[str, int, int, str]  # kind, start, end, new text


def _faults(node: Any, text: str, widths: dict[str, int], shift: int) -> Iterator[Fault]:
    """Yield every fault at and below a node of the syntax tree."""
    kind = node.kind.name
    if kind in SKIPPED:
        return
    for make in (_of_operator, _of_constant, _of_condition, _of_statement, _of_name):
        yield from make(node, _Text(text, shift), widths)
    for child in node:
        if child is not None and hasattr(child, "sourceRange"):
            if kind == "CastExpression" and child.sourceRange.start == node.sourceRange.start:
                continue  # the width
            yield from _faults(child, text, widths, shift)


@dataclass(frozen=True)
class _Text:
    """The text of a file, and the difference between the tree's offsets and the text's."""

    text: str
    shift: int

    def place(self, part: Any) -> tuple[int, int]:
        """Return where a node or token starts and ends."""
        whole = part.sourceRange if hasattr(part, "sourceRange") else part.range
        return whole.start.offset - self.shift, whole.end.offset - self.shift

    def of(self, part: Any) -> str:
        """Return the text of a node or token."""
        return self.text[slice(*self.place(part))]


def _of_operator(node: Any, text: _Text, widths: dict[str, int]) -> Iterator[Fault]:
    if not hasattr(node, "operatorToken"):
        return
    sign = node.operatorToken.valueText
    if hasattr(node, "left"):
        if sign in SWAPS and node.kind.name not in ASSIGNING:
            yield "operator", *text.place(node.operatorToken), SWAPS[sign]
    elif sign in ("!", "~", "-"):
        yield "operator", *text.place(node.operatorToken), ""


def _of_constant(node: Any, text: _Text, widths: dict[str, int]) -> Iterator[Fault]:
    kind, own, place = node.kind.name, text.of(node), text.place(node)
    if kind == "IntegerLiteralExpression":
        yield "constant", *place, str(int(own) + 1)
        if int(own):
            yield "constant", *place, str(int(own) - 1)
    elif kind == "UnbasedUnsizedLiteralExpression":
        yield "constant", *place, {"'0": "'1", "'1": "'0"}[own]
    elif kind == "IntegerVectorExpression":
        sized = re.fullmatch(r"(\d+)'([bdh])([0-9a-fA-F_]+)", own)
        if sized:
            base = {"b": 2, "d": 10, "h": 16}[sized[2]]
            value = (int(sized[3].replace("_", ""), base) + 1) % (1 << int(sized[1]))
            digits = {"b": "b", "d": "d", "h": "x"}[sized[2]]
            yield "constant", *place, f"{sized[1]}'{sized[2]}{value:{digits}}"


def _of_condition(node: Any, text: _Text, widths: dict[str, int]) -> Iterator[Fault]:
    kind = node.kind.name
    if kind == "ConditionalPredicate":
        yield "condition", *text.place(node), f"!({text.of(node)})"
    elif kind == "IfGenerate" and "Plain" not in text.of(node.condition):
        yield "condition", *text.place(node.condition), f"!({text.of(node.condition)})"


def _of_statement(node: Any, text: _Text, widths: dict[str, int]) -> Iterator[Fault]:
    if node.kind.name == "ExpressionStatement" and node.expr.kind.name in ASSIGNING:
        yield "dropped", *text.place(node), ";"


def _of_name(node: Any, text: _Text, widths: dict[str, int]) -> Iterator[Fault]:
    """Return the next signal of the same width, so that each name has another replacement."""
    if node.kind.name not in ("IdentifierName", "IdentifierSelectName"):
        return
    name = text.of(node.identifier)
    if name not in widths or name in ("clk_i", "rst_i"):
        return
    same = [other for other in sorted(widths) if widths[other] == widths[name]]
    alike = [other for other in same if other not in (name, "clk_i", "rst_i")]
    if alike:
        yield "name", *text.place(node.identifier), ([other for other in alike if other > name] or alike)[0]
