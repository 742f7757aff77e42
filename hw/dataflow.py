"""A whole network in C++ for Vitis HLS: its layers side by side, each a function, and streams that connect them."""

from collections.abc import Sequence
from dataclasses import dataclass

from hw import cpp
from hw.text import fill

PICTURE = "in0_V"
DEPTH = 2  # room for beats in a stream in front of a fork


@dataclass(frozen=True)
class Call:
    """A layer, and what goes in and out of it."""

    layer: str
    sources: tuple[str, ...]  # of each of its inputs the layer that makes it; PICTURE: the network's own input
    depths: tuple[int, ...]  # of each of its inputs the room for beats in the stream in front of it
    bits: int  # of a beat that it puts out
    beats: int  # that it puts out a frame


def network_top(
    name: str, summary: str, in_bits: int, in_beats: int, calls: Sequence[Call], point_bits: int = 0
) -> str:  # fmt: skip
    """Return the .cpp of a whole network.

    in_bits, in_beats: of a beat of the picture, and how many it has. calls: the layers in topological order; what the
    last one makes is put out. What several layers read goes through forks of two, nj_fork. point_bits: of the operating
    point, which the last one takes.
    """
    network = _Body(calls, bool(point_bits))
    network.fork(PICTURE, in_bits, in_beats, PICTURE)
    for call in calls:
        network.call(call)
    headers = [*(["nj_fork"] if network.forked else []), *(call.layer for call in calls)]
    body = "#pragma HLS DATAFLOW\n" + "".join(network.streams + network.lines)
    return cpp.top(name, summary, headers, [in_bits], calls[-1].bits, body, point_bits)


class _Body:
    """The text of the function, from the picture on."""

    def __init__(self, calls: Sequence[Call], point: bool) -> None:
        self.calls, self.point, self.forked = calls, point, False
        self.streams: list[str] = []
        self.lines: list[str] = []
        self.inputs: dict[tuple[str, int], str] = {}  # the stream of each layer's input

    def call(self, call: Call) -> None:
        last = call is self.calls[-1]
        target = "out0_V" if last else f"{call.layer}_stream"
        inputs = ", ".join(self.inputs[call.layer, i] for i in range(len(call.sources)))
        point = f", {cpp.POINT}" if last and self.point else ""
        self.lines.append(f"  {call.layer}_layer::frame({inputs}, {target}{point});\n")
        if not last:
            self.fork(call.layer, call.bits, call.beats, target)

    def fork(self, source: str, bits: int, beats: int, stream: str) -> None:
        """Connect the stream in which `source` puts out its beats with all that read it."""
        readers = [(call, i) for call in self.calls for i, name in enumerate(call.sources) if name == source]
        if source != PICTURE:
            depth = readers[0][0].depths[readers[0][1]] if len(readers) == 1 else DEPTH
            self._declare(stream, bits, depth)
        names = [stream] if len(readers) == 1 else [f"{source}_to_{call.layer}_{i}" for call, i in readers]
        for (call, i), name in zip(readers, names, strict=True):
            self.inputs[call.layer, i] = name
            if len(readers) > 1:
                self._declare(name, bits, call.depths[i])
        for number, first in enumerate(names[:-1]):
            second = f"{source}_rest_{number}" if number < len(names) - 2 else names[-1]
            if second != names[-1]:
                self._declare(second, bits, DEPTH)
            self.lines.append(f"  nj_fork<{beats}, {cpp.whole_bytes(bits)}>({stream}, {first}, {second});\n")
            stream, self.forked = second, True

    def _declare(self, name: str, bits: int, depth: int) -> None:
        self.streams.append(fill("hls_stream.in", {"width": cpp.whole_bytes(bits), "name": name, "depth": depth}))
