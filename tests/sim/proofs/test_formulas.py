"""Combinational modules are proved equal to a formula in one line, for every input."""

from itertools import pairwise

import pytest

from hw.text import RTL, sources_of
from sim.design import write_cells
from sim.proofs.formal import equivalent
from tests.support.streams import parameters_name as _name


@pytest.mark.parametrize("width", [1, 5, 6, 7, 16, 36, 100])
def test_popcount_counts(width):
    assert equivalent("nj_popcount", {"Width": width}, {"count_o": "$countones(bits_i)"})


def _bits(names, inverts):
    """Return bits of x_i as summands; some are inverted."""
    return " + ".join(f"8'({'~' if invert else ''}x_i[{i}] & 1'b1)" for i, invert in zip(names, inverts, strict=True))


def _lanes(size, width, lanes, invert):
    """Return the counts of `size` bits of each of `lanes` lanes, their bits gathered place by place."""
    counts = []
    for n in range(lanes):
        places = range(n, size * lanes, lanes)
        counts.append(f"({_bits(places, [invert >> place & 1 for place in places])})")
    return _gathered(counts, width)


def _gathered(words, width):
    """Return words of `width` bits gathered: bit w of word n at w * N + n."""
    return "{" + ", ".join(f"1'({word} >> {place})" for place in reversed(range(width)) for word in words[::-1]) + "}"


def _word(lane, first, width):
    """Return bits `first`, ... of lane `lane` of two, as one word of x_i."""
    return "{" + ", ".join(f"x_i[{2 * place + lane}]" for place in reversed(range(first, first + width))) + "}"


def _equal(lane, pairs, count):
    """Return how many of the first `count` of `pairs` bits are equal in x_i and in lane `lane` of w_i."""
    first = lane * pairs
    return f"8'($countones(x_i[{count - 1}:0] ~^ w_i[{first + count - 1}:{first}]))" if count else "8'd0"


def _matches(lanes, pairs):
    """Return what nj_match gives: the lowest bit of each lane's count, and the carry of every two pairs."""
    low = [f"1'({_equal(lane, pairs, pairs)})" for lane in range(lanes)]
    ends = [min(2 * k, pairs) for k in range((pairs + 1) // 2 + 1)]
    twos = [
        f"1'(({_equal(lane, pairs, end)} >> 1) - ({_equal(lane, pairs, begin)} >> 1))"
        for lane in range(lanes)
        for begin, end in pairwise(ends)
    ]
    return {"low_o": "{" + ", ".join(low[::-1]) + "}", "twos_o": "{" + ", ".join(twos[::-1]) + "}"}


WORDS = ("64'hfedcba9876543210", "64'h0f1e2d3c4b5a6978")

# Modules in both forms, arithmetic and cells, with their formula in one line.
FORMULAS = [
    ("nj_count3", {"Invert": "3'b010"}, {"s_o": f"2'({_bits(range(3), (0, 1, 0))})"}),
    ("nj_count7", {"Invert": "7'b0010110"}, {"s_o": f"3'({_bits(range(7), (0, 1, 1, 0, 1, 0, 0))})"}),
    ("nj_count3", {"N": 2, "Invert": "6'b011010"}, {"s_o": _lanes(3, 2, 2, 0b011010)}),
    ("nj_count7", {"N": 2, "Invert": "14'b00000110110001"}, {"s_o": _lanes(7, 3, 2, 0b00000110110001)}),
    ("nj_count7", {"N": 3}, {"s_o": _lanes(7, 3, 3, 0)}),
    (
        "nj_add3", {"Width": 6, "Invert": "3'b101", "Add": 2},
        {"sum_o": "6'(~x_i[5:0] + x_i[11:6] + ~x_i[17:12] + 6'd2)"},
    ),
    (
        "nj_add3", {"N": 2, "Width": 3, "Invert": "3'b010", "Add": 1},
        {"sum_o": _gathered([f"3'({_word(n, 0, 3)} + ~{_word(n, 3, 3)} + {_word(n, 6, 3)} + 1)" for n in range(2)], 3)},
    ),
    ("nj_reach", {"Width": 11, "Limit": "12'd1234", "Invert": "1'b1"}, {"reach_o": "!(x_i >= 11'd1234)"}),
    ("nj_reach", {"Width": 8, "Limit": "9'd256"}, {"reach_o": "1'b0"}),
    (
        "nj_reach", {"N": 2, "Width": 4, "Limit": "10'b00101_01001"},
        {"reach_o": "{{x_i[7], x_i[5], x_i[3], x_i[1]} >= 4'd5, {x_i[6], x_i[4], x_i[2], x_i[0]} >= 4'd9}"},
    ),
    (  # several lanes of several groups: the limit of a lane ends where that of the next begins
        "nj_reach", {"N": 2, "Width": 7, "Limit": "16'h2345"},
        {"reach_o": f"{{{_word(1, 0, 7)} >= 7'h23, {_word(0, 0, 7)} >= 7'h45}}"},
    ),
    (
        "nj_leaf", {"N": 3, "RoundBits": 2, "Pass": "12'hbd7", "Invert": "12'h3a5"},
        {"leaf_o": "({3{x_i}} & 3'(12'hbd7 >> (4'd3 * round_i))) ^ 3'(12'h3a5 >> (4'd3 * round_i))"},
    ),
    (
        "nj_leaf", {"N": 2, "RoundBits": 5, "Pass": WORDS[0], "Invert": WORDS[1]},
        {"leaf_o": f"({{2{{x_i}}}} & 2'({WORDS[0]} >> (7'd2 * round_i))) ^ 2'({WORDS[1]} >> (7'd2 * round_i))"},
    ),
    ("nj_match", {"N": 2, "Pairs": 6}, _matches(2, 6)),
    ("nj_match", {"N": 3, "Pairs": 5}, _matches(3, 5)),
    (
        "nj_add_or_start", {"Width": 6, "CountBits": 3, "Start": "6'd41"},
        {"sum_o": "count_i + (first_i ? 6'd41 : sum_i)"},
    ),
    *(
        (
            "nj_gated_add", {"Width": width},
            {
                "sum_o": "(a_i ^ {Width{a_minus_i}}) * Width'(a_on_i)"
                " + (b_i ^ {Width{b_minus_i}}) * Width'(b_on_i) + carry_i"
            },
        )
        for width in (1, 6)
    ),
    *(
        (
            "nj_add_or_load", {"Width": width},
            {"sum_o": "(first_i ? start_i : sum_i) + (x_i ^ {Width{minus_i}}) * Width'(on_i) + carry_i"},
        )
        for width in (1, 6)
    ),
    *(
        (
            "nj_add_double", {"Bits": bits, "Width": width},
            {"sum_o": "sum_i * Width'(!first_i) + (Width'($signed(x_i)) << double_i ^ {Width{minus_i}}) + minus_i"},
        )
        for bits, width in ((5, 6), (4, 8))
    ),
    ("nj_or_lanes", {"N": 5}, {"y_o": "a_i | (b_i & {5{keep_i}})"}),
    (
        "nj_leaf3", {"RoundBits": 2, "Pass": "12'hbd7", "Invert": "12'h3a5"},
        {"s_o": "2'($countones((x_i & 3'(12'hbd7 >> (4'd3 * round_i))) ^ 3'(12'h3a5 >> (4'd3 * round_i))))"},
    ),
]  # fmt: skip


# An index beyond the last word may select anything; the formula says what the tree selects.
SELECTED = {2: "index_i", 3: "index_i", 5: "index_i > 4 ? 3'd4 : index_i", 11: "index_i",
            18: "index_i > 16 ? {4'd8, index_i[0]} : index_i"}  # fmt: skip
# The chip's cells, which only we instantiate, as Yosys models them; and modules made of them alone.
CHIP = [
    (
        "nj_lut2", "LUT6_2", {"Init": "64'h9d2c5680a3f1b74e"},
        {"o6_o": "1'(64'h9d2c5680a3f1b74e >> x_i)", "o5_o": "1'(32'ha3f1b74e >> x_i[4:0])"},
    ),
    *(
        (  # its summands are the generated bits, and those that turn them into the propagated ones
            "nj_carry", "CARRY4", {"Width": width},
            {
                "sum_o": "Width'(generate_i + (generate_i ^ propagate_i) + carry_i)",
                "carry_o": "Width'(((Width + 1)'(generate_i) + (Width + 1)'(generate_i ^ propagate_i) + carry_i"
                " ^ (Width + 1)'(propagate_i)) >> 1)",
            },
        )
        for width in (1, 4, 6)
    ),
    *(
        ("nj_select", "LUT6_2", {"Ways": ways, "Bits": 3}, {"y_o": f"3'(x_i >> 8'd3 * ({index}))"})
        for ways, index in SELECTED.items()
    ),
]  # fmt: skip


@pytest.mark.parametrize("generic", [True, False])
@pytest.mark.parametrize(("module", "cell", "parameters", "formula"), CHIP, ids=_name)
def test_the_chips_cells_are_their_formulas(tmp_path, module, cell, parameters, formula, generic):
    sources = [*sources_of(module), *write_cells([cell], tmp_path / "cells.v")[:1]]
    verdict = equivalent(module, parameters, formula, sources=sources, generic=generic)
    assert verdict, verdict.text


@pytest.mark.parametrize("plain", [0, 1])
@pytest.mark.parametrize(("module", "parameters", "formula"), FORMULAS, ids=_name)
def test_compressors_are_their_formulas(module, parameters, formula, plain):
    verdict = equivalent(module, {**parameters, "Plain": plain}, formula)
    assert verdict, verdict.text


def test_what_is_undefined_is_not_equal_to_anything(tmp_path):
    """The content of a LUT that was never written is X, which a tool may take for any value."""
    text = (RTL / "nj_leaf.sv").read_text()
    old = "init[i] = value(Lanes == 2 && i < 32 ? n + 1 : n, i);"
    assert old in text
    changed = tmp_path / "nj_leaf.sv"
    changed.write_text(text.replace(old, ";"))
    sources = [changed if path.stem == "nj_leaf" else path for path in sources_of("nj_leaf")]
    formula = {"leaf_o": "{2{x_i}}"}
    assert equivalent("nj_leaf", {"Plain": 0}, formula)
    assert not equivalent("nj_leaf", {"Plain": 0}, formula, sources=sources)


def test_a_wrong_formula_is_refuted_where_it_is_wrong():
    verdict = equivalent("nj_popcount", {"Width": 20}, {"count_o": "$countones(bits_i) + (bits_i == 20'h5a5a5)"})
    assert not verdict and verdict.inputs == {"bits_i": 0x5A5A5}
    assumed = equivalent(
        "nj_popcount", {"Width": 20}, {"count_o": "$countones(bits_i) + (bits_i == 20'h5a5a5)"}, assuming="!bits_i[0]"
    )
    assert assumed
