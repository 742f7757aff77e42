"""The live model is exact over many calls, keeps registers between them, and reports and survives a failure."""

import os
import signal

import numpy as np
import pytest

from bnn.errors import ToolError
from finn_build.manifest import load
from sim.live import LiveModel, build
from tests.sim.test_accelerator import LOSES_BEAT, NO_RESULT, WRONG_LATER
from tests.support.sealing import reseal
from tests.support.tiny import tiny_accelerator, tiny_network

NETWORK = tiny_network()[0]


def frames_of(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 64, 1), np.uint8)


def scores_of(frames):
    return NETWORK.run(frames.reshape(-1, 1, 8, 8))


def run(model, frames):
    """Return the model's scores [N, 3]; a result is a class, three scores of 16 bits and the margin."""
    data, latency = model.run(frames)
    scores = data[:, 1:7].copy().view("<i2").astype(np.int64)
    assert np.array_equal(data[:, 0], NETWORK.classify(scores))
    assert latency == 3  # the value that sim.accelerator.verify measures
    return scores


@pytest.fixture
def model_of(tmp_path):
    """Return a function that starts a live model of the tiny accelerator, with faults if given; close it at the end."""
    made = []

    def make(faults=None):
        acc = tiny_accelerator(tmp_path / "acc", faults)
        made.append(LiveModel(acc, load(acc)))
        return made[-1]

    yield make
    for model in made:
        model.close()


def test_many_calls_are_exact_and_nothing_is_built_again(model_of, tmp_path):
    model = model_of()
    program = build(tmp_path / "acc", load(tmp_path / "acc"))
    built = program.stat().st_mtime_ns
    for count in (1, 2, 100, 1, 7):
        frames = frames_of(count, seed=count)
        assert np.array_equal(run(model, frames), scores_of(frames))
    second = LiveModel(tmp_path / "acc", load(tmp_path / "acc"))
    assert np.array_equal(run(second, frames), scores_of(frames))
    second.close()
    assert program.stat().st_mtime_ns == built


def test_what_becomes_of_the_folder_does_not_matter_to_a_model(model_of, tmp_path):
    """The process reads memory files when it starts, and it starts again after a failure."""
    model = model_of()
    (tmp_path / "acc" / "mem" / "weights.mem").write_text("0\n" * 16)
    model.close()
    frames = frames_of(5)
    assert np.array_equal(run(model, frames), scores_of(frames))
    reseal(tmp_path / "acc")
    other = LiveModel(tmp_path / "acc", load(tmp_path / "acc"))
    assert not np.array_equal(run_raw(other, frames), scores_of(frames))
    other.close()


def run_raw(model, frames):
    """Return the scores of a model of another network."""
    return model.run(frames)[0][:, 1:7].copy().view("<i2").astype(np.int64)


EARLY = {"m_valid_o <= beat_q == 4'd15;": "m_valid_o <= beat_q == 4'd9;"}  # of 16 beats: the sums of ten


def test_results_before_the_last_pixel_are_taken_and_their_latency_is_negative(model_of):
    """A core without nj_frame_flags answers early: pixel 43 of 64 completes the tenth pooling window."""
    model = model_of(EARLY)
    weight = tiny_network()[1].reshape(2, 16, 3)[:, :10]
    for count in (1, 6, 1):
        frames = frames_of(count, seed=count)
        pooled = NETWORK.run(frames.reshape(-1, 1, 8, 8), taps=True)[1]["MaxPool_0_out"].reshape(count, 2, 16)
        partial = np.einsum("ncb,cbo->no", pooled[..., :10], weight) + np.array([-2, 1, 4])
        data, latency = model.run(frames)
        assert np.array_equal(data[:, 1:7].copy().view("<i2"), partial)
        assert latency == 3 - 20


TWICE = {"m_valid_o <= beat_q == 4'd15;": "m_valid_o <= beat_q == 4'd15 || beat_q == 4'd3;"}


def test_a_result_too_many_is_told(model_of):
    with pytest.raises(ToolError, match=r"frame 1 of this call: .* gave a result that no frame asked for"):
        model_of(TWICE).run(frames_of(2))


def test_registers_are_kept_from_call_to_call(model_of):
    """A planted fault counts frames and shows in the sixth frame since reset, whichever call that is in."""
    model, frames = model_of(WRONG_LATER), frames_of(9)
    wrong = [i for i in range(9) if not np.array_equal(run(model, frames[i : i + 1]), scores_of(frames[i : i + 1]))]
    assert wrong == [5]
    model.close()  # and after a reset it counts from 0
    scores = np.concatenate([run(model, frames[:4]), run(model, frames[4:])])
    assert np.flatnonzero((scores != scores_of(frames)).any(axis=1)).tolist() == [5]


@pytest.mark.parametrize(("fault", "frame"), [(NO_RESULT, 9), (LOSES_BEAT, None)], ids=["result", "beat"])
def test_missing_results_are_noticed_and_the_next_call_starts_anew(model_of, fault, frame):
    model, frames = model_of(fault), frames_of(10)
    with pytest.raises(ToolError, match=r"frame \d of this call: nothing moved any more") as caught:
        model.run(frames)
    assert frame is None or f"frame {frame} " in str(caught.value)  # of ten frames, nine results
    if fault is NO_RESULT:  # only frame 7 since reset has none
        assert np.array_equal(run(model, frames[:6]), scores_of(frames[:6]))


def test_model_that_dies_is_told_and_started_again(model_of):
    model, frames = model_of(), frames_of(3)
    run(model, frames)
    os.kill(model._process.pid, signal.SIGSEGV)
    with pytest.raises(ToolError, match=rf"ended with exit code -{int(signal.SIGSEGV)}"):
        model.run(frames)
    assert np.array_equal(run(model, frames), scores_of(frames))


def test_interrupted_call_leaves_no_answers_behind(model_of, monkeypatch):
    model, frames = model_of(), frames_of(3)
    process = model._start()

    class Interrupted:
        def __getattr__(self, name):
            return getattr(stdout, name)

        def read(self, size):
            raise KeyboardInterrupt

    stdout, process.stdout = process.stdout, Interrupted()
    with pytest.raises(KeyboardInterrupt):
        model.run(frames)
    assert process.poll() is not None
    other = frames_of(3, seed=1)
    assert np.array_equal(run(model, other), scores_of(other))
    assert not np.array_equal(scores_of(other), scores_of(frames))
