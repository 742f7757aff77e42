"""Count what a mapped Xilinx netlist (Yosys' JSON) takes, as a chip counts it. Pure functions.

Counts of one module, by cell type:
  lut     LUT1 to LUT6 cells. An INV is 0: it is absorbed into whatever it feeds.
  ff      FDRE, FDSE, FDCE, FDPE, latches
  lutram  LUTs used as memory (RAM32M and RAM64M are 4 each, RAM64X1S is 1, ...)
  srl     SRL16E, SRLC32E: LUTs used as shift registers
  ramb18  18-Kbit block RAMs; a RAMB36 is two
  uram, dsp, carry   URAM288; DSP48; CARRY4 or CARRY8 cells
  sites   LUT places really taken: lut + lutram + srl + carry bits in use whose S input no LUT of its own
          drives (such a bit still takes the LUT in front of it). A LUT6_2 is one LUT
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

COUNTS = ("lut", "ff", "lutram", "srl", "ramb18", "uram", "dsp", "carry", "sites")

_LUTRAM_SITES = {
    "RAM16X1S": 1, "RAM32X1S": 1, "RAM64X1S": 1, "RAM128X1S": 2, "RAM256X1S": 4, "RAM512X1S": 8,
    "RAM16X1D": 2, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM256X1D": 8,
    "RAM32X2S": 2, "RAM32X4S": 4, "RAM16X8S": 8, "RAM32X8S": 8, "RAM64X2S": 2,
    "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8, "RAM32X16DR8": 8, "RAM64X8SW": 8,
}  # fmt: skip
_BLOCKS = {"RAMB18E1": 1, "RAMB18E2": 1, "RAMB36E1": 2, "RAMB36E2": 2}
_FREE = re.compile(r"INV|BUF|GND|VCC|MUXF[789]|IBUF|OBUF|BUFG|\$scopeinfo")
_LUT = re.compile(r"LUT[1-6](_2)?")
_FF = re.compile(r"FD[RSCP]E(_1)?|LD[CP]E(_1)?")


def count_cells(module: Mapping[str, Any], modules: Mapping[str, Any]) -> dict[str, int]:
    """Count one module's own cells, without the cells of modules that it instantiates.

    ValueError for an unknown cell type, because a count without it would be wrong.
    """
    counts = dict.fromkeys(COUNTS, 0)
    kinds = Counter(cell["type"] for cell in module["cells"].values())
    for kind, number in kinds.items():
        if kind in _LUTRAM_SITES:
            counts["lutram"] += number * _LUTRAM_SITES[kind]
        elif kind in _BLOCKS:
            counts["ramb18"] += number * _BLOCKS[kind]
        elif _LUT.fullmatch(kind):
            counts["lut"] += number
        elif _FF.fullmatch(kind):
            counts["ff"] += number
        elif kind in ("SRL16E", "SRLC16E", "SRLC32E"):
            counts["srl"] += number
        elif kind in ("CARRY4", "CARRY8"):
            counts["carry"] += number
        elif kind.startswith("DSP48"):
            counts["dsp"] += number
        elif kind == "URAM288":
            counts["uram"] += number
        elif not _FREE.fullmatch(kind) and not is_ours(kind, modules):
            raise ValueError(f"cell type {kind} is not known")
    counts["sites"] = counts["lut"] + counts["lutram"] + counts["srl"] + lone_carry_bits(module)
    return counts


def is_ours(name: str, modules: Mapping[str, Any]) -> bool:
    """Return whether `name` is a module of the design, and not one of the chip's cells."""
    flags = modules.get(name, {}).get("attributes", {"blackbox": 1})
    return not ("blackbox" in flags or "whitebox" in flags)


def cell_types(name: str, modules: Mapping[str, Any]) -> Counter[str]:
    """Return how many cells of each type a module has, including those of the modules that it instantiates."""
    counts: Counter[str] = Counter()
    for cell in modules[name]["cells"].values():
        if is_ours(cell["type"], modules):
            counts += cell_types(cell["type"], modules)
        elif cell["type"] != "$scopeinfo":
            counts[cell["type"]] += 1
    return counts


def lone_carry_bits(module: Mapping[str, Any]) -> int:
    """Return the carry bits in use less the LUTs that drive an S input. A LUT sits in front of at most one bit.

    Whatever else the LUT drives does not matter, and of a LUT6_2 it does not matter which output drives S.
    """
    lut_of = {}  # by net: the LUT that drives it
    read = set()
    carries = []
    for name, cell in module["cells"].items():
        directions = cell["port_directions"]
        for port, bits in cell["connections"].items():
            if directions[port] != "output":
                read.update(bits)
            elif _LUT.fullmatch(cell["type"]):
                lut_of.update(dict.fromkeys(bits, name))
        if cell["type"] in ("CARRY4", "CARRY8"):
            carries.append(cell["connections"])
    for port in module["ports"].values():
        if port["direction"] != "input":
            read.update(port["bits"])
    total = 0
    owners: set[str] = set()
    for carry in carries:
        used = 0  # up to the highest bit that anything reads: the carry passes through all of them
        for index in range(len(carry["S"])):
            outputs = [carry[port][index] for port in ("O", "CO") if index < len(carry.get(port, ()))]
            if any(bit in read for bit in outputs):
                used = index + 1
        total += used
        owners.update(lut_of[bit] for bit in carry["S"][:used] if bit in lut_of)
    return total - len(owners)
