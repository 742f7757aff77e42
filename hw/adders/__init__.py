"""Sums of constant multiples, as adder graphs made for dual-output LUTs: planned, written as SystemVerilog."""
