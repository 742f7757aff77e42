"""Reach the FPGA of a PYNQ board: an AXI DMA for frames and results, AXI4-Lite registers for the rest.

PYNQ's own drivers of DMA and memory do the work. finn-plus-driver is not used: it moves data with FINN's DMA, which
only Vitis HLS can make, waits without a time limit, and pins numpy below 2 and grpcio (docs/driver.md).
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnn.errors import ToolError, UserError
from bnn.integer.decision import OperatingPoint
from finn_build.board_folder import BIT, Bitstream, padded

# Of hw/ip/registers.rdl, in bytes
IDENTITY, VERSION, CONTROL, FRAMES_PER_PACKET = 0x00, 0x04, 0x08, 0x0C
ERRORS, LATENCY, MODEL_HASH, LEAST_MARGIN, OFFSET = 0x18, 0x1C, 0x20, 0x40, 0x80  # OFFSET + 4 * class, from class 1 on
IDENTITY_VALUE, VERSION_VALUE = 0x4E4A4554, 3
RESET, APPLY = 1, 2  # of CONTROL
DMA_CONTROL, DMA_RESET = 0x00, 0x4  # resets both channels of an AXI DMA
PACKET_BYTES = 1 << 22  # of one transfer: contiguous memory is scarce
MOST_FRAMES = 0xFFFF  # that FRAMES_PER_PACKET holds


class Board:
    """The transport of `neuraljet.Accelerator` to the bitstream in `folder`, downloaded unless told not to."""

    def __init__(self, folder: Path, description: Bitstream, *, timeout_s: float, download: bool) -> None:
        """Raise UserError without PYNQ, and when the FPGA then holds something else than `description` tells of."""
        try:
            import pynq
        except ImportError as error:
            raise UserError(
                "on_board needs PYNQ, which is on the SD card images of PYNQ boards: run this on the board, or use "
                "Accelerator.simulated here"
            ) from error
        if not timeout_s > 0:
            raise UserError(f"timeout_s {timeout_s} is not a number of seconds above 0")
        self._pynq = pynq
        self._timeout_s = timeout_s
        self._frame_s = description.cycles_per_frame / (description.clock_mhz * 1e6)
        self._beat_bytes = padded(description.input.tdata_bits) // 8
        self._broken_bit = description.output.broken_bit
        self._result_bytes = padded(description.output.tdata_bits) // 8
        overlay = pynq.Overlay(str(folder / BIT), download=download)
        try:
            self._dma, self._registers = overlay.dma, overlay.accelerator
        except AttributeError as error:
            raise UserError(f"the bitstream in {folder} is not of this program: {error}; make it again") from error
        self._check(folder, description)
        self._buffers: tuple[Any, Any] | None = None
        self._recover()

    def run(self, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
        """See `neuraljet.accelerator.Transport`; frames beyond what one DMA transfer holds go in several."""
        beats = frames.shape[1]
        most = max(1, min(PACKET_BYTES // (beats * self._beat_bytes), MOST_FRAMES))
        results = np.empty((len(frames), self._result_bytes), np.uint8)
        try:
            for begin in range(0, len(frames), most):
                packet = frames[begin : begin + most]
                got = results[begin : begin + most] = self._transfer(packet, min(most, len(frames)))
                if self._says_broken(got).any():
                    self._recover()  # packets and frames begin together again
        except BaseException:
            self._recover()
            raise
        latency = int(self._registers.read(LATENCY))
        return results, latency - (latency >> 31 << 32)  # two's complement

    def set_point(self, point: OperatingPoint) -> None:
        """Decide the frames of the next calls of `run` at this operating point, which fits."""
        for label, offset in enumerate(point.relative().offsets[1:], 1):
            self._registers.write(OFFSET + 4 * label, offset & 0xFFFFFFFF)
        self._registers.write(LEAST_MARGIN, point.least_margin)
        self._registers.write(CONTROL, APPLY)

    def close(self) -> None:
        """Free the memory. The FPGA keeps its configuration."""
        buffers, self._buffers = self._buffers, None
        for buffer in buffers or ():
            buffer.freebuffer()

    def _transfer(self, frames: NDArray[np.uint8], room: int) -> NDArray[np.uint8]:
        """Return results [N, bytes] of one packet of frames [N, beats, bytes of a beat]; buffers hold `room` frames."""
        count, beats, used = frames.shape
        if self._buffers is None or len(self._buffers[0]) < room:
            self.close()
            shapes = (room, beats, self._beat_bytes), (room, self._result_bytes)
            sent, received = (self._pynq.allocate(shape=shape, dtype=np.uint8) for shape in shapes)
            self._buffers = sent, received
        sent, received = (buffer[:count] for buffer in self._buffers)
        sent[..., :used] = frames  # the bytes that fill a beat up are not looked at
        errors = self._registers.read(ERRORS)
        self._registers.write(FRAMES_PER_PACKET, count)
        self._dma.recvchannel.transfer(received)
        self._dma.sendchannel.transfer(sent)
        deadline = time.monotonic() + count * self._frame_s + self._timeout_s
        self._wait(self._dma.sendchannel, "took no more frames", deadline)
        self._wait(self._dma.recvchannel, "gave no more results", deadline)
        data = np.array(received)
        if self._registers.read(ERRORS) != errors and not self._says_broken(data).any():
            raise ToolError("the accelerator counted a frame of another length, and no result says that it was broken")
        return data

    def _says_broken(self, data: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Tell of result beats [N, bytes] whether each says that its frame was broken."""
        return (data[:, self._broken_bit // 8] >> self._broken_bit % 8 & 1) == 1

    def _wait(self, channel: Any, what: str, deadline: float) -> None:
        while not channel.idle:
            if getattr(channel, "error", False):
                break  # wait() says which
            if time.monotonic() > deadline:
                raise ToolError(
                    f"DMA time-out: the accelerator {what}, {self._timeout_s:g} s after all should have been "
                    "done; it was reset. Another program that holds the memory bus needs a larger timeout_s"
                )
        try:
            channel.wait()  # makes what was received visible
        except RuntimeError as error:
            raise ToolError(f"the DMA failed: {error}") from error

    def _recover(self) -> None:
        """Bring DMA and accelerator back to where a frame can begin."""
        self._dma.write(DMA_CONTROL, DMA_RESET)
        deadline = time.monotonic() + self._timeout_s
        while self._dma.read(DMA_CONTROL) & DMA_RESET:
            if time.monotonic() > deadline:
                raise ToolError("the DMA does not come out of its reset; load the bitstream again")
        self._registers.write(CONTROL, RESET)
        for channel in (self._dma.sendchannel, self._dma.recvchannel):
            channel.start()

    def _check(self, folder: Path, description: Bitstream) -> None:
        """Raise UserError unless the registers are those of the model that `description` names."""
        again = "load the right one, or make it again with `neuraljet bitstream`"
        if self._registers.read(IDENTITY) != IDENTITY_VALUE:
            raise UserError(f"what the FPGA holds is no accelerator of this program; {again}")
        found = self._registers.read(VERSION)
        if found != VERSION_VALUE:
            raise UserError(f"the FPGA's registers are of version {found}, this program knows {VERSION_VALUE}; {again}")
        words = [self._registers.read(MODEL_HASH + 4 * i) for i in range(8)]
        loaded = "".join(f"{word:08x}" for word in words)
        if loaded != description.model_sha256:
            raise UserError(
                f"the FPGA holds another network than {folder} describes: model hash {loaded[:12]} and not "
                f"{description.model_sha256[:12]}; {again}"
            )
