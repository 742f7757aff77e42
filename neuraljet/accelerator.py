"""One driver for the board and for the simulation: the same calls, the same numbers.

>>> from neuraljet import Accelerator
>>> with Accelerator.simulated("accelerator") as accelerator:        # doctest: +SKIP
...     classes, scores, latency = accelerator.classify(frames)
...     for result in accelerator.stream(camera):
...         print(result.label, result.latency.seconds)

`Accelerator.on_board("bitstream")` in its place, and the rest stays as it is. On a board numpy and PYNQ are all that
this file and those it imports need, and Python 3.10 is enough for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bnn.drift.heldout import load as load_held_out
from bnn.drift.watch import LEVEL, WINDOW, Finding, Watch
from bnn.errors import ToolError, UserError
from bnn.integer.decision import OperatingPoint, check_point
from bnn.storage.records import sha256
from finn_build.manifest import Input, Output
from finn_build.operating import load_point, point_in
from finn_build.results import unpack_results

if TYPE_CHECKING:
    from typing import Self

Frames = NDArray[np.uint8]
ON_BROKEN = ("raise", "mark")
NAMED = 10  # broken frames that an error names


class Transport(Protocol):
    """Carries frames to an accelerator and results back."""

    def run(self, frames: Frames) -> tuple[Frames, int]:
        """Send `frames` [N, beats, bytes of a beat], N > 0, back to back.

        Returns the result beats [N, bytes], low byte first, and the clocks from the last frame's last beat to its
        result, negative when the result was first. ToolError when the accelerator does not answer as it must; the next
        call begins with a reset then.
        """

    def set_point(self, point: OperatingPoint) -> None:
        """Decide the frames of the next calls of `run` at this operating point, which fits."""

    def close(self) -> None:
        """Give back what is held. May be called twice."""


class Description(Protocol):
    """What the driver needs to know of an accelerator: a Manifest, or a Bitstream."""

    @property
    def input(self) -> Input: ...
    @property
    def output(self) -> Output: ...
    @property
    def clock_mhz(self) -> float: ...
    @property
    def model_sha256(self) -> str: ...


@dataclass(frozen=True)
class Latency:
    """Time from the last pixel of a frame to its result, as counted at the accelerator's ports; negative if before."""

    clocks: int
    clock_mhz: float

    @property
    def seconds(self) -> float:
        """Return the time, at the rate that the accelerator was built for (simulated) or runs at (on a board)."""
        return self.clocks / (self.clock_mhz * 1e6)


@dataclass(frozen=True, eq=False)
class BatchResults:
    """The results of a batch. `classes, scores, latency = results` takes the three that most programs need."""

    classes: NDArray[np.int64]  # [N], indices into `class_names`; of a broken frame len(class_names), which is none
    scores: NDArray[np.int64]  # [N, classes]; of a broken frame they mean nothing
    latency: Latency | None  # of the last frame; None when there was none
    margins: NDArray[np.int64]  # [N], how far the largest score, with its offset, is above the second largest
    unsure: NDArray[np.bool_]  # [N], is the margin less than the operating point's least one?

    def __iter__(self) -> Iterator[Any]:
        return iter((self.classes, self.scores, self.latency))

    @property
    def broken(self) -> NDArray[np.bool_]:
        """Tell [N] which frames reached the accelerator cut, too short or too long, as their results say."""
        return self.classes == self.scores.shape[1]


class FrameResult(NamedTuple):
    """The result of one frame of a stream."""

    class_index: int  # of a broken frame len(class_names), which is none
    label: str | None  # its name; None of a broken frame
    scores: NDArray[np.int64]  # [classes]; of a broken frame they mean nothing
    latency: Latency
    margin: int  # how far the largest score, with its offset, is above the second largest
    unsure: bool  # is the margin less than the operating point's least one?

    @property
    def broken(self) -> bool:
        """Did the frame reach the accelerator cut, too short or too long? Its result says so."""
        return self.label is None


class Accelerator:
    """An accelerator that classifies frames, on a board or simulated.

    `on_board` and `simulated` make one. It is a context manager; `close` does the same. It keeps its state from call
    to call like the hardware it is, and is for one thread at a time.
    """

    def __init__(
        self, description: Description, transport: Transport, where: str, folder: Path, point: OperatingPoint
    ) -> None:  # fmt: skip
        self._description, self._folder = description, folder
        self._transport: Transport | None = transport
        self._where = where
        self._point = point
        transport.set_point(point)

    @classmethod
    def on_board(
        cls, bitstream: str | Path, *, model: str | Path | None = None, timeout_s: float = 5.0, download: bool = True
    ) -> Self:
        """Load the bitstream in that folder with PYNQ, on the board itself.

        model: a run or accelerator folder or a QONNX file that the bitstream must have been made of.
        timeout_s: how long a DMA transfer may take. download: False when the FPGA holds it already.

        UserError without PYNQ, for a damaged folder, and when folder, FPGA or `model` are not of one network.
        """
        from finn_build.board_folder import load
        from neuraljet.board import Board

        folder = Path(bitstream)
        description = load(folder)
        _check_model(description, model, folder)
        board = Board(folder, description, timeout_s=timeout_s, download=download)
        return cls(description, board, f"{folder} on board", folder, description.operating_point)

    @classmethod
    def simulated(cls, accelerator: str | Path, *, model: str | Path | None = None, trust: bool = False) -> Self:
        """Compile a Verilator model of the RTL in that folder, which takes some seconds the first time, and open it.

        model: a run folder or QONNX file that the accelerator must have been made of.
        trust: run RTL that `build` would not write of the network: it can run any program (docs/trust.md).
        UserError for a damaged folder, such RTL, another `model`, or when Verilator or a compiler is missing.
        """
        folder = Path(accelerator)
        try:
            from finn_build.trust import opened
            from sim.live import LiveModel
        except ModuleNotFoundError as error:
            raise UserError(
                f"simulation needs the Python package {error.name!r}: run `make setup` (pip install {error.name})"
            ) from error
        with opened(folder, trust=trust) as manifest:
            _check_model(manifest, model, folder)
            point = point_in(folder, manifest.output, manifest.model_sha256)
            return cls(manifest, LiveModel(folder, manifest), f"{folder} simulated", folder, point)

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        """Return height, width and channels of a frame."""
        size = self._description.input
        return size.height, size.width, size.channels

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return what the class indices mean."""
        return self._description.output.classes

    @property
    def clock_mhz(self) -> float:
        """Return the rate that turns clocks of a latency into seconds."""
        return self._description.clock_mhz

    @property
    def model_sha256(self) -> str:
        """Return the hash of the network, model.onnx, that this accelerator is."""
        return self._description.model_sha256

    @property
    def operating_point(self) -> OperatingPoint:
        """What is added to the scores, and the margin below which a decision is unsure.

        It begins as that of the folder. Setting it holds for the frames that are sent from then on, and needs no new
        build. UserError for a point that does not fit the classes or the registers.
        """
        return self._point

    @operating_point.setter
    def operating_point(self, point: OperatingPoint) -> None:
        check_point(point, self.class_names, self._description.output.value_bits)
        self._open().set_point(point)
        self._point = point

    def load_operating_point(self, path: str | Path) -> OperatingPoint:
        """Set the operating point of a file that `neuraljet tune` wrote for this network, and return it."""
        output = self._description.output
        self.operating_point = load_point(Path(path), output.classes, output.value_bits, self.model_sha256).point
        return self.operating_point

    def classify(self, frames: Frames, *, on_broken: str = "raise") -> BatchResults:
        """Return classes, scores and latency of uint8 frames [N, H, W, C], or [N, H, W] when gray, sent back to back.

        Pixels are raw, as they come from a camera. on_broken: what to do with a result that says that its frame was
        broken on its way: "raise" a ToolError, or "mark" it, see `BatchResults.broken`. Raise UserError for another
        type or shape, ToolError when the accelerator does not answer.
        """
        _check_choice(on_broken)
        frames = self._checked(frames, "frames", "N, ")
        if not len(frames):
            none = np.zeros(0, np.int64)
            return BatchResults(none, np.zeros((0, len(self.class_names)), np.int64), None, none, none > 0)
        results = self._run(frames)
        if on_broken == "raise":
            _refuse_broken(results.broken)
        return results

    def stream(self, frames: Iterable[Frames], *, on_broken: str = "raise") -> Iterator[FrameResult]:
        """Yield results of live frames, one by one: send each frame when it comes, and give its result at once.

        frames: anything that gives uint8 pictures [H, W, C], or [H, W] when gray; it may never end. The next frame is
        asked for when its result is. on_broken: as for `classify`; with "mark" the stream goes on.
        """
        _check_choice(on_broken)
        self._open()
        return self._stream(frames, on_broken)

    def watch(
        self,
        frames: Iterable[Frames],
        *,
        held_out: str | Path | None = None,
        window: int = WINDOW,
        level: float = LEVEL,
        together: bool = False,
        on_broken: str = "raise",
    ) -> Iterator[tuple[FrameResult, Finding | None]]:
        """Yield results as `stream` does, each with what its window of pictures says of drift when it is whole now.

        held_out: heldout.json of the network, or a folder that holds it; that of this accelerator's folder when None.
        For window, level and together see bnn.drift.watch. A broken frame is not compared. UserError when there is no
        such file, or one of another network.
        """
        way_out = "give held_out=, the folder of the run that it was made of, or its heldout.json"
        known = load_held_out(held_out or self._folder, self.model_sha256, way_out)
        watching, last = Watch(known, window=window, level=level, together=together), list[Frames]()

        def sent() -> Iterator[Frames]:
            for frame in frames:
                last[:] = [frame]
                yield frame

        results = self.stream(sent(), on_broken=on_broken)
        return ((result, None if result.broken else watching.see(last[0], result.scores)) for result in results)

    def close(self) -> None:
        """Give the board, or the process of the simulation, back. The accelerator cannot be used any more."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.frame_shape))
        state = "" if self._transport else ", closed"
        return f"<Accelerator {self._where}: {shape} to {', '.join(self.class_names)}{state}>"

    def _stream(self, frames: Iterable[Frames], on_broken: str) -> Iterator[FrameResult]:
        for number, frame in enumerate(frames):
            results = self._run(self._checked(frame, f"frame {number}", "")[None])
            broken, index = bool(results.broken[0]), int(results.classes[0])
            if broken and on_broken == "raise":
                _refuse_broken(np.array([True]), number)
            assert results.latency is not None
            yield FrameResult(
                index, None if broken else self.class_names[index], results.scores[0], results.latency,
                int(results.margins[0]), bool(results.unsure[0]),
            )  # fmt: skip

    def _run(self, frames: Frames) -> BatchResults:
        """Send `frames` uint8 [N, H, W, C], N > 0."""
        beats = frames.reshape(len(frames), -1, self._description.input.channels)
        data, clocks = self._open().run(np.ascontiguousarray(beats))
        found, names = unpack_results(data, self._description.output), len(self.class_names)
        unknown = found.classes[~found.broken & (found.classes >= names)]
        if len(unknown):
            raise ToolError(f"the accelerator gave class {unknown.max()}, and its network has {names}")
        classes = np.where(found.broken, names, found.classes)
        return BatchResults(classes, found.scores, Latency(clocks, self.clock_mhz), found.margins, found.unsure)

    def _open(self) -> Transport:
        if self._transport is None:
            raise UserError("this accelerator is closed; open it again with Accelerator.on_board or .simulated")
        return self._transport

    def _checked(self, frames: Any, what: str, batch: str) -> Frames:
        """Return `frames` as [*batch, H, W, C]; raise UserError when they are not that."""
        shape = self.frame_shape
        wanted = f"uint8 [{batch}{', '.join(map(str, shape))}]"
        if not isinstance(frames, np.ndarray):
            raise UserError(f"{what} must be a NumPy array, {wanted}, and not {type(frames).__name__}")
        got = f"{frames.dtype} [{', '.join(map(str, frames.shape))}]"
        if frames.dtype != np.uint8:
            raise UserError(f"{what} must be {wanted} and not {got}: raw pixels from 0 to 255, not scaled")
        axes = 1 if batch else 0
        if frames.shape[axes:] == shape[:2] and shape[2] == 1:
            frames = frames[..., None]
        if frames.ndim == axes + 3 and frames.shape[axes:] == shape:
            return frames
        hint = ""
        if frames.shape[axes:] == (shape[2], *shape[:2]):
            hint = "; channels come last here: np.moveaxis(frames, -3, -1)"
        elif batch and frames.shape in (shape, shape[:2]):
            hint = "; a single frame is a batch of one: frames[None]"
        elif not batch and frames.shape[1:] in (shape, shape[:2]):
            hint = "; a stream takes frames one by one: use classify for a batch"
        raise UserError(f"{what} must be {wanted} and not {got}{hint}")


def _check_choice(on_broken: str) -> None:
    if on_broken not in ON_BROKEN:
        raise UserError(f"on_broken {on_broken!r} is not known; choose {' or '.join(map(repr, ON_BROKEN))}")


def _refuse_broken(broken: NDArray[np.bool_], first: int = 0) -> None:
    """Raise ToolError that names the broken frames; `first` is the number of the first."""
    found = (np.flatnonzero(broken) + first).tolist()
    if found:
        names = ", ".join(map(str, found[:NAMED])) + (", ..." if len(found) > NAMED else "")
        frames = "frames" if len(found) > 1 else "frame"
        raise ToolError(
            f"{frames} {names} reached the accelerator cut, too short or too long: their results mean nothing; send "
            'what was broken again, or take the other results with on_broken="mark"'
        )


def _check_model(description: Description, model: str | Path | None, folder: Path) -> None:
    """Raise UserError when `model` is not the network that `description` was made of."""
    if model is None:
        return
    path = Path(model)
    path = path / "model.onnx" if path.is_dir() else path
    if not path.is_file():
        raise UserError(f"model {model}: there is no {path}; give a run or accelerator folder or a QONNX file")
    found = sha256(path)
    if found != description.model_sha256:
        raise UserError(
            f"{folder} was made of another network than {path}: model hash {description.model_sha256[:12]} and not "
            f"{found[:12]}; build it again from that one, or choose the other folder"
        )
