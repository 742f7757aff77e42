"""A module that counts matches between a word and each lane's word of weights: chains of nj_match, then counters."""

from dataclasses import dataclass

from hw.adders.writer import Bit, Leaf, Writer, concat, part
from hw.text import fill

BLOCK = 8  # lanes side by side: words of a simulator
CHAIN = 8  # pairs: four LUTs in a row before the first register


@dataclass(frozen=True)
class Matches:
    """A module <name>(clk_i, rst_i, ce_i, x_i [simd], w_i [lanes*simd], count_o [lanes*bits]), lane 0 lowest."""

    text: str
    bits: int  # of a count
    latency: int  # clocks of ce_i from x_i and w_i to count_o
    sites: int
    ffs: int


def write(name: str, simd: int, lanes: int) -> Matches:
    """Return the module for words of `simd` bits. Many lanes are blocks side by side, so that tools see one block."""
    if lanes <= BLOCK:
        return _block(name, simd, lanes, "")
    blocks = -(-lanes // BLOCK)
    lanes_each = -(-lanes // blocks)
    block = _block(f"{name}_block", simd, lanes_each, "  /* verilator no_inline_module */")
    values = {
        "name": name, "simd": simd, "lanes": lanes, "bits": block.bits, "blocks": blocks, "block": lanes_each,
        "text": block.text,
    }  # fmt: skip
    sites, ffs = block.sites // lanes_each * lanes, block.ffs // lanes_each * lanes
    return Matches(fill("matches.sv.in", values).rstrip(), block.bits, block.latency, sites, ffs)


def _block(name: str, simd: int, lanes: int, hint: str) -> Matches:
    """Return the module for a few lanes; hint: its first line."""
    writer = Writer()
    heaps: list[list[Leaf]] = [[] for _ in range(lanes)]
    for first in range(0, simd, CHAIN):
        pairs = min(CHAIN, simd - first)
        twos = (pairs + 1) // 2
        low, carries = writer.wire(lanes), writer.wire(lanes * twos)
        words = [f"w_i[{lane * simd + first}+:{pairs}]" for lane in range(lanes)]
        writer.instance(
            "nj_match", {"N": lanes, "Pairs": pairs},
            {"x_i": f"x_i[{first}+:{pairs}]", "w_i": "{" + ", ".join(reversed(words)) + "}", "low_o": low,
             "twos_o": carries},
        )  # fmt: skip
        writer.sites += lanes * twos
        low, carries = writer.register(lanes, low), writer.register(lanes * twos, carries)
        for lane, heap in enumerate(heaps):
            heap.append(Leaf(0, Bit(part(low, lane, lanes)), 1))
            if pairs > 1:
                heap += [Leaf(1, Bit(part(carries, lane * twos + k, lanes * twos)), 1) for k in range(twos)]
    bits = simd.bit_length()
    totals, level = writer.total(heaps, bits)
    text = [
        f"module {name} (", "  input  logic clk_i,", "  input  logic rst_i,", "  input  logic ce_i,",
        f"  input  logic [{simd - 1}:0] x_i,", f"  input  logic [{lanes * simd - 1}:0] w_i,",
        f"  output logic [{lanes * bits - 1}:0] count_o", ");",
        *([hint] if hint else []),
        *(f"  {line}" for line in writer.lines),
        *writer.clocked(),
        f"  assign count_o = {concat([bit.text() for total in totals for bit in total])};", "endmodule",
    ]  # fmt: skip
    return Matches("\n".join(text), bits, level, writer.sites, writer.ffs)
