"""nj_frame_flags joins early and late results with the flags of their frames, and says when there is room."""

import pytest

from hw.text import sources_of
from sim.runner import simulate


@pytest.mark.parametrize("depth", [4, 32])
def test_flags(depth, tmp_path):
    visible = tmp_path / "visible.vlt"
    visible.write_text('`verilator_config\npublic_flat_rd -module "nj_frame_flags" -var "Depth"\n')
    sources = [visible, *sources_of("nj_frame_flags")]
    simulate("nj_frame_flags", sources, "tests.hw.frame_flags_bench", parameters={"Depth": depth})
