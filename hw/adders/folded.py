"""Sums that take several clocks per window: each lane serves `fold` outputs in turn.

The LUTs that hold the first level of counters take weights by the round, at no cost for up to four rounds.
"""

from collections import defaultdict

import numpy as np

from hw.adders.layer import ColumnsAndSums, Sums, batched
from hw.adders.writer import Bit, Leaf, concat, digits, part
from hw.bits import Ints, literal


class Folded(ColumnsAndSums):
    """Write a layer whose lane l serves output f * lanes + l in round f."""

    def write(self) -> Sums:
        """Return the two modules of the layer."""
        layer = self.layer
        lanes, rounds = len(self.weight) // layer.fold, layer.fold
        self.method = f"weights by round, {lanes} lane{'s' if lanes > 1 else ''}"
        bits = max(1, (rounds - 1).bit_length())
        sources, tables, constants, tops = self._tables(lanes, rounds)
        width = layer.out_bits
        if layer.thresholds is not None:
            width = int(tops.max()).bit_length() + 1
            wanted = layer.thresholds.reshape(rounds, lanes) - constants
            constants = (1 << (width - 1)) - np.clip(wanted, 0, 1 << (width - 1))
        else:
            constants = constants % (1 << width)
        for c in range(width):
            ones = constants >> c & 1
            if ones.any():
                sources[c].append("1'b0")
                tables[c].append((np.zeros_like(ones), ones))
        heaps: list[list[Leaf]] = [[] for _ in range(lanes)]
        different = heaps[:1] if self.counting else heaps  # they have one profile

        def leaf(column: int, vector: str, base: int, size: int) -> None:
            if column < width:
                for lane, heap in enumerate(different):
                    heap.append(Leaf(column, Bit(part(vector, base + lane, size))))

        for c in range(width):
            pairs = list(zip(sources[c], tables[c], strict=True))
            groups = batched(pairs, 3) if bits <= 2 else [[p] for p in pairs]
            for group in groups:
                names = [source for source, _ in group]
                passes = np.stack([table[0] for _, table in group], 1)  # [rounds, 3, lanes]
                inverts = np.stack([table[1] for _, table in group], 1)
                if len(group) == 3:
                    out = self._leaf("nj_leaf3", concat(names), passes, inverts, bits, 2 * lanes, lanes)
                    leaf(c, out, 0, 2 * lanes)
                    leaf(c + 1, out, lanes, 2 * lanes)
                    continue
                for k, source in enumerate(names):
                    out = self._leaf("nj_leaf", source, passes[:, k], inverts[:, k], bits, lanes, lanes)
                    leaf(c, out, 0, lanes)
        totals, level = self.sums.total(heaps, width)
        if layer.thresholds is None:
            results = [bit.text() for total in totals for bit in total]
        else:
            results = [total[-1].text() for total in totals]
        late = [self.sums.later(1, text, max(1 - level, 0)) for text in results]
        return self.finish(late, max(level, 1), rounds, rounds - 1)

    def _tables(
        self, lanes: int, rounds: int
    ) -> tuple[defaultdict[int, list[str]], defaultdict[int, list[tuple[Ints, Ints]]], Ints, Ints]:
        """Return sources and tables by column of the heap; and by output the constant and the largest heap."""
        kernel = self.layer.kernel
        sources: defaultdict[int, list[str]] = defaultdict(list)
        tables: defaultdict[int, list[tuple[Ints, Ints]]] = defaultdict(list)
        constants = np.zeros((rounds, lanes), np.int64)
        tops = np.zeros_like(constants)
        for c, r in np.ndindex(self.layer.maps, kernel):
            if not self.weight[:, c, r].any():
                continue
            at = self.keep(self.raw(c, r), self.raw(c, r).offset)
            for j in range(kernel):
                word, weights = at(j), self.weight[:, c, r, j].reshape(rounds, lanes)
                places: dict[int, tuple[Ints, Ints]] = {}
                for value in dict.fromkeys(weights.ravel().tolist()):
                    for place, negative in digits(value):
                        table = places.setdefault(place, (np.zeros_like(weights), np.zeros_like(weights)))
                        table[0][weights == value], table[1][weights == value] = 1, negative
                constants -= weights * word.offset
                for i, bit in enumerate(word.bits):
                    for place, (passed, taken) in sorted(places.items()):
                        sources[i + place].append(bit.name)
                        tables[i + place].append((passed, np.where(passed, taken ^ int(bit.inverted), 0)))
                        constants -= taken << (i + place)
                        tops += passed << (i + place)
        return sources, tables, constants, tops

    def _leaf(
        self, module: str, source: str, passes: Ints, inverts: Ints, bits: int, width: int, lanes: int
    ) -> str:  # fmt: skip
        out = self.sums.wire(width)
        self.sums.sites += lanes if module == "nj_leaf3" or bits > 4 else -(-lanes // 2)
        if self.counting:
            return out
        size = passes[0].size

        def table(values: Ints) -> str:
            padded = np.zeros((1 << bits, size), np.int64)
            padded[: len(values)] = values.reshape(len(values), size)
            return literal(padded.ravel(), 1)

        parameters: dict[str, int | str] = {
            "N": lanes, "RoundBits": bits, "Pass": table(passes), "Invert": table(inverts)
        }  # fmt: skip
        port = "s_o" if module == "nj_leaf3" else "leaf_o"
        self.sums.instance(module, parameters, {"x_i": source, "round_i": "round_i", port: out})
        return out
