"""cocotb module for nj_rom behind rom_reader: every word comes one clock after its address, or two with Block."""

import os
from typing import Any

import cocotb
from cocotb.triggers import Timer


@cocotb.test(timeout_time=1, timeout_unit="us")
async def words(dut: Any) -> None:
    dut.clk_i.value = 0
    for address, word in enumerate(map(int, os.environ["NJ_ROM_WORDS"].split())):
        dut.address_i.value = address
        for _ in range(2):
            await Timer(1, "ns")
            dut.clk_i.value = 1
            await Timer(1, "ns")
            dut.clk_i.value = 0
        await Timer(1, "ns")
        assert int(dut.data_o.value) == word, address
