"""nj_latency counts from the end of the frame to its result, whichever of the two comes first."""

import pytest

from hw.text import sources_of
from sim.runner import simulate


@pytest.mark.parametrize("depth", [2, 32])
def test_latency(depth, tmp_path):
    visible = tmp_path / "visible.vlt"
    visible.write_text('`verilator_config\npublic_flat_rd -module "nj_latency" -var "Depth"\n')
    sources = [visible, *sources_of("nj_latency")]
    simulate("nj_latency", sources, "tests.hw.latency_bench", parameters={"Depth": depth, "Bits": 12})
