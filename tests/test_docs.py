"""The README and docs/ name only folders, files, headings, commands and targets of make that exist."""

import argparse
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from neuraljet.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("bnn", "hw", "finn_build", "sim", "neuraljet")
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "docs/*/*.md", "datasets/*.md", "hw/*/*.md", "sim/*.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\((?![a-z]+:)([^)\s]+)\)")  # [text](path#anchor), but no web address
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
ARGUMENT = re.compile(r"--[a-z][a-z0-9-]*")


@cache
def text(page: str) -> str:
    return (ROOT / page).read_text()


def table(page: str, heading: str) -> dict[str, str]:
    """Return the first table below a heading, as a map from the code in its first column to the text in its second."""
    section = text(page).split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return {first.strip(" `[").split("`")[0].split("]")[0].rstrip("/"): second for first, second in rows[2:]}


def packages(room: str) -> set[str]:
    """Return the sub-packages of a room as paths below it."""
    top = ROOT / room
    return {path.parent.relative_to(top).as_posix() for path in top.rglob("__init__.py")} - {"."}


# --- rooms ---


def test_every_top_level_package_is_a_room():
    here = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert here == {*ROOMS, "tests"}
    assert set(table("README.md", "Rooms")) == here | {"datasets"}


@pytest.mark.parametrize("room", ROOMS)
def test_readme_names_the_packages_of_a_room(room):
    named = set(re.findall(r"`([^`]+)`", table("README.md", "Rooms")[room]))
    assert named == {name for name in packages(room) if "/" not in name}


def test_contributing_names_all_packages():
    assert set(table("docs/contributing.md", "The rooms")) == {
        *ROOMS, *(f"{room}/{name}" for room in ROOMS for name in packages(room))
    }  # fmt: skip


def test_the_files_of_a_new_layer_have_folders():
    section = text("docs/contributing.md").split("\n## How to add a layer\n")[1].split("\n### ")[0]
    files = re.findall(r"`([\w/]+/\w*NAME\.\w+)`", section)
    assert len(files) == 6
    assert all((ROOT / file).parent.is_dir() for file in files)


def test_the_drawing_is_of_the_folders():
    """docs/make_rooms.py draws it again; it needs only Python."""
    script = "import runpy; print(runpy.run_path('docs/make_rooms.py')['drawing'](), end='')"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == text("docs/rooms.svg"), "run `python docs/make_rooms.py`"


# --- links ---


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    broken = []
    for link in LINK.findall(FENCE.sub("", text(page))):
        path, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        good = target.exists() and target.is_relative_to(ROOT)
        if good and anchor:
            good = target.suffix == ".md" and anchor in anchors(target.relative_to(ROOT).as_posix())
        if not good:
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page):
    named = re.findall(r"`((?:bnn|hw|finn_build|sim|neuraljet|tests|docs|datasets)/[\w./-]+)`", text(page))
    wanted = [path for path in named if "NAME" not in path and "nj_x" not in path]
    assert [path for path in wanted if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(("page", "suffix"), [("hw/rtl/README.md", ".sv"), ("hw/hls/README.md", ".hpp")])
def test_every_module_of_hardware_is_in_its_readme(page, suffix):
    linked = set(LINK.findall(text(page)))
    assert not {path.name for path in (ROOT / page).parent.glob(f"*{suffix}")} - linked


def test_every_page_is_in_the_contents_of_the_site():
    listed = re.findall(r'"([\w/-]+)"', text("docs/conf.py").split("PAGES = ")[1].split("def contents")[0])
    missing = {page for page in PAGES if page != "README.md"} - {f"{page}.md" for page in listed} - {
        f"docs/{page}.md" for page in listed
    }  # fmt: skip
    assert not missing


# --- commands ---


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise ValueError(message)


@cache
def parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of one command, as neuraljet.cli makes it."""
    (command,) = (c for c in COMMANDS if name == c.NAME)
    made = _Parser(prog=name)
    made.add_argument("--json", action="store_true")
    command.add_arguments(made)
    return made


def whole_commands() -> list[tuple[str, str]]:
    """Return the lines of indented blocks that begin with `neuraljet`."""
    return [
        (page, line.strip())
        for page in PAGES
        for line in text(page).splitlines()
        if re.match(r" {4,}neuraljet [a-z]", line)
    ]


def inline_commands() -> list[tuple[str, str]]:
    """Return every `neuraljet ...` within a sentence or a table."""
    return [(page, code) for page in PAGES for code in re.findall(r"`(neuraljet [a-z][^`]*)`", text(page))]


@pytest.mark.parametrize(("page", "line"), whole_commands())
def test_commands_that_are_shown_parse(page, line):
    _, name, *arguments = shlex.split(line, comments=True)
    assert parser(name).parse_args(arguments)


@pytest.mark.parametrize(("page", "code"), inline_commands())
def test_commands_within_sentences_exist(page, code):
    name = code.split()[1]
    assert set(ARGUMENT.findall(code)) <= set(parser(name)._option_string_actions)


def test_options_within_sentences_exist():
    """Every `--option` in the README and docs/ belongs to a command, or to a tool that is named here."""
    known = {option for c in COMMANDS for option in parser(c.NAME)._option_string_actions} | {"--help"}
    others = {"--no-deps", "--ignore-requires-python", "--board"}  # pip, openFPGALoader
    for page in PAGES:
        if page == "README.md" or (page.startswith("docs/") and page != "docs/driver.md"):
            for code in re.findall(r"`([^`\n]+)`", text(page)):
                if not code.startswith(("python ", "make ", "git ")):
                    assert set(ARGUMENT.findall(code)) <= known | others, (page, code)


def test_targets_of_make_and_modules_exist():
    targets = set(re.search(r"^\.PHONY: (.+)$", text("Makefile"), re.MULTILINE)[1].split())
    for page in PAGES:
        for target in re.findall(r"(?:^    |`)make ([a-z][a-z-]*)", text(page), re.MULTILINE):
            assert target in targets, (page, target)
        for module in re.findall(r"python -m ((?:tests|sim|neuraljet)[\w.]*)", text(page)):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), (page, module)


# --- figures ---


def cells(page: str, beginning: str) -> list[str]:
    """Return the other cells of the table row that begins with `first`."""
    (line,) = (line for line in text(page).splitlines() if line.startswith(f"| {beginning}"))
    return [cell.strip() for cell in line.strip("|").split("|")[1:]]


@pytest.mark.parametrize(("column", "name"), [(0, "bsdata: "), (1, "lemon: "), (2, "biscuits: ")])
def test_the_readmes_four_figures_follow_from_the_measured_ones(column, name):
    """At 200 MHz, on a chip of 17,600 LUTs, as the README says."""
    accuracy, frames, clocks, latency, area, _ = cells("docs/figures.md", name)
    shown = [
        cells("README.md", row)[column]
        for row in ("accuracy", "parts per second", "milliseconds", "share of a small FPGA (XC7Z010, 17,600 LUTs)")
    ]
    sites = int(area.split(", ")[0].replace(",", ""))
    delay = int(latency.split()[0].replace(",", "")) / 200e3
    assert shown[:2] == [accuracy, f"{200e6 / int(clocks.replace(',', '')):,.0f}"]
    assert float(shown[2]) == float(f"{delay:.1g}")
    assert shown[3] == f"{sites / 17600:.1%}".replace("%", " %")
    assert frames.split(", **")[0] in text("README.md") and frames.endswith("**0**")
