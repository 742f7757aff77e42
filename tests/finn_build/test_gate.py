"""An IP with a gate rejects the right parts in the right clocks, with the registers as the driver sets them."""

import json

import numpy as np
import pytest

from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint, decide
from bnn.qonnx.write import write_qonnx
from finn_build import ip as ips
from finn_build.build import build
from finn_build.manifest import load
from neuraljet import Gate, Reject
from neuraljet.gate import MOST_DELAY, writes
from sim.runner import simulate
from tests.support.networks import images_for, random_network
from tests.support.points import write_point


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a network, its accelerator folder, and its IP folder with a gate."""
    folder = tmp_path_factory.mktemp("gate")
    network = random_network("binary", seed=3, height=6, width=5, outputs=4, classes=3)
    write_qonnx(network, folder / "model.onnx")
    build(folder / "model.onnx", folder / "acc")
    write_point(folder / "acc", network.classes, load(folder / "acc").model_sha256, [0, 0, 0], 3)
    ips.package(folder / "acc", folder / "ip", gate=True)
    return network, folder / "acc", folder / "ip"


def frames_of_each_kind(network):
    """Return four frames [4, C, H, W]: of at least two classes, and one of them unsure."""
    planes = images_for(network, 64, seed=1)
    classes, _, unsure = decide(network.run(planes), OperatingPoint((0, 0, 0), 3))
    sure = [int(np.flatnonzero((classes == c) & ~unsure)[0]) for c in np.unique(classes[~unsure])]
    rest = [i for i in range(64) if i not in sure]
    chosen = [*sure, int(np.flatnonzero(unsure)[0]), *rest][:4]
    return planes[chosen]


def test_reject_in_every_clock(made, tmp_path):
    """gate_bench: triggers, an encoder, late decisions, frames that are missing, parts without a place."""
    network, acc, folder = made
    output, report = load(acc).output, json.loads((folder / "ip.json").read_text())
    planes = frames_of_each_kind(network)
    scores = network.run(planes)
    decided = decide(scores, OperatingPoint((0, 0, 0), 3))
    assert len(set(decided.classes.tolist())) > 1 and decided.unsure.any()
    results = []
    for row, label, margin, unsure in zip(scores, *decided, strict=True):
        word = int(label) | int(unsure) << output.unsure_bit
        for i, score in enumerate([*row, margin]):
            bits = output.margin_bits if i == len(row) else output.score_bits
            word |= int(score) % (1 << bits) << output.class_bits + output.score_bits * i
        results.append({"class": int(label), "unsure": bool(unsure), "word": f"{word:x}"})
    bad, at = (output.classes[int(decided.classes[0])],), report["registers"]
    settings = {
        "clocks": Reject(bad, 300, 17),
        "hasty": Reject(bad, 20, 5),
        "hasty and rejecting": Reject(bad, 20, 5, without_decision=True),
        "steps": Reject(bad, 17, 3, delay_in_steps=True, length_in_steps=True, unsure=True, by_tag=True),
        "long": Reject(bad, 9000, 4),
        "off": Reject(bad, 300, 17, enabled=False),
    }
    beats = planes.transpose(0, 2, 3, 1).reshape(4, -1, 1)
    case = {
        "frames": [frame.tobytes().hex() for frame in beats], "results": results, "registers": at,
        "number_bit": report["number_bit"], "tag_bit": report["tag_bit"], "broken_bit": report["broken_bit"],
        "settings": {
            name: {
                "writes": writes(chosen, at, output.classes), "delay": chosen.delay, "length": chosen.length,
                "classes": [output.classes.index(name) for name in chosen.classes], "unsure": chosen.unsure,
                "delay_in_steps": chosen.delay_in_steps, "length_in_steps": chosen.length_in_steps,
                "otherwise": chosen.without_decision,
            }
            for name, chosen in settings.items()
        },
    }  # fmt: skip
    (tmp_path / "case.json").write_text(json.dumps(case))
    visible = tmp_path / "ports.vlt"
    visible.write_text('`verilator_config\npublic_flat_rw -module "nj_accelerator_ip" -var "*"\n')
    names = [name for name in report["files"] if name.endswith((".v", ".sv"))]
    sources = [folder / name for name in sorted(names, key=lambda name: not name.endswith("_pkg.sv"))]
    simulate(
        ips.TOP, [visible, *sources], "tests.finn_build.gate_bench", env={"NJ_GATE_CASE": str(tmp_path / "case.json")},
        timeout_s=240,
    )  # fmt: skip


def test_a_plain_ip_has_no_trace_of_a_gate(made, tmp_path):
    _, acc, _ = made
    report = ips.package(acc, tmp_path / "ip")
    assert (report.number_bit, report.tag_bit) == (None, None) and "gate" not in report.registers
    text = (tmp_path / "ip" / "rtl" / "nj_accelerator_ip.v").read_text()
    assert "output wire reject" not in text and not (tmp_path / "ip" / "rtl" / "nj_gate.sv").exists()


class Bus:
    """Registers that hold what is written."""

    def __init__(self, folder):
        content = json.loads((folder / "ip.json").read_text())
        at, digest = content["registers"], content["model_sha256"]
        self.values = dict.fromkeys(at.values(), 0) | {at["version"]: 4}
        self.values |= {at[f"model_hash_{i}"]: int(digest[8 * i : 8 * i + 8], 16) for i in range(8)}
        self.at, self.order = at, []

    def read(self, address):
        return self.values[address]

    def write(self, address, value):
        self.values[address] = value
        self.order.append((address, value))


def test_the_driver_sets_and_reads(made):
    folder = made[2]
    bus = Bus(folder)
    gate = Gate(folder, bus.read, bus.write)
    gate.set(Reject((gate.class_names[2], gate.class_names[0]), 7, 9, broken=True, without_decision=True))
    assert bus.values[bus.at["gate_classes_0"]] == 0b101
    assert (bus.values[bus.at["gate_delay"]], bus.values[bus.at["gate_length"]]) == (7, 9)
    assert bus.order[0] == (bus.at["gate"], 0b1010000) and bus.order[-1] == (bus.at["gate"], 0b1010001)
    bus.values[bus.at["late"]] = 5
    assert gate.counts().late == 5 and gate.counts().parts == 0


def test_mistakes_are_told(made, tmp_path):
    _, acc, folder = made
    bus = Bus(folder)
    gate = Gate(folder, bus.read, bus.write)
    with pytest.raises(UserError, match=r"class 'rust' is none of the network's; choose of"):
        gate.set(Reject(("rust",), 7, 9))
    for delay, length, words in ((MOST_DELAY + 1, 1, "delay"), (-1, 1, "delay -1"), (1, 1 << 32, "length 4294967296")):
        with pytest.raises(UserError, match=words):
            gate.set(Reject((), delay, length))
    assert not bus.order
    bus.values[bus.at["model_hash_3"]] ^= 1
    with pytest.raises(UserError, match="not those of"):
        Gate(folder, bus.read, bus.write)
    with pytest.raises(UserError, match=r"--gate"):
        Gate(acc, bus.read, bus.write)
    ips.package(acc, tmp_path / "plain")
    with pytest.raises(UserError, match=r"no gate.*--gate"):
        Gate(tmp_path / "plain", bus.read, bus.write)
