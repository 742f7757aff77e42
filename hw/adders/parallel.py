"""Sums of one window per clock: what outputs share is made once.

Downwards sums of a column are made as the column comes in; a layer whose kernels are jets makes the jets of integer
maps once per window; outputs that differ by sign or threshold alone share their sum.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from bnn import jets
from hw.adders.layer import ColumnsAndSums, JetRow, Sums, batched, jets_of
from hw.adders.writer import Bit, Leaf, Terms, Word, Writer, concat, largest, leaves_of, part, profile
from hw.bits import Ints, literal


class Parallel(ColumnsAndSums):
    """Write a layer that takes a window per clock."""

    def write(self) -> Sums:
        """Return the two modules of the layer."""
        layer = self.layer
        self.method = "adder graph"
        terms = self._terms()
        negated = [self._negate(t) for t in terms] if layer.thresholds is not None else [False] * len(terms)
        heaps = []
        for t, negative in zip(terms, negated, strict=True):
            heaps.append(leaves_of([(-c if negative else c, word) for c, word in t]))
        results: list[list[str]] = [[] for _ in terms]
        levels = [0] * len(terms)
        limits = self._limits(heaps, negated)
        for group in self._groups(heaps, limits):
            self._sum(group, heaps, limits, negated, results, levels)
        latency = max(1, *levels)
        late = [self.sums.later(1, text, latency - level)
                for row, level in zip(results, levels, strict=True) for text in row]  # fmt: skip
        return self.finish(late, latency, 1, 0)

    def _limits(self, heaps: Sequence[tuple[list[Leaf], int]], negated: Sequence[bool]) -> list[int]:
        """Return what each heap must reach; 0 is always reached."""
        if self.layer.thresholds is None:
            return [0] * len(heaps)
        wanted = [1 - int(t) if n else int(t) for t, n in zip(self.layer.thresholds, negated, strict=True)]
        return [min(max(t - constant, 0), largest(leaves) + 1)
                for t, (leaves, constant) in zip(wanted, heaps, strict=True)]  # fmt: skip

    def _groups(self, heaps: Sequence[tuple[list[Leaf], int]], limits: Sequence[int]) -> list[list[int]]:
        """Return groups of outputs whose heaps share a plan; outputs that are constant are a group of their own."""
        groups = defaultdict(list)
        for o, (leaves, constant) in enumerate(heaps):
            key: object = profile(leaves)
            if self.layer.thresholds is None:
                key = profile(leaves), sum(leaf.bit.name in "01" for leaf in leaves), constant
            elif not 0 < limits[o] <= largest(leaves):
                key = None
            groups[key].append(o)
        return list(groups.values())

    def _sum(
        self, group: Sequence[int], heaps: Sequence[tuple[list[Leaf], int]], limits: Sequence[int],
        negated: Sequence[bool], results: list[list[str]], levels: list[int],
    ) -> None:  # fmt: skip
        layer = self.layer
        if layer.thresholds is not None and not 0 < limits[group[0]] <= largest(heaps[group[0]][0]):
            for o in group:
                results[o] = [f"1'b{int((limits[o] == 0) != negated[o])}"]
            return
        unique: dict[tuple[Leaf, ...], int] = {}
        lane_of = []
        for o in group:
            lane_of.append(unique.setdefault(tuple(sorted(heaps[o][0], key=repr)), len(unique)))
        lanes = [list(leaves) for leaves in unique]
        if layer.thresholds is None:
            constant = heaps[group[0]][1] % (1 << layer.out_bits)
            ones = [Leaf(c, Bit("1")) for c in range(layer.out_bits) if constant >> c & 1]
            bits, level = self.sums.total([[*leaves, *ones] for leaves in lanes], layer.out_bits)
            for o, lane in zip(group, lane_of, strict=True):
                results[o], levels[o] = [bit.text() for bit in bits[lane]], level
            return
        width = largest(lanes[0]).bit_length()
        bits, level = self.sums.total(lanes, width)
        once = list(dict.fromkeys((lane, limits[o], int(negated[o])) for o, lane in zip(group, lane_of, strict=True)))
        packed = concat([bits[lane][w].text() for w in range(width) for lane, _, _ in once])
        reached = self.sums.wire(len(once))
        parameters: dict[str, int | str] = {
            "N": len(once), "Width": width, "Limit": literal([limit for _, limit, _ in once], width + 1),
            "Invert": literal([invert for _, _, invert in once], 1),
        }  # fmt: skip
        self.sums.instance("nj_reach", parameters, {"x_i": packed, "reach_o": reached})
        self.sums.sites += -(-width // 5) * len(once)
        place = {decision: k for k, decision in enumerate(once)}
        for o, lane in zip(group, lane_of, strict=True):
            k = place[lane, limits[o], int(negated[o])]
            results[o], levels[o] = [part(reached, k, len(once))], level

    def _negate(self, terms: Terms) -> bool:
        """Has -sum fewer inverted bits? Where both have as many, the first coefficient becomes positive."""
        balance = sum(-1 if leaf.bit.inverted else 1 for leaf in leaves_of(terms)[0])
        return balance < 0 or (balance == 0 and bool(terms) and terms[0][0] < 0)

    # --- what outputs share ---

    def _terms(self) -> list[Terms]:
        """Return the coefficients and words of each output."""
        if self.layer.in_bits == 1 and not self.layer.in_signed:
            return self._bit_terms()
        found = jets_of(self.layer)
        return self._pattern_terms() if found is None else self._jet_terms(found)

    def _bit_terms(self) -> list[Terms]:
        """Return the terms for one-bit maps: triples that are +-1 in every output are counted once per sign pattern."""
        kernel, maps = self.layer.kernel, self.layer.maps
        outputs = len(self.weight)
        terms: list[list[tuple[int, Word]]] = [[] for _ in range(outputs)]
        flat = self.weight.transpose(0, 3, 1, 2).reshape(outputs, kernel, maps * kernel)  # [O, kx, c * K + ky]
        steady = (np.abs(flat) == 1).all((0, 1))
        taken = [i for i in range(maps * kernel) if steady[i]]
        triples = [t for t in batched(taken, 3) if len(t) == 3] if outputs * kernel >= 8 else []
        shared = {i for t in triples for i in t}
        if shared:
            self.method += ", columns shared"
        for triple in triples:
            patterns = flat[:, :, triple] * flat[:, :, triple[:1]]
            for pattern in sorted({tuple(int(v) for v in p) for p in patterns.reshape(-1, 3)}):
                word = self._triple(self.columns, [self.raw(*divmod(i, kernel)) for i in triple], pattern)
                at = self.keep(word, sum(s < 0 for s in pattern))
                for o, j in np.argwhere((patterns == pattern).all(2)):
                    terms[o].append((int(flat[o, j, triple[0]]), at(int(j))))
        rest: dict[tuple[int, int], Word] = {}
        for i in range(maps * kernel):
            if i not in shared and flat[:, :, i].any():
                at = self.keep(self.raw(*divmod(i, kernel)), 0)
                rest |= {(i, j): at(j) for j in range(kernel)}
        places = [place for place in rest if (np.abs(flat[:, place[1], place[0]]) == 1).all()]
        used = set()
        for group in batched(places, 3) if outputs >= 8 else []:
            if len(group) < 3:
                continue
            used |= set(group)
            signs = np.stack([flat[:, j, i] for i, j in group], 1)
            patterns2 = signs * signs[:, :1]
            for pattern in sorted({tuple(int(v) for v in p) for p in patterns2}):
                word = self._triple(self.sums, [rest[place] for place in group], pattern)
                for o in np.flatnonzero((patterns2 == pattern).all(1)):
                    terms[o].append((int(signs[o, 0]), word))
        for (i, j), word in rest.items():
            if (i, j) not in used:
                for o in np.flatnonzero(flat[:, j, i]):
                    terms[o].append((int(flat[o, j, i]), word))
        return list(terms)

    def _triple(self, writer: Writer, words: Sequence[Word], pattern: Sequence[int]) -> Word:
        """Return how many of three one-bit words are 1, those with sign -1 inverted; combinational."""
        out = writer.wire(2)
        names = [word.bits[0].name for word in words]
        inverts = [int(s < 0) for s in pattern]
        parameters: dict[str, int | str] = {"N": 1, "Invert": literal(inverts, 1)}
        writer.instance("nj_count3", parameters, {"x_i": concat(names), "s_o": out})
        writer.sites += 1
        return Word((Bit(f"{out}[0]"), Bit(f"{out}[1]")), sum(inverts))

    def _pattern_terms(self) -> list[Terms]:
        """Return the terms for integer maps and any kernels: one sum per column and pattern of weights."""
        kernel = self.layer.kernel
        terms: list[list[tuple[int, Word]]] = [[] for _ in self.weight]
        for c in range(self.layer.maps):
            uses: Counter[tuple[int, ...]] = Counter()
            for column in self.weight[:, c].transpose(0, 2, 1).reshape(-1, kernel):
                if column.any():
                    uses[_canonical(column)[0]] += 1
            rows = [self.raw(c, r) for r in range(kernel)]
            share = len(uses) < sum(uses.values())
            if share:
                self.method = "adder graph, columns shared"
                made = {pattern: self._column(rows, pattern) for pattern in uses}
            else:
                kept = [self.keep(row, row.offset) for row in rows]
            for o, j in np.ndindex(len(self.weight), kernel):
                column = self.weight[o, c, :, j]
                if not column.any():
                    continue
                if share:
                    pattern, factor = _canonical(column)
                    terms[o].append((factor, made[pattern](j)))
                else:
                    terms[o] += [(int(w), kept[r](j)) for r, w in enumerate(column) if w]
        return list(terms)

    def _column(self, rows: Sequence[Word], pattern: Sequence[int]) -> Callable[[int], Word]:
        """Make sum(pattern * rows) in <name>_columns."""
        terms = [(w, row) for w, row in zip(pattern, rows, strict=True) if w]
        word = terms[0][1] if len(terms) == 1 and terms[0][0] == 1 else self.columns.word(terms)
        return self.keep(word, word.offset)  # a column of zeros sums to zero

    def _jet_terms(self, found: Sequence[JetRow]) -> list[Terms]:
        """Return the terms for integer maps and jets: down once per column, across once per window, then selected."""
        kernel = self.layer.kernel
        axis = jets.axis_kernels(kernel - 1)
        self.method += ", jets shared"
        down: dict[tuple[int, int], Callable[[int], Word]] = {}
        made: dict[tuple[int, int, int], Word] = {}
        for c, ky, kx in sorted({(c, ky, kx) for row in found for c, (_, ky, kx) in row.items()}):
            if (c, ky) not in down:
                rows = [self.raw(c, r) for r in range(kernel)]
                down[c, ky] = self._column(rows, [int(w) for w in axis[ky]])
            terms = [(int(w), down[c, ky](j)) for j, w in enumerate(axis[kx]) if w]
            made[c, ky, kx] = self.sums.word(terms)
        return [[(sign, made[c, ky, kx]) for c, (sign, ky, kx) in row.items()] for row in found]


def _canonical(column: Ints) -> tuple[tuple[int, ...], int]:
    """Return the column with a positive first weight and no common divisor, and the factor taken out."""
    factor = int(np.gcd.reduce(column)) * int(np.sign(column[np.flatnonzero(column)[0]]))
    return tuple(int(w) // factor for w in column), factor
