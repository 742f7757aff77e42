"""A stand-in for PYNQ on machines that are no board: Overlay, allocate and the DMA's channels.

The Verilator model of the accelerator computes behind them. As on the board, received data is visible only after
`wait`, a packet ends when FRAMES_PER_PACKET results are there, and a transfer may begin only on an idle channel.
"""

import numpy as np

from bnn.integer.decision import OperatingPoint
from finn_build.manifest import load
from neuraljet import board
from sim.live import LiveModel


class Buffer(np.ndarray):
    """An array as pynq.allocate returns it."""

    def freebuffer(self):
        self.freed = True


class Channel:
    """The part of a channel of pynq.lib.dma that the driver uses."""

    def __init__(self, moved):
        self.moved, self.buffer, self.idle, self.error, self.data = moved, None, True, False, None

    def transfer(self, buffer):
        assert isinstance(buffer, Buffer) and self.idle and not getattr(buffer.base, "freed", False)
        self.buffer, self.idle, self.data = buffer, False, None
        self.moved()

    def wait(self):
        if self.error:
            raise RuntimeError("DMA Slave Error (transaction timed out)")
        assert self.idle
        if self.data is not None:
            self.buffer[...] = self.data

    def start(self):
        self.idle, self.error = True, False


class Registers:
    """AXI4-Lite registers of the accelerator."""

    def __init__(self, sha256):
        self.values = {board.IDENTITY: board.IDENTITY_VALUE, board.VERSION: board.VERSION_VALUE}
        self.values |= {board.FRAMES_PER_PACKET: 1, board.ERRORS: 0, board.LATENCY: 0, board.CONTROL: 0}
        self.values |= {board.MODEL_HASH + 4 * i: int(sha256[8 * i : 8 * i + 8], 16) for i in range(8)}
        self.resets, self.applied = 0, lambda: None

    def read(self, offset):
        return self.values[offset]

    def write(self, offset, value):
        if offset == board.CONTROL:
            self.resets += value & board.RESET
            if value & board.APPLY:
                self.applied()
        else:
            self.values[offset] = value


class Dma:
    """The AXI DMA between memory and the model's streams."""

    def __init__(self, acc, registers):
        self.manifest = load(acc)
        self.model, self.registers = LiveModel(acc, self.manifest), registers
        self.sendchannel, self.recvchannel = Channel(self._move), Channel(lambda: None)
        self.stalled, self.packets = False, []
        registers.applied = self._apply

    def _apply(self):
        """Make the registers the operating point. They hold 32 bits."""
        values, classes = self.registers.values, len(self.manifest.output.classes)
        offsets = [values.get(board.OFFSET + 4 * label, 0) for label in range(1, classes)]
        signed = tuple(offset - (offset >> 31 << 32) for offset in offsets)
        self.model.set_point(OperatingPoint((0, *signed), values.get(board.LEAST_MARGIN, 0)))

    def read(self, offset):
        return 0

    def write(self, offset, value):
        assert (offset, value) == (board.DMA_CONTROL, board.DMA_RESET)

    def _move(self):
        sent, received = self.sendchannel.buffer, self.recvchannel.buffer
        if self.stalled:
            return
        assert not self.recvchannel.idle, "nobody takes the results"
        frames = np.array(sent)[..., : self.manifest.input.tdata_bits // 8]
        data, latency = self.model.run(frames)
        self.registers.values[board.LATENCY] = latency % (1 << 32)
        self.sendchannel.idle = True
        self.packets.append(len(frames))
        if self.registers.values[board.FRAMES_PER_PACKET] == len(frames):  # else TLAST comes too early or never
            memory = np.zeros(received.shape, np.uint8)
            memory[:, : data.shape[1]] = data
            self.recvchannel.data, self.recvchannel.idle = memory, True


class Pynq:
    """The module `pynq`. Loading a bitstream puts the RTL of the folder `accelerator` into the FPGA."""

    def __init__(self, accelerator, sha256):
        self.accelerator, self.sha256, self.overlays = accelerator, sha256, []

    def Overlay(self, path, download=True):
        registers = Registers(self.sha256)

        class Loaded:
            accelerator, dma = registers, Dma(self.accelerator, registers)
            bit, downloaded = path, download

        self.overlays.append(Loaded)
        return Loaded

    def allocate(self, shape, dtype):
        return np.full(shape, 0xA5, dtype).view(Buffer)
