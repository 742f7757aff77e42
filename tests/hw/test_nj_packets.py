"""nj_packets marks the frames of packets and the packets of results, with any gaps between beats (packets_bench)."""

import pytest

from hw.text import sources_of
from sim.runner import simulate


@pytest.mark.parametrize("beats", [1, 5])
def test_ends(beats, tmp_path):
    visible = tmp_path / "visible.vlt"
    visible.write_text('`verilator_config\npublic_flat_rd -module "nj_packets" -var "Beats"\n')
    parameters = {"Beats": beats, "FrameBits": 4}
    simulate("nj_packets", [visible, *sources_of("nj_packets")], "tests.hw.packets_bench", parameters=parameters)
