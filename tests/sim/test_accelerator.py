"""Whole accelerators: a right one passes, a planted fault is found and named, and a user's mistake is explained."""

import json

import numpy as np
import pytest
from PIL import Image

from bnn.errors import UserError
from sim.accelerator import verify
from tests.support.tiny import CLASSES, tiny_accelerator

WRONG_THRESHOLD = {"s_data_i <= 8'd60": "s_data_i <= 8'd70"}
WRONG_POOL = {"m_data_o <= row_q[x_q[2:1]] | s_data_i": "m_data_o <= row_q[x_q[2:1]] & s_data_i"}
WRONG_LATER = {"beat_q == 0 ? 16'(3 * o - 2)": "beat_q == 0 ? 16'(3 * o - 2 + (frame_q == 8'd5 ? 1 : 0))"}
WRONG_ARGMAX = {"s0 >= v1 && s0 >= v2": "s0 >= v2"}
LOSES_BEAT = {"m_valid_o <= odd_q && x_q[0]": "m_valid_o <= odd_q && x_q[0] && s_data_i != 2'b00"}
WITHDRAWN = {
    "if (s_ready_o) m_valid_o <= 1'b0;\n    if (s_valid_i && s_ready_o) begin\n      sum_q": "m_valid_o <= 1'b0;\n"
    "    if (s_valid_i && s_ready_o) begin\n      sum_q"
}
FLOOD = {"if (s_ready_o) begin\n      m_valid_o <= s_valid_i;": "begin\n      m_valid_o <= 1'b1;"}
NO_RESULT = {"m_valid_o <= beat_q == 4'd15": "m_valid_o <= beat_q == 4'd15 && frame_q != 8'd7"}


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    return tiny_accelerator(tmp_path_factory.mktemp("right") / "acc")


def test_right_accelerator_passes_and_is_measured(right):
    report = verify(right, "random", frames=200)
    assert report["passed"] and report["mismatches"] == 0 and report["frames"] == 200 and report["faults"] == []
    assert report["cycles_per_frame"] == 64 and report["frames_per_second"] == pytest.approx(200e6 / 64)
    assert report["latency_cycles"] == 3 and report["frame_latency_cycles"] == 63 + 3
    assert report["cycles_per_second"] > 0 and report["first_mismatch"] is None
    assert json.loads((right / "verification.json").read_text()) == report.entries()


def test_random_frames_stand_in_for_pictures_that_nobody_named(right):
    report = verify(right, frames=3)
    assert report["passed"] and report["data"] == "random" and report["frames"] == 3


@pytest.mark.parametrize("backpressure", [0.05, 0.6])
def test_right_accelerator_passes_under_stalls(right, backpressure):
    report = verify(right, "random", frames=60, backpressure=backpressure)
    assert report["passed"] and report["mismatches"] == 0
    assert report["cycles_per_frame"] > 64


@pytest.mark.parametrize("backpressure", [0.3, 0.9])
def test_a_result_that_is_withdrawn_under_backpressure_is_found(tmp_path, backpressure):
    """The sink makes results wait however slowly they come. Without backpressure they are right."""
    acc = tiny_accelerator(tmp_path / "acc", WITHDRAWN)
    assert backpressure > 0.5 or verify(acc, "random", frames=20)["passed"]
    report = verify(acc, "random", frames=20, backpressure=backpressure)
    assert not report["passed"] and any("withdrawn" in fault for fault in report["faults"])


def test_results_without_end_are_told_and_end(tmp_path):
    report = verify(tiny_accelerator(tmp_path / "acc", FLOOD), "random", frames=20)
    assert not report["passed"] and "141 results too many" in report["faults"]


def test_one_frame_has_no_rate(right):
    report = verify(right, "random", frames=1, points=0)
    assert report["passed"] and report["cycles_per_frame"] is None and report["latency_cycles"] == 3


def test_wave_file_is_left_on_request(right, tmp_path):
    verify(right, "random", frames=2, vcd=tmp_path / "frame.vcd")
    text = (tmp_path / "frame.vcd").read_text()
    assert text.startswith("$version") and "u_threshold" in text and text.count("\n#") > 64


@pytest.mark.parametrize(
    ("fault", "layer", "tensor"),
    [(WRONG_THRESHOLD, "threshold", "Threshold_0_out"), (WRONG_POOL, "pool", "MaxPool_0_out")],
    ids=["threshold", "pool"],
)
def test_planted_fault_is_localised(tmp_path, fault, layer, tensor):
    acc = tiny_accelerator(tmp_path / "acc", fault)
    report = verify(acc, "random", frames=50)
    found = report["first_mismatch"]
    assert not report["passed"] and report["mismatches"] > 10
    assert (found["layer"], found["onnx_tensor"], found["reproduced"]) == (layer, tensor, "alone")
    y, x, c = found["element"]
    images = np.random.default_rng(1).integers(0, 256, (50, 8, 8, 1), np.uint8)
    images[:1], images[1:2] = 0, 255
    pixels = images[found["frame"], :, :, 0].astype(int)
    bits = np.stack([pixels >= 100, pixels <= 60], axis=2)
    if layer == "threshold":
        assert c == 1 and 60 < pixels[y, x] <= 70 and (found["expected"], found["got"]) == (-1, 1)
        assert found["elements_wrong"] == ((pixels > 60) & (pixels <= 70)).sum()
    else:
        window = bits[2 * y : 2 * y + 2, 2 * x : 2 * x + 2, c]
        assert window.any() and (found["expected"], found["got"]) == (1, -1)


def test_fault_that_needs_the_frames_before_is_found_in_sequence(tmp_path):
    report = verify(tiny_accelerator(tmp_path / "acc", WRONG_LATER), "random", frames=20)
    found = report["first_mismatch"]
    assert report["mismatches"] == 1 and (found["frame"], found["reproduced"]) == (5, "in sequence")
    assert (found["layer"], found["element"], found["got"]) == ("dense", [0, 0, 0], found["expected"] + 1)


def test_fault_behind_the_last_stream_is_told_apart(tmp_path):
    report = verify(tiny_accelerator(tmp_path / "acc", WRONG_ARGMAX), "random", frames=400)
    found = report["first_mismatch"]
    assert report["mismatches"] > 0 and found["element"] is None
    assert found["scores"] == found["expected_scores"] and found["class"] != found["expected_class"]


def test_lost_beat_is_named_where_it_is_missing(tmp_path):
    report = verify(tiny_accelerator(tmp_path / "acc", LOSES_BEAT), "random", frames=4)
    found = report["first_mismatch"]
    assert report["mismatches"] >= 1 and found["layer"] == "pool" and found["beats"] < found["beats_expected"] == 16


@pytest.mark.parametrize(
    "fault", [{"v1 = s1 + 16'(o1)": "v1 = s1"}, {"v2 = s2 + 16'(o2)": "v2 = s2 + 16'(o1)"}, {"margin < least": "1'b0"}]
)
def test_a_fault_that_only_another_operating_point_shows_is_found(tmp_path, fault):
    acc = tiny_accelerator(tmp_path / "acc", fault)
    assert verify(acc, "random", frames=30, points=0).passed
    report = verify(acc, "random", frames=30)
    at = report.operating_points.points
    assert not report.passed and report.first_mismatch.reproduced == "alone" and report.mismatches > 0
    assert at[0].mismatches == 0 and sum(point.mismatches for point in at) >= report.mismatches


def test_missing_result_is_reported(tmp_path):
    report = verify(tiny_accelerator(tmp_path / "acc", NO_RESULT), "random", frames=10, points=0)
    assert not report["passed"] and any("9 of 10 results" in fault for fault in report["faults"])
    assert report["first_mismatch"]["frame"] >= 7


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    """Return a folder of 12 pictures of 8x8 in the tiny network's classes, 3 of them for testing."""
    folder = tmp_path_factory.mktemp("shapes")
    generator = np.random.default_rng(3)
    for side, count in (("train", 3), ("test", 1)):
        for name in CLASSES:
            (folder / side / name).mkdir(parents=True)
            for i in range(count):
                Image.fromarray(generator.integers(0, 256, (8, 8), np.uint8)).save(folder / side / name / f"{i}.png")
    return folder


def test_default_pictures_are_those_of_the_network(tmp_path, shapes):
    data = {"source": str(shapes), "size": [8, 8], "color": "gray", "seed": 0}
    acc = tiny_accelerator(tmp_path / "acc", data=data)
    report = verify(acc)
    assert report["passed"] and report["frames"] == 3 and report["data"] == shapes.name
    assert report["accuracy"] in (0.0, 1 / 3, 2 / 3, 1.0)


def test_pictures_of_another_size_need_resize(right, tmp_path):
    for name in CLASSES:
        for i in range(4):
            path = tmp_path / "big" / name / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((10, 12), 20 * i, np.uint8)).save(path)
    with pytest.raises(UserError, match=r"(?s)10x12.*8x8.*--resize"):
        verify(right, tmp_path / "big")
    assert verify(right, tmp_path / "big", resize=True)["passed"]
    with pytest.raises(UserError, match=r"--frames 99: .* has 3 test pictures; give at most that or 'all'"):
        verify(right, tmp_path / "big", frames=99, resize=True)


def test_changed_folder_is_refused(tmp_path):
    acc = tiny_accelerator(tmp_path / "acc")
    source = acc / "rtl" / "tiny_layers.sv"
    source.write_text(source.read_text() + "\n")
    with pytest.raises(UserError, match=r"tiny_layers\.sv does not match its hash"):
        verify(acc, "random")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": "random", "frames": 0}, "--frames 0: give a number from 1 or 'all'"),
        ({"data": "random", "frames": "many"}, "--frames many: give a number from 1 or 'all'"),
        (
            {"data": "random", "backpressure": 1.0},
            r"backpressure 1\.0 is out of range; give a probability from 0 to below 1",
        ),
        ({"data": "random", "vcd": "/nowhere/x.vcd"}, "there is no folder /nowhere; make it first"),
        ({"data": "/nowhere"}, "there is no folder '/nowhere' and no set of that name"),
    ],
)
def test_mistakes_are_user_errors(right, arguments, message):
    with pytest.raises(UserError, match=message):
        verify(right, **arguments)
