"""Faults that only a board can have. PYNQ is a stand-in at its outermost calls (fake_pynq)."""

import sys

import numpy as np
import pytest

from bnn.errors import ToolError, UserError
from finn_build.manifest import load
from neuraljet import Accelerator
from neuraljet import board as boards
from tests.support import fake_pynq
from tests.support.driven import bitstream_of
from tests.support.fake_pynq import Pynq


def test_without_pynq(gray, tmp_path):
    with pytest.raises(UserError, match=r"needs PYNQ.*Accelerator\.simulated"):
        Accelerator.on_board(bitstream_of(gray.acc, tmp_path / "bits"))


def test_bitstream_is_loaded_once_and_only_if_wanted(board, gray):
    assert board(gray)[1].downloaded and board(gray)[1].bit.endswith("accelerator.bit")
    assert not board(gray, download=False)[1].downloaded


def test_long_batches_go_in_packets(board, gray, monkeypatch):
    monkeypatch.setattr(boards, "PACKET_BYTES", 16 * 120 + 5)
    accelerator, overlay = board(gray)
    assert np.array_equal(accelerator.classify(gray.frames).scores, gray.scores)
    assert overlay.dma.packets == [16, 16, 8]


def test_fpga_with_another_network_is_refused(gray, color, tmp_path, monkeypatch):
    folder = bitstream_of(gray.acc, tmp_path / "bits")
    pynq = Pynq(gray.acc, load(color.acc).model_sha256)
    monkeypatch.setitem(sys.modules, "pynq", pynq)
    with pytest.raises(UserError, match=r"FPGA holds another network than .*bits.*model hash"):
        Accelerator.on_board(folder)
    for register, message in ((boards.IDENTITY, "no accelerator of this program"), (boards.VERSION, "version 7")):
        broken = lambda self, offset, wrong=register: 7 if offset == wrong else self.values[offset]  # noqa: E731
        monkeypatch.setattr(fake_pynq.Registers, "read", broken)
        with pytest.raises(UserError, match=message):
            Accelerator.on_board(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "accelerator.bit").write_bytes(b"other"), "does not match its hash"),
        (lambda folder: (folder / "accelerator.bit").unlink(), "missing"),
        (lambda folder: (folder / "bitstream.json").write_text("{}"), "not of format"),
        (
            lambda folder: (folder / "bitstream.json").write_text('{"format": "other", "board": "ulx3s-85f"}'),
            "it is for ulx3s-85f, and PYNQ drives Zynq boards only",
        ),
        (lambda folder: (folder / "bitstream.json").unlink(), "not a bitstream folder"),
        (
            lambda folder: (folder / "bitstream.json").write_text(
                (folder / "bitstream.json").read_text().replace('"accelerator.bit"', '"../accelerator.bit"')
            ),
            r"accelerator\.bit is not among",
        ),
    ],
)
def test_damaged_bitstream_folder(gray, tmp_path, change, message):
    folder = bitstream_of(gray.acc, tmp_path / "bits")
    change(folder)
    with pytest.raises(UserError, match=message):
        Accelerator.on_board(folder)


def test_dma_time_out_is_told_and_survived(board, gray):
    accelerator, overlay = board(gray, timeout_s=0.05)
    resets = overlay.accelerator.resets
    overlay.dma.stalled = True
    with pytest.raises(ToolError, match=r"DMA time-out: the accelerator took no more frames.*was reset"):
        accelerator.classify(gray.frames)
    assert overlay.accelerator.resets == resets + 1
    overlay.dma.stalled = False
    assert np.array_equal(accelerator.classify(gray.frames).scores, gray.scores)


def test_dma_error_and_counted_errors_are_told(board, gray, monkeypatch):
    accelerator, overlay = board(gray, timeout_s=0.05)
    overlay.dma.stalled = overlay.dma.sendchannel.error = True
    with pytest.raises(ToolError, match="the DMA failed: DMA Slave Error"):
        accelerator.classify(gray.frames)
    overlay.dma.stalled = False
    run = overlay.dma.model.run

    def miscounted(frames):
        overlay.accelerator.values[boards.ERRORS] += 1
        return run(frames)

    monkeypatch.setattr(overlay.dma.model, "run", miscounted)
    with pytest.raises(ToolError, match="another length, and no result says"):
        accelerator.classify(gray.frames)


def test_broken_frames_on_a_board_are_named_and_it_is_reset(board, gray, monkeypatch):
    accelerator, overlay = board(gray)
    resets, run = overlay.accelerator.resets, overlay.dma.model.run

    def cut(frames):
        data, clocks = run(frames)
        data = np.array(data)
        data[2, 0] |= 1 << load(gray.acc).output.broken_bit
        overlay.accelerator.values[boards.ERRORS] += 1
        return data, clocks

    monkeypatch.setattr(overlay.dma.model, "run", cut)
    with pytest.raises(ToolError, match=r"^frame 2 reached the accelerator cut"):
        accelerator.classify(gray.frames)
    assert accelerator.classify(gray.frames, on_broken="mark").broken.nonzero()[0].tolist() == [2]
    assert overlay.accelerator.resets == resets + 2
    monkeypatch.setattr(overlay.dma.model, "run", run)
    assert np.array_equal(accelerator.classify(gray.frames).scores, gray.scores)


def test_the_register_latency_is_read_signed(board, gray, monkeypatch):
    accelerator, overlay = board(gray)
    run = overlay.dma.model.run
    monkeypatch.setattr(overlay.dma.model, "run", lambda frames: (run(frames)[0], -55))
    assert accelerator.classify(gray.frames[:2]).latency.clocks == -55
