"""Read which module imports which from the source text, without importing anything."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOMS = ("neuraljet", "sim", "finn_build", "hw", "bnn")  # a room imports only rooms further right
Imports = Mapping[str, set[str]]  # by module, the modules that it imports
Pairs = Iterable[tuple[str, str]]  # two packages: importer, imported


def modules(root: Path, rooms: Iterable[str] = ROOMS) -> dict[str, Path]:
    """Return the file of each module of `rooms` below `root`. A package's own module is called `package.__init__`."""
    files = (path for room in rooms for path in sorted((root / room).rglob("*.py")))
    return {".".join(path.relative_to(root).with_suffix("").parts): path for path in files}


def imports(files: Mapping[str, Path], annotated: Pairs = ()) -> dict[str, set[str]]:
    """Return which of the modules each module imports, including imports in functions and under TYPE_CHECKING.

    annotated: pairs, importer and imported, between which imports under TYPE_CHECKING do not count.
    """
    found = {}
    for name, path in files.items():
        tree = ast.parse(path.read_text())
        typing = set(_imported(name, _under_type_checking(tree), files))
        rest = set(_imported(name, set(ast.walk(tree)) - _under_type_checking(tree), files))
        free = {module for module in typing if any(_is_in(name, a) and _is_in(module, b) for a, b in annotated)}
        found[name] = (rest | (typing - free)) - {name}
    return found


def _under_type_checking(tree: ast.Module) -> set[ast.AST]:
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {node for block in blocks for line in block.body for node in ast.walk(line)}


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _imported(importer: str, nodes: Iterable[ast.AST], files: Mapping[str, Path]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = importer.split(".")[: -node.level] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            module = _module(name, files)
            if module is not None:
                yield module


def _module(name: str, files: Mapping[str, Path]) -> str | None:
    """Return the module that `name` names or belongs to; None when it is outside of the rooms."""
    while name:
        for module in (name, f"{name}.__init__"):
            if module in files:
                return module
        name = name.rpartition(".")[0]
    return None


def upward(imported: Imports) -> list[str]:
    """Return the imports from a room into one above it."""
    height = {room: len(ROOMS) - place for place, room in enumerate(ROOMS)}
    return sorted(
        f"{importer} imports {module}"
        for importer, found in imported.items()
        for module in found
        if height[module.split(".")[0]] > height[importer.split(".")[0]]
    )


def cycles(imported: Imports) -> list[str]:
    """Return the import cycles between the modules and sub-packages of a package, at most one for each package."""
    packages = {name.rpartition(".")[0] for name in imported}
    packages |= {parent for name in packages for parent in _parents(name)}
    return [text for package in sorted(packages) if (text := _cycle(package, imported)) is not None]


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _cycle(package: str, imported: Imports) -> str | None:
    graph: dict[str, set[str]] = {}
    for importer, found in imported.items():
        child = _child(package, importer)
        if child is not None:
            children = {_child(package, module) for module in found}
            graph.setdefault(child, set()).update(other for other in children if other not in (None, child))
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return f"{package}: {' <- '.join(error.args[1])}"
    return None


def _child(package: str, module: str) -> str | None:
    if not module.startswith(f"{package}."):
        return None
    return module.removeprefix(f"{package}.").split(".")[0]


def too_long(root: Path, folders: Iterable[str], suffix: str, limit: int) -> list[str]:
    """Return the files of `folders` with more than `limit` lines, and how many they have."""
    lengths = {
        path.relative_to(root): len(path.read_text().splitlines())
        for folder in folders
        for path in sorted((root / folder).rglob(f"*{suffix}"))
    }
    return [f"{path}: {lines} lines" for path, lines in lengths.items() if lines > limit]
