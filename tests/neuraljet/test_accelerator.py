"""The driver on both transports: the same calls equal the reference on every frame, and mistakes are explained.

The simulated transport is the Verilator model of a built accelerator. The board's PYNQ is a stand-in at its outermost
calls (fake_pynq) with that model behind it, so frames and results are real there too.
"""

import itertools
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bnn.errors import ToolError, UserError
from bnn.qonnx.read import read_qonnx
from finn_build.manifest import load
from neuraljet import Accelerator
from tests.support.driven import bitstream_of


@pytest.mark.parametrize("name", ["gray", "color", "demo"])
def test_classify_is_equal_to_the_reference(opened, request, name):
    case = request.getfixturevalue(name)
    accelerator = opened(case)
    assert (accelerator.frame_shape, accelerator.class_names) == (case.frames.shape[1:], load(case.acc).output.classes)
    for begin, end in ((0, 40), (0, 1), (7, 40)):  # back to back, alone, and again with old values in the registers
        classes, scores, latency = accelerator.classify(case.frames[begin:end])
        assert classes.dtype == scores.dtype == np.int64
        assert np.array_equal(scores, case.scores[begin:end]) and np.array_equal(classes, case.classes[begin:end])
        assert 0 < latency.clocks < 5 * load(case.acc).cycles_per_frame
        assert latency.seconds == pytest.approx(latency.clocks / accelerator.clock_mhz / 1e6)
    assert len(np.unique(case.classes)) > 1


def test_latency_is_what_verify_measures(gray, tmp_path):
    from sim.accelerator import verify

    shutil.copytree(gray.acc, tmp_path / "acc")  # the report of verify is left in it, and others read the folder too
    measured = verify(tmp_path / "acc", "random", frames=4)["latency_cycles"]
    with Accelerator.simulated(gray.acc) as accelerator:
        assert accelerator.classify(gray.frames[:4]).latency.clocks == measured


def test_every_frame_of_the_demo_has_the_latency_of_the_last(opened, demo):
    accelerator = opened(demo)
    latency = accelerator.classify(demo.frames[:3]).latency.clocks
    assert 1 <= latency < 48 * 48  # before the next frame is whole
    assert [result.latency.clocks for result in accelerator.stream(demo.frames[:3])] == [latency] * 3


def test_the_example_of_the_documentation_runs(demo):
    """It runs as it stands, beside a folder `accelerator`."""
    text = (Path(__file__).parents[2] / "docs" / "driver.md").read_text()
    example = re.search(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE).group(1)
    (demo.acc.parent / "accelerator").symlink_to("acc")
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=demo.acc.parent, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    network = read_qonnx(demo.acc / "model.onnx")
    frames = np.random.default_rng(0).integers(0, 256, (8, 48, 48, 1), np.uint8)
    scores = network.run(frames.transpose(0, 3, 1, 2))
    classes = network.classify(scores)
    with Accelerator.simulated(demo.acc) as accelerator:
        latency = accelerator.classify(frames[:1]).latency
    first, *stream, last = done.stdout.splitlines()
    assert first == f"{network.classes[classes[0]]} {scores[0]} {latency.clocks} {latency.seconds}"
    assert stream == [f"{network.classes[c]} {row} {latency.seconds}" for c, row in zip(classes, scores, strict=True)]
    assert last == str(classes)


class Tampering:
    """A transport that returns `frames` of every call as if they were broken."""

    def __init__(self, transport, output, frames):
        self.transport, self.output, self.frames = transport, output, frames

    def run(self, frames):
        data, clocks = self.transport.run(frames)
        data = np.array(data)
        place, bit = divmod(self.output.broken_bit, 8)
        for frame in self.frames:
            data[frame, 0] = 0  # class 0, as of a frame of zeros
            data[frame, place] |= 1 << bit
        return data, clocks

    def set_point(self, point):
        self.transport.set_point(point)

    def close(self):
        self.transport.close()


def test_a_broken_frame_is_raised_or_marked_and_never_a_class(opened, gray):
    accelerator = opened(gray)
    accelerator._transport = Tampering(accelerator._transport, load(gray.acc).output, [1, 4])
    with pytest.raises(ToolError, match=r"^frames 1, 4 reached the accelerator cut.*on_broken=\"mark\""):
        accelerator.classify(gray.frames[:6])
    results = accelerator.classify(gray.frames[:6], on_broken="mark")
    assert results.broken.tolist() == [False, True, False, False, True, False]
    assert np.array_equal(results.scores[~results.broken], gray.scores[:6][~results.broken])
    assert np.array_equal(results.classes[~results.broken], gray.classes[:6][~results.broken])
    assert (results.classes[results.broken] == 3).all()
    with pytest.raises(IndexError):
        accelerator.class_names[results.classes[1]]
    with pytest.raises(UserError, match=r"on_broken 'ignore' is not known; choose 'raise' or 'mark'"):
        accelerator.classify(gray.frames, on_broken="ignore")


def test_a_broken_frame_in_a_stream_is_raised_or_marked(opened, gray):
    accelerator = opened(gray)
    accelerator._transport = Tampering(accelerator._transport, load(gray.acc).output, [])
    frames = iter(gray.frames[:4])

    def camera():
        for number, frame in enumerate(frames):
            accelerator._transport.frames = [0] if number % 2 else []
            yield frame

    marked = list(accelerator.stream(camera(), on_broken="mark"))
    assert [result.broken for result in marked] == [False, True, False, True]
    assert [result.label is None for result in marked] == [False, True, False, True]
    frames = iter(gray.frames[:4])
    live = accelerator.stream(camera())
    assert next(live).class_index == gray.classes[0]
    with pytest.raises(ToolError, match=r"^frame 1 reached the accelerator cut"):
        next(live)
    with pytest.raises(UserError, match="on_broken None is not known"):
        accelerator.stream(gray.frames, on_broken=None)


def test_a_class_that_the_network_does_not_have_is_told(opened, gray):
    accelerator = opened(gray)
    run = accelerator._transport.run

    def wrong(frames):
        data, clocks = run(frames)
        data = np.array(data)
        data[0, 0] = 3
        return data, clocks

    accelerator._transport.run = wrong
    with pytest.raises(ToolError, match="gave class 3, and its network has 3"):
        accelerator.classify(gray.frames[:1])


def test_stream_gives_each_result_before_the_next_frame_is_asked_for(opened, gray):
    accelerator, asked = opened(gray), []

    def camera():
        for number, frame in enumerate(gray.frames[:12]):
            asked.append(number)
            yield frame if number % 2 else frame[..., 0]  # gray frames may be [H, W]

    for number, result in enumerate(accelerator.stream(camera())):
        assert asked == list(range(number + 1))
        assert np.array_equal(result.scores, gray.scores[number]) and result.class_index == gray.classes[number]
        assert result.label == accelerator.class_names[gray.classes[number]] and result.latency.clocks > 0
    assert number == 11
    live = accelerator.stream(itertools.repeat(gray.frames[0]))  # a camera that never ends
    assert [next(live).class_index for _ in range(3)] == [gray.classes[0]] * 3
    assert np.array_equal(accelerator.classify(gray.frames[..., 0]).scores, gray.scores)


def test_no_frames_no_results(opened, color):
    classes, scores, latency = opened(color).classify(color.frames[:0])
    assert (classes.shape, scores.shape, latency) == ((0,), (0, 7), None)


def test_frames_that_are_not_contiguous(opened, color):
    accelerator = opened(color)
    planes = np.ascontiguousarray(color.frames.transpose(0, 3, 1, 2))
    views = planes.transpose(0, 2, 3, 1)[::-3]
    assert not views.flags.c_contiguous
    assert np.array_equal(accelerator.classify(views).scores, color.scores[::-3])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.astype(np.float32) / 255, r"uint8 \[N, 10, 12, 3\].*float32 \[40, 10, 12, 3\].*not scaled"),
        (lambda f: f.transpose(0, 3, 1, 2), r"uint8 \[N, 10, 12, 3\].*channels come last.*moveaxis"),
        (lambda f: f[0], r"frames\[None\]"),
        (lambda f: f[..., :1], r"uint8 \[N, 10, 12, 3\] and not uint8 \[40, 10, 12, 1\]"),
        (lambda f: f[..., 0], r"uint8 \[N, 10, 12, 3\] and not uint8 \[40, 10, 12\]"),
        (lambda f: f.tolist(), "NumPy array.*list"),
    ],
)
def test_wrong_frames_are_explained(opened, color, change, message):
    accelerator = opened(color)
    with pytest.raises(UserError, match=message):
        accelerator.classify(change(color.frames))
    assert np.array_equal(accelerator.classify(color.frames[:2]).scores, color.scores[:2])


def test_wrong_frames_in_a_stream_are_named(opened, gray):
    stream = opened(gray).stream([gray.frames[0], gray.frames[:2]])
    assert next(stream).class_index == gray.classes[0]
    with pytest.raises(UserError, match=r"frame 1 must be uint8 \[12, 10, 1\].*use classify for a batch"):
        next(stream)


def test_closed_is_closed(opened, gray):
    with opened(gray) as accelerator:
        accelerator.classify(gray.frames[:1])
    accelerator.close()
    assert "closed" in repr(accelerator)
    for call in (accelerator.classify, accelerator.stream):
        with pytest.raises(UserError, match="closed; open it again"):
            call(gray.frames)


def test_another_network_is_refused_by_hash(gray, color, tmp_path, board):
    model = color.acc.parent / "model.onnx"
    for wrong in (model, color.acc):
        with pytest.raises(UserError, match=r"made of another network than .*model hash"):
            Accelerator.simulated(gray.acc, model=wrong)
        with pytest.raises(UserError, match=r"made of another network than .*model hash"):
            Accelerator.on_board(bitstream_of(gray.acc, tmp_path / f"b{wrong.name}"), model=wrong)
    with pytest.raises(UserError, match=r"there is no .*; give a run or accelerator folder or a QONNX file"):
        Accelerator.simulated(gray.acc, model=tmp_path)
    Accelerator.simulated(gray.acc, model=gray.acc.parent / "model.onnx").close()


def test_damaged_folder_and_missing_tools(gray, tmp_path, monkeypatch):
    from sim import runner

    with pytest.raises(UserError, match="not an accelerator folder"):
        Accelerator.simulated(tmp_path)
    monkeypatch.setattr(runner.shutil, "which", lambda program: None if program == "g++" else f"/usr/bin/{program}")
    with pytest.raises(UserError, match=r"g\+\+.*apt-get install"):
        Accelerator.simulated(gray.acc)
    monkeypatch.setitem(sys.modules, "sim.live", None)
    with pytest.raises(UserError, match="run `make setup`"):
        Accelerator.simulated(gray.acc)


def test_memory_files_that_are_not_found_are_told(color, tmp_path):
    assert list((color.acc / "mem").iterdir())
    with Accelerator.simulated(color.acc) as accelerator:
        accelerator._transport._folder = tmp_path
        with pytest.raises(ToolError, match=r"there is no memory file mem/\S+; say with \+nj_root=DIR"):
            accelerator.classify(color.frames[:1])


def test_importing_the_package_is_cheap():
    script = (
        "import sys, neuraljet; print({'numpy', 'torch', 'onnx', 'cocotb'} & set(sys.modules)); neuraljet.Accelerator"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
