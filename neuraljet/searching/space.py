"""The networks that a search looks through: their depth, channels, forms, kernels, maps and pooling.

A network is made of answers to named questions. Whoever answers them is a `Pick`: a trial of Optuna, or `Mutant`, which
alters the answers of another network. Every set of answers is a network: a pooling window that the map has no place for
becomes a smaller one. Where a search makes networks smaller, some begin with more channels than the budget holds.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bnn.model.family import needs_padding
from bnn.model.spec import Block, NetworkSpec
from neuraljet.searching.shrinking import Shrinking

# `constrained` is left out: it makes the jets of `jets`, at the same cost, and learns them less well (docs/method.md).
FORMS = ("binary", "jets", "separable", "bottleneck")
FIRST_FORMS = ("jets", "binary")  # on pixels the others are one of these
KERNELS = (3, 5)
MAPS = (4, 8, 16)  # of every bottleneck
POOLS = (1, 2, 3, 4)
LAST_POOLS = (1, 2, 0)  # 0: the sum over the whole map
STEP = 4  # of channels: what folds well
LEAST_TOP = 16  # channels that every block may have
MOST_BLOCKS = 7
WIDER = 2  # times the channels of the default
# Of networks that are made smaller: times the channels, to which share of the budget, and by which penalty. 1: of none.
STARTS = (1, 1.25, 1.5, 2, 3)
SHARES = (0.95, 0.8, 0.6)  # the first leaves room for what further training makes of the estimate
PENALTIES = (0.0, 0.002)
MOST_CHANNELS = 1024
WITH_JETS = {"binary": "jets", "separable": "bottleneck"}  # forms without several jets an output: what prune takes
Answers = Mapping[str, Any]


class Pick(Protocol):
    """Answers questions, as a trial of Optuna does."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        """Return a whole number from `low` to `high`, so many steps above `low`."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return one of the choices."""


@dataclass(frozen=True)
class Start:
    """What a trial trains."""

    network: NetworkSpec
    shrinking: Shrinking | None = None


@dataclass(frozen=True)
class Space:
    """The networks for pictures (C, H, W), bounded by the network that would be taken without a search.

    shrinks: the method that makes wider ones smaller, slim or prune, where there is one.
    """

    shape: tuple[int, int, int]
    default: NetworkSpec
    shrinks: str | None = None

    def start(self, pick: Pick) -> Start:
        """Return what `pick` answers for."""
        network = self.network(pick)
        times = pick.suggest_categorical("wider", STARTS) if self.shrinks else 1
        if self.shrinks is None or times == 1:
            return Start(network)
        blocks = tuple(
            replace(
                block,
                channels=min(MOST_CHANNELS, round(block.channels * times / STEP) * STEP),
                form=WITH_JETS.get(block.form, block.form) if i and self.shrinks == "prune" else block.form,
            )
            for i, block in enumerate(network.blocks)
        )
        share = pick.suggest_categorical("share", SHARES)
        penalty = pick.suggest_categorical("penalty", PENALTIES) if self.shrinks == "slim" else 0.0
        return Start(NetworkSpec(_name(blocks), blocks), Shrinking(self.shrinks, share, penalty))

    def network(self, pick: Pick) -> NetworkSpec:
        """Return the network that `pick` answers for."""
        count = pick.suggest_int("blocks", 2, self.most_blocks)
        maps = pick.suggest_categorical("maps", MAPS)
        size, blocks = self.shape[1:], []
        for index in range(count):
            name = _place(index, count)
            form = pick.suggest_categorical(f"form {name}", FORMS if index else FIRST_FORMS)
            kernel = pick.suggest_categorical(f"kernel {name}", KERNELS)
            channels = pick.suggest_int(f"channels {name}", STEP, self.top(index, count), step=STEP)
            pool = pick.suggest_categorical(f"pool {name}", LAST_POOLS if index == count - 1 else POOLS)
            padding = index > 0 and needs_padding(size)
            sums = size if padding else (size[0] - kernel + 1, size[1] - kernel + 1)
            block = Block(
                channels, kernel, form, maps if form == "bottleneck" else 4, padding=padding,
                pool=min(pool, *sums), pooling="max" if pool else "sum",
            )  # fmt: skip
            blocks.append(block)
            size = (block.output_size(size[0]), block.output_size(size[1]))
        return NetworkSpec(_name(blocks), tuple(blocks))

    def answers(self, network: NetworkSpec) -> dict[str, Any]:
        """Return the answers that `network` is made of; those of another network where it is not in the space."""
        found: dict[str, Any] = {"blocks": len(network.blocks), "maps": MAPS[0]}
        for index, block in enumerate(network.blocks):
            name = _place(index, len(network.blocks))
            found |= {
                f"form {name}": block.form if index or block.form in FIRST_FORMS else FIRST_FORMS[0],
                f"kernel {name}": block.kernel,
                f"channels {name}": block.channels,
                f"pool {name}": block.pool,
            }
            if index and block.form == "bottleneck":
                found["maps"] = block.maps
        return found | ({"wider": STARTS[0]} if self.shrinks else {})

    def settled(self) -> NetworkSpec:
        """Return the default as the space has it: what its first block is on pixels has a form of its own."""
        return self.network(Mutant(self.answers(self.default), frozenset(), random.Random(0)))

    @property
    def most_blocks(self) -> int:
        """One more than the default has; more would be left nothing of the picture to look at."""
        return min(MOST_BLOCKS, len(self.default.blocks) + 1)

    def top(self, index: int, count: int) -> int:
        """Return the most channels of a block of so many: twice those of the default there."""
        known = self.default.blocks
        block = known[-1] if index == count - 1 else known[min(index, len(known) - 2)]
        return max(LEAST_TOP, WIDER * block.channels // STEP * STEP)


def _place(index: int, count: int) -> str:
    """Return what a block is called in questions: the last one has answers of its own, however deep a network is."""
    return "last" if index == count - 1 else str(index)


def _name(blocks: Sequence[Block]) -> str:
    """Return the channels and, where they change, the forms; kernels and maps where they are not the usual ones."""
    words: list[str] = []
    for block in blocks:
        word = block.form + (f" M={block.maps}" if block.form == "bottleneck" else "")
        word += f" {block.kernel}x{block.kernel}" if block.kernel != KERNELS[0] else ""
        if not words or words[-1] != word:
            words.append(word)
    pools = "".join(str(block.pool) if block.pool else "S" for block in blocks)
    return f"{'-'.join(str(block.channels) for block in blocks)} {', '.join(words)}; pools {pools}"


class Mutant:
    """Answers as another network does, but for a few questions, drawn by chance."""

    def __init__(self, parent: Answers, altered: frozenset[str], draw: random.Random) -> None:
        self.parent, self.altered, self.draw = parent, altered, draw
        self.answers: dict[str, Any] = {}

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        """See Pick. A number that is altered becomes a smaller or a larger one near it, most likely."""
        before = self.parent.get(name)
        if before is None:
            value = self.draw.randrange(low, high + 1, step)
        elif name in self.altered:
            near = before + self.draw.choice((-1, 1)) * max(step, round(abs(self.draw.gauss(0, 0.35)) * before))
            value = low + round((near - low) / step) * step
        else:
            value = before
        self.answers[name] = min(max(value, low), high)
        return self.answers[name]

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """See Pick."""
        before = self.parent.get(name)
        others = [choice for choice in choices if choice != before]
        same = before in choices and name not in self.altered
        self.answers[name] = before if same else self.draw.choice(others)
        return self.answers[name]


def mutated(space: Space, parent: Answers, draw: random.Random) -> dict[str, Any]:
    """Return the answers of a network that differs from the parent's in one to three of them.

    Half of what is altered are channels: there are more of them to choose from. Questions that only the new network is
    asked are answered by chance.
    """
    names = sorted(parent)
    numbers = [name for name in names if name.startswith("channels")]
    altered = {draw.choice(numbers if draw.random() < 0.5 else names) for _ in range(draw.randint(1, 3))}
    mutant = Mutant(parent, frozenset(altered), draw)
    space.start(mutant)
    return mutant.answers
