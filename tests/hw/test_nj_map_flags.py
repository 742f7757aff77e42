"""nj_map_flags marks the cells of a map by their place, and the last of each frame by what is known of the frame."""

import pytest

from hw.text import sources_of
from sim.runner import simulate


@pytest.mark.parametrize(("rows", "columns"), [(3, 5), (4, 1)])
def test_flags(rows, columns, tmp_path):
    visible = tmp_path / "visible.vlt"
    names = "".join(f'public_flat_rd -module "nj_map_flags" -var "{name}"\n' for name in ("Rows", "Columns", "Depth"))
    visible.write_text(f"`verilator_config\n{names}")
    sources = [visible, *sources_of("nj_map_flags")]
    parameters = {"Rows": rows, "Columns": columns, "Depth": 4}
    simulate("nj_map_flags", sources, "tests.hw.map_flags_bench", parameters=parameters)
