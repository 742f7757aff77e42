"""cocotb module for nj_join: inputs offer beats at random times, and the output is compared with a model in Python."""

import random
from typing import Any

import cocotb
from cocotb.triggers import Timer

SEED = 13
CLOCKS = 2000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def beats_leave_together(dut: Any) -> None:
    draw, inputs, bits = random.Random(SEED), len(dut.s_valid_i), len(dut.s_data_i)
    everything = (1 << inputs) - 1
    joined = 0
    for _ in range(CLOCKS):
        valid = draw.getrandbits(inputs) | draw.getrandbits(inputs)
        data, ready = draw.getrandbits(bits), draw.getrandbits(1)
        dut.s_valid_i.value, dut.s_data_i.value, dut.m_ready_i.value = valid, data, ready
        await Timer(1, "ns")
        together = valid == everything
        assert dut.m_valid_o.value == int(together)
        assert dut.s_ready_o.value == (everything if together and ready else 0)
        assert dut.m_data_o.value == data
        joined += together and ready
    assert joined > CLOCKS // 20
