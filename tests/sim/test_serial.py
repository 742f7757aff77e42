"""An accelerator on a serial line takes the bytes of pictures and returns the reference's classes and scores."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint, decide
from bnn.qonnx.write import write_qonnx
from finn_build.bitstream.reject import Rejecting
from finn_build.bitstream.serial import TOP, write_serial
from finn_build.build import build
from finn_build.manifest import load
from sim.modules import MODULE_ARGS, RANDOM_START, rtl_sources
from sim.runner import simulate
from sim.serial import run_serial
from tests.support.networks import images_for, random_network

CLOCK_MHZ, BAUD = 25.0, 3_000_000  # as on the board: 8 1/3 clocks a bit
CUT, FRAMING, OVERRUN, BROKEN = 4, 2, 1, 8  # in the status, beside 0xA0
NO_CLASS = 0x80  # in the class, of a broken picture


@pytest.fixture(scope="module", params=[1, 2], ids=["gray", "two channels"])
def built(request, tmp_path_factory):
    """Return a small accelerator, and its network's replies to pictures: [(picture bytes, reply without status)]."""
    folder = tmp_path_factory.mktemp("serial")
    network = random_network("bottleneck", seed=5, height=8, width=6, colors=request.param, outputs=4)
    write_qonnx(network, folder / "model.onnx")
    build(folder / "model.onnx", folder / "acc")
    images = images_for(network, 5, seed=2)
    scores = network.run(images)
    output = load(folder / "acc").output
    size, margins = output.score_bits // 8, decide(scores, OperatingPoint.neutral(scores.shape[1])).margins
    expected = []
    for image, row, index, margin in zip(images, scores, network.classify(scores), margins, strict=True):
        reply = [int(index)] + [byte for score in row for byte in int(score).to_bytes(size, "little", signed=True)]
        reply += int(margin).to_bytes(output.margin_bits // 8, "little")
        expected.append((image.transpose(1, 2, 0).ravel().tolist(), reply))
    assert len({tuple(reply) for _, reply in expected}) > 2  # else any reply would pass
    return folder / "acc", expected


def design(acc, folder, baud=BAUD):
    """Return the sources of the serial accelerator, and the clocks of a bit and of the pause that ends a picture."""
    names = write_serial(acc, load(acc), CLOCK_MHZ, baud, folder)
    top = folder / "rtl" / f"{TOP}.sv"
    text = top.read_text()
    assert text.count(".Pause(2500000)") == 1  # a tenth of a second; too long to simulate
    top.write_text(text.replace(".Pause(2500000)", ".Pause(3000)"))
    return [folder / name for name in names], CLOCK_MHZ * 1e6 / baud


def line(picture, gap=0, first=0):
    return [(first if i == 0 else gap, byte, 1) for i, byte in enumerate(picture)]


def test_bytes_of_pictures_give_the_reference(built, tmp_path):
    acc, expected = built
    sources, bit = design(acc, tmp_path)
    back_to_back = [sent for picture, _ in expected for sent in line(picture)]
    with_gaps = [sent for picture, _ in expected for sent in line(picture, gap=37, first=500)]
    wanted = [value for _, reply in expected for value in [0xA0, *reply]]
    assert run_serial(TOP, sources, [back_to_back, with_gaps], bit, 6000, tmp_path) == [wanted, wanted]


def test_bytes_lost_and_spoilt_are_told_and_the_next_picture_is_right(built, tmp_path):
    acc, expected = built
    sources, bit = design(acc, tmp_path)
    (first, answer), (second, other) = expected[2], expected[3]
    broken_off = line(first[:-7]) + line(second, first=5000)
    spoilt = line(first)
    spoilt[9] = (0, spoilt[9][1], 0)  # the byte is dropped; a low line is high again before the next one
    spoilt[10] = (40, spoilt[10][1], 1)
    spoilt += line(second, first=5000)
    off_by_one = line([0, *first]) + line(second, first=5000)
    glitch = [(0, 0xFF, 1), *line(first[1:])] if first[0] == 0xFF else line(first)
    cut, framing, extra, plain = run_serial(TOP, sources, [broken_off, spoilt, off_by_one, glitch], bit, 6000, tmp_path)
    size = 1 + len(answer)
    assert cut[0] == 0xA0 | CUT | BROKEN and cut[1] & NO_CLASS and len(cut) == 2 * size
    assert cut[size:] == [0xA0, *other]  # a result tells of its own picture
    assert framing[0] == 0xA0 | CUT | FRAMING | BROKEN and framing[1] & NO_CLASS
    assert framing[size:] == [0xA0, *other]
    assert extra[0] == 0xA0 and len(extra) == 3 * size and extra[size] == 0xA0 | CUT | BROKEN
    assert extra[size + 1] & NO_CLASS and extra[2 * size :] == [0xA0, *other]
    assert plain == [0xA0, *answer]


@pytest.mark.parametrize("built", [1], indirect=True)
def test_parts_are_rejected_at_the_pin(built, tmp_path):
    """A part passes the trigger, its picture comes over the line, and the gate opens when the part is there."""
    acc, expected = built
    manifest = load(acc)
    labels = [reply[0] for _, reply in expected]
    bad = manifest.output.classes[labels[0]]
    case = {
        "pictures": [picture for picture, _ in expected], "rejected": [label == labels[0] for label in labels],
        "bit_clocks": 9, "delay": 5000, "length": 70,
    }  # fmt: skip
    assert len(set(case["rejected"])) == 2
    rejecting = Rejecting((bad,), case["delay"], case["length"], steps=False)
    names = write_serial(acc, manifest, 27.0, 3_000_000, tmp_path, rejecting)
    (tmp_path / "case.json").write_text(json.dumps(case))
    simulate(
        TOP, [tmp_path / name for name in names], "tests.sim.gate_line_bench", build_args=MODULE_ARGS, work=tmp_path,
        plusargs=RANDOM_START, timeout_s=300, env={"NJ_LINE_CASE": str(tmp_path / "case.json")},
    )  # fmt: skip


def test_a_line_too_fast_is_refused(built, tmp_path):
    acc, _ = built
    manifest = load(acc)
    with pytest.raises(UserError, match=r"5000000 baud .* 25 MHz; give --baud at most 4166666"):
        write_serial(acc, manifest, CLOCK_MHZ, 5_000_000, tmp_path)
    slow = replace(manifest, cycles_per_frame=100_000)
    with pytest.raises(UserError, match="the accelerator takes 100000; give --baud at most"):
        write_serial(acc, slow, CLOCK_MHZ, BAUD, tmp_path)


def test_a_line_whose_bits_would_have_another_length_is_refused(built, tmp_path):
    """The length of a bit is counted in steps of 1 / 65,536 of 25 MHz, so 2,400 baud would become 2,289."""
    acc, _ = built
    with pytest.raises(UserError, match=r"2400 baud cannot be made of .* 25 MHz to within 2%.*--baud at least 9537"):
        write_serial(acc, load(acc), CLOCK_MHZ, 2400, tmp_path / "slow")
    with pytest.raises(UserError, match=r"1 baud cannot be made"):
        write_serial(acc, load(acc), CLOCK_MHZ, 1, tmp_path / "slow")
    assert write_serial(acc, load(acc), CLOCK_MHZ, 9537, tmp_path)


def test_pixels_that_are_not_taken_are_told_and_every_picture_is_answered():
    sources = [*rtl_sources("nj_uart_frames"), Path(__file__).parent / "rtl" / "slow_pixels.sv"]
    fast, slow = line(range(5)), line(range(5), gap=200)  # a byte takes 80 clocks, a pixel 200
    again = line(range(5), gap=200, first=1000)
    last = [*line(range(3), gap=200), *line(range(2))]  # the fourth still waits when the fifth comes
    first, second, third = run_serial("slow_pixels", sources, [fast + again, slow + again, last + again], 8.0, 4000)
    assert first[0] == 0xA0 | OVERRUN and first[1] < 5 and first[2:] == [0xA0, 5]
    assert second == [0xA0, 5, 0xA0, 5]  # glitches between its bytes do not count
    assert third == [0xA0 | OVERRUN, 6, 0xA0, 5]  # not five, as if it were whole


def test_what_is_lost_while_a_result_waits_is_told_with_that_result():
    folder = Path(__file__).parent / "rtl"
    sources = [*rtl_sources("nj_uart_frames"), folder / "slow_pixels.sv", folder / "long_replies.sv"]
    (replies,) = run_serial("long_replies", sources, [line(range(5)) * 3 + line(range(5), first=4000)], 8.0, 4000)
    first, second, third, fourth = (replies[9 * i : 9 * i + 9] for i in range(4))
    assert len(replies) == 36
    assert first == fourth == [0xA0, 5, *[0] * 7]
    assert second == [0xA0 | OVERRUN, 5, *[0] * 7]  # pixels of the third came while it waited
    assert third[1] < 5 and third[2:] == [0] * 7
