"""Single faults for a module of hw/rtl, made on its syntax tree by pyslang: each replaces one piece of its text.

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
FORMS = ((), ("NJ_GENERIC",))  # what ifdef leaves of the text


@dataclass(frozen=True)
class Mutant:
    """`new` in place of characters start to end of a module's text."""

    module: str
    text: str  # of the whole file, as it is
    kind: str
    start: int
    end: int
    new: str

    def mutated(self) -> str:
        """The text with the fault."""
        return self.text[: self.start] + self.new + self.text[self.end :]

    @property
    def line(self) -> int:
        """Number of the line it begins in."""
        return self.text.count("\n", 0, self.start) + 1

    def __str__(self) -> str:
        """The line before and after, the fault marked by what it replaces."""
        begin = self.text.rfind("\n", 0, self.start) + 1
        ending = self.text.find("\n", self.end)
        after = self.text[begin : self.start] + self.new + self.text[self.end : ending]
        before, after = (" ".join(part.split()) for part in (self.text[begin:ending], after))
        return f"{self.module}.sv:{self.line}: {before}  ->  {after}"


def mutants(file: Path) -> list[Mutant]:
    """Every fault for a file of ASCII text, in the order of the text."""
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
    """pyslang's elaboration of the module of `file`, the others taken from `folder`; None when it has an error."""
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
    """Bits of each variable and port of a module with its default parameters, in either form."""
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


def _faults(node: Any, text: str, widths: dict[str, int], shift: int) -> Iterator[tuple[str, int, int, str]]:
    """(kind, start, end, new text) of every fault below a node of the syntax tree."""

    def place(part: Any) -> tuple[int, int]:
        whole = part.sourceRange if hasattr(part, "sourceRange") else part.range
        return whole.start.offset - shift, whole.end.offset - shift

    def walk(node: Any) -> Iterator[tuple[str, int, int, str]]:
        kind = node.kind.name
        if kind in SKIPPED:
            return
        yield from here(node, kind)
        for child in node:
            if child is not None and hasattr(child, "sourceRange"):
                if kind == "CastExpression" and child.sourceRange.start == node.sourceRange.start:
                    continue  # the width
                yield from walk(child)

    def here(node: Any, kind: str) -> Iterator[tuple[str, int, int, str]]:
        start, end = place(node)
        own = text[start:end]
        if hasattr(node, "operatorToken") and hasattr(node, "left"):
            sign = node.operatorToken.valueText
            if sign in SWAPS and kind not in ASSIGNING:
                yield "operator", *place(node.operatorToken), SWAPS[sign]
        elif hasattr(node, "operatorToken") and node.operatorToken.valueText in ("!", "~", "-"):
            yield "operator", *place(node.operatorToken), ""
        elif kind == "IntegerLiteralExpression":
            yield "constant", start, end, str(int(own) + 1)
            if int(own):
                yield "constant", start, end, str(int(own) - 1)
        elif kind == "UnbasedUnsizedLiteralExpression":
            yield "constant", start, end, {"'0": "'1", "'1": "'0"}[own]
        elif kind == "IntegerVectorExpression":
            sized = re.fullmatch(r"(\d+)'([bdh])([0-9a-fA-F_]+)", own)
            if sized:
                base = {"b": 2, "d": 10, "h": 16}[sized[2]]
                value = (int(sized[3].replace("_", ""), base) + 1) % (1 << int(sized[1]))
                digits = {"b": "b", "d": "d", "h": "x"}[sized[2]]
                yield "constant", start, end, f"{sized[1]}'{sized[2]}{value:{digits}}"
        elif kind == "ConditionalPredicate":
            yield "condition", start, end, f"!({own})"
        elif kind == "IfGenerate" and "Plain" not in text[slice(*place(node.condition))]:
            first, last = place(node.condition)
            yield "condition", first, last, f"!({text[first:last]})"
        elif kind == "ExpressionStatement" and node.expr.kind.name in ASSIGNING:
            yield "dropped", start, end, ";"
        elif kind in ("IdentifierName", "IdentifierSelectName"):
            first, last = place(node.identifier)
            name = text[first:last]
            same = [other for other in sorted(widths) if widths[other] == widths.get(name)]
            if name in widths and name not in ("clk_i", "rst_i") and len(same) > 1:
                # the next one of that width: each name has another replacement
                others = [other for other in same if other not in (name, "clk_i", "rst_i")]
                later = [other for other in others if other > name]
                if others:
                    yield "name", first, last, (later or others)[0]

    yield from walk(node)
