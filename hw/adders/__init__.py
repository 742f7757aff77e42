"""Sums of constant multiples as adder graphs for dual-output LUTs, planned and written as SystemVerilog."""
