"""Separable jets of one-bit maps: lanes serve the outputs in turn, column by column.

An output's maps all have the same jet, so its sums down a column, over all maps, wait in nj_delay for the columns to
come, and a jet across three of them is the output: no 3x3 window is ever summed.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from bnn import jets
from bnn.integer.intervals import signed_bits
from hw.adders.layer import ColumnsAndSums, ConvLayer, Sums, batched, jets_of
from hw.adders.writer import Bit, Leaf, concat, part
from hw.bits import dot_range, literal

Table = tuple[tuple[int, ...], tuple[int, ...]]  # by round: passed, inverted


def separable(layer: ConvLayer) -> list[tuple[int, int]] | None:
    """Return each output's orders, down and across, of the one jet that its maps share; None when they share none."""
    if layer.kernel != 3 or layer.in_bits != 1 or layer.in_signed or layer.grouped or layer.thresholds is None:
        return None
    orders = []
    for row in jets_of(layer) or ():
        kinds = {jet[1:] for jet in row.values()}
        if len(kinds) != 1:
            return None
        orders.append(kinds.pop())
    return orders or None


class Lanes(ColumnsAndSums):
    """Write a layer whose lane l serves its outputs in the rounds of a column, outputs of one order down together."""

    def __init__(
        self,
        layer: ConvLayer,
        name: str,
        orders: Sequence[tuple[int, int]],
        clocks: int,
        masked: bool,
        counting: bool = False,
    ) -> None:
        outputs = len(layer.weight)
        self.lanes = -(-outputs // min(clocks, 32))
        super().__init__(layer, name, max(2, -(-outputs // self.lanes)), counting)
        self.orders, self.masked = orders, masked
        self.method = f"column by column, {self.lanes} lane{'s' if self.lanes > 1 else ''}"
        rank = sorted(range(outputs), key=lambda o: (orders[o][0] != 1, orders[o]))
        self.served = [rank[lane * self.period : (lane + 1) * self.period] for lane in range(self.lanes)]
        axis = jets.axis_kernels(2)
        self.across = axis[[order[1] for order in orders]]  # [O, kx]
        # [O, C, ky]: the jet's part down the column, with the signs of the maps
        self.down = layer.weight[:, :, :, 0] * self.across[:, None, :1]

    def write(self) -> Sums:
        """Write three stages: sums down a column, sums of outer columns, then the middle column and the threshold."""
        heaps, widths = self._heaps()
        bits, levels = [], []
        for heap, width in zip(heaps, widths, strict=True):
            (total,), level = self.sums.total([heap], width)
            bits.append([bit.text() for bit in total])
            levels.append(level)
        stage = max(1, *levels)
        words = [[self.sums.later(1, text, stage - level) for text in texts]
                 for texts, level in zip(bits, levels, strict=True)]  # fmt: skip
        count = sum(widths)
        past = self.sums.wire(2 * count)
        self.sums.instance(
            "nj_delay", {"Bits": count, "Taps": 2, "Period": self.period},
            {"clk_i": "clk_i", "ce_i": "ce_i", "valid_i": self.sums.later(1, "valid_i", stage - 1),
             "round_i": self.sums.later(self.round_bits, "round_i", stage - 1),
             "x_i": concat([text for texts in words for text in texts]), "y_o": past},
        )  # fmt: skip
        self.sums.sites += 4 * -(-2 * count // 8) + 1
        mask = self.sums.later(3, "mask_i", stage)
        base, results = 0, []
        for lane, width in enumerate(widths):
            before = f"{past}[{base}+:{width}]"
            oldest = f"{past}[{count + base}+:{width}]"
            results.append(self._across(lane, oldest, before, concat(words[lane]), mask, stage))
            base += width
        order = {o: r * self.lanes + lane for lane, row in enumerate(self.served) for r, o in enumerate(row)}
        return self.finish(
            results, stage + 1, self.period, self.period - 1, [order[o] for o in range(len(self.layer.weight))]
        )  # fmt: skip

    def _heaps(self) -> tuple[list[list[Leaf]], list[int]]:
        """Return the bits that each lane sums down a column, and the widths of the sums.

        Two's complement where a column may lie outside the frame and be 0; else the sum exceeds by a constant.
        """
        leaves: dict[tuple[str, int], dict[int, Table]] = defaultdict(dict)  # of a source and place, by lane
        widths = []
        for lane, row in enumerate(self.served):
            excess = np.minimum(self.down[row], 0).sum((1, 2))  # <= 0
            width = self._width(lane)
            widths.append(width)
            if self.masked:
                for place in range(width):
                    ones = [int(value) >> place & 1 for value in excess]
                    if any(ones):
                        leaves["1'b0", place][lane] = (0,) * len(row), tuple(ones)
        for c, r in np.ndindex(self.layer.maps, 3):
            if not self.down[:, c, r].any():
                continue
            source = self.keep(self.raw(c, r), 0)(0).bits[0].name
            for lane, row in enumerate(self.served):
                values = self.down[row, c, r]
                for place in range(2):
                    passed = tuple(int(abs(v) == 1 << place) for v in values)
                    if any(passed):
                        inverted = tuple(int(v < 0) & p for v, p in zip(values, passed, strict=True))
                        leaves[source, place][lane] = passed, inverted
        heaps: list[list[Leaf]] = [[] for _ in self.served]
        if self.round_bits <= 2:
            self._by_threes(leaves, heaps, widths)
        else:
            for (source, place), tables in leaves.items():
                out = self._leaf("nj_leaf", [source], [[tables[lane]] for lane in tables])
                for k, lane in enumerate(tables):
                    heaps[lane].append(Leaf(place, Bit(part(out, k, len(tables)))))
        pairs = zip(heaps, widths, strict=True)
        return [[leaf for leaf in heap if leaf.column < width] for heap, width in pairs], widths

    def _by_threes(
        self, leaves: dict[tuple[str, int], dict[int, Table]], heaps: list[list[Leaf]], widths: Sequence[int]
    ) -> None:  # fmt: skip
        """Count three bits of a place at once, lane by lane."""
        for lane, heap in enumerate(heaps):
            for place in range(widths[lane]):
                here = [
                    (source, tables[lane]) for (source, p), tables in leaves.items() if p == place if lane in tables
                ]
                for group in batched(here, 3):
                    sources = [source for source, _ in group] + ["1'b0"] * (3 - len(group))
                    none = (0,) * self.period, (0,) * self.period
                    out = self._leaf("nj_leaf3", sources, [[table for _, table in group] + [none] * (3 - len(group))])
                    heap.append(Leaf(place, Bit(f"{out}[0]")))
                    if len(group) > 1:
                        heap.append(Leaf(place + 1, Bit(f"{out}[1]")))

    def _leaf(self, module: str, sources: Sequence[str], tables: Sequence[Sequence[Table]]) -> str:
        """Return a signal of bits chosen by the round: one per lane, or two for nj_leaf3. tables [lane][source]."""
        lanes, rounds = len(tables), 1 << self.round_bits
        three = module == "nj_leaf3"
        out = self.sums.wire(2 * lanes if three else lanes)
        self.sums.sites += lanes if three or self.round_bits > 4 else -(-lanes // 2)
        if self.counting:
            return out

        def values(kind: int) -> str:
            cut = [[[*table[kind], *(0,) * rounds][:rounds] for table in row] for row in tables]
            return literal([cut[n][k][r] for r in range(rounds) for k in range(len(sources)) for n in range(lanes)], 1)

        self.sums.instance(
            module, {"N": lanes, "RoundBits": self.round_bits, "Pass": values(0), "Invert": values(1)},
            {"x_i": concat(sources), "round_i": "round_i", "s_o" if three else "leaf_o": out},
        )  # fmt: skip
        return out

    def _across(self, lane: int, a: str, b: str, c: str, mask: str, stage: int) -> str:
        """Return the bit of the jet across columns a, b, c of a lane's sums, compared with the thresholds."""
        layer, row = self.layer, self.served[lane]
        assert layer.thresholds is not None
        low, high = dot_range(layer.weight[row], 0, 1)
        limits = np.clip(layer.thresholds[row], low, high + 1)
        excess = np.zeros(len(row), np.int64)
        if not self.masked:
            excess = -np.minimum(self.down[row], 0).sum((1, 2)) * self.across[row].sum(1)
        width = max(signed_bits(int((low - limits).min()), int((high - limits).max())), self._width(lane) + 1)
        minus_b = [int(self.orders[o][1] == 2) for o in row]
        minus_c = [int(self.orders[o][1] == 1) for o in row]
        constants = (np.array(minus_b) - limits - excess) % (1 << width)
        out = self.sums.wire(width)
        inside = (f"{mask}[0]", f"{mask}[2]") if self.masked else ("1'b1", "1'b1")
        self.sums.instance(
            "nj_jet3", {"Bits": self._width(lane), "Signed": int(self.masked), "Width": width},
            {"clk_i": "clk_i", "ce_i": "ce_i", "a_i": a, "b_i": b, "c_i": c, "a_on_i": inside[0], "c_on_i": inside[1],
             "minus_c_i": self.table(minus_c, stage), "minus_b_i": self.table(minus_b, stage + 1),
             "constant_i": concat([self.table([int(k) >> w & 1 for k in constants], stage + 1) for w in range(width)]),
             "sum_o": out},
        )  # fmt: skip
        self.sums.sites += width + min(width, self._width(lane) + 2)
        self.sums.ffs += 2 * self._width(lane) + 2
        return f"~{part(out, width - 1, width)}"

    def _width(self, lane: int) -> int:
        row = self.served[lane]
        low, high = dot_range(self.down[row], 0, 1)
        return signed_bits(int(low.min()), int(high.max())) if self.masked else int((high - low).max()).bit_length()
