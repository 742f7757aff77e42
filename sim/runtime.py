"""Compile once what every simulator shares: Verilator's run time library, and its headers.

Both are most of what building a small module takes: 20 s of a processor for the library, and 1.4 of the 1.6 s that g++
takes for the module's own code are the headers. g++ reads them precompiled from nj_runtime.h.gch, and reads
nj_runtime.h itself whenever its flags differ from those that the precompiled file was made with.
"""

import hashlib
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from bnn.storage.cache import cache_folder, keep

HEADER = "nj_runtime.h"
HEADERS = """#include "verilated.h"
#include "verilated_dpi.h"
#include "verilated_vpi.h"
#if VM_TIMING
#include "verilated_timing.h"
#endif
"""
PRECOMPILED = f"{HEADER}.fast.gch"  # verilated.mk has a rule for this ending
MAKE_ARGS = (
    "CFG_CXXFLAGS_PCH_I=-include",  # the wheel was configured for clang's option
    # One C++ file, see write_all. 166 files for a network with taps take three times as long.
    "VM_PARALLEL_BUILDS=0",
    "VM_USER_CLASSES=",  # the main program is part of that file
)


def write_all(folder: Path, prefix: str, main: Path) -> None:
    """Write PREFIX__ALL.cpp as make would, with the main program, but compile what runs once without optimisation.

    For the first values of a written convolution, 12,000 lines, g++ takes 216 s at -O1 and 2 s at -O0.
    main: its source, below `folder`.
    """
    names = sorted(path.name for path in folder.glob(f"{prefix}*.cpp"))
    slow = [name for name in names if name.endswith("__Slow.cpp")]
    fast = [HEADER, *(name for name in names if name not in slow), str(main.relative_to(folder))]
    lines = [f'#include "{name}"' for name in fast]
    lines += ["#pragma GCC push_options", '#pragma GCC optimize ("O0")']
    lines += [f'#include "{name}"' for name in slow]
    lines += ["#pragma GCC pop_options"]
    (folder / HEADER).write_text(HEADERS)
    (folder / f"{prefix}__ALL.cpp").write_text("\n".join(lines) + "\n")


def place(
    folder: Path, prefix: str, tools: Sequence[str], make: Sequence[str], start: Callable[[Sequence[str]], None]
) -> None:
    """Put the library and the headers beside the generated code, compiled; make then finds them up to date.

    They are compiled when no earlier build with the same tools and flags has left them.
    tools: their versions. make: the command that builds the simulator in `folder`, and takes names of files to make.
    start: runs a command to its end, or raises.
    """
    classes = (folder / f"{prefix}_classes.mk").read_text()
    objects = [f"{name}.o" for name in re.findall(r"^  (verilated\w*) \\$", classes, re.MULTILINE)]
    switches = re.findall(r"^VM_\w+ = [01]$", classes, re.MULTILINE)
    flags = re.findall(r"^VM_USER_CFLAGS = \\\n(?:  .*\n)*", (folder / f"{prefix}.mk").read_text(), re.MULTILINE)
    kept = cache_folder("verilator") / f"runtime-{digest(list(tools), switches, flags, objects, HEADERS)}"

    def compile_into(beside: Path) -> None:
        start([*make, PRECOMPILED, *objects])
        for name in (PRECOMPILED, *objects):
            shutil.move(folder / name, beside / name)

    keep(kept, (PRECOMPILED, *objects), compile_into)
    for name in objects:
        shutil.copyfile(kept / name, folder / name)  # now, so that it is newer than its source
    (folder / f"{HEADER}.gch").symlink_to(kept / PRECOMPILED)


def digest(*parts: str | list[str]) -> str:
    """Return a short name for what a build is made of."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]
