"""Faults between the properties and a module. They fit any module, whatever it looks like inside."""

from hw.text import sources_of
from sim.proofs.formal import PROPERTIES, prove

FAULTS = {
    "stall_ignored": (".m_ready_i,", ".m_ready_i(1'b1),"),
    "beats_lost": (".s_valid_i,", ".s_valid_i(s_valid_i && !s_data_i[0]),"),
    "beats_doubled": ("take = s_valid_i && s_ready", "take = s_valid_i && s_ready && !s_data_i[0]"),
    "data_changed": (".s_data_i,", ".s_data_i(s_data_i ^ $bits(s_data_i)'(1)),"),
}


def prove_changed(tmp_path, module, parameters, file, old, new, **options):
    """Prove with a copy of one of the files, in which `old` is replaced once."""
    sources = [
        PROPERTIES / f"{name}.sv"
        for name in (f"{module}_properties", "nj_scoreboard", "nj_stable", "nj_taken", "nj_windows")
    ]
    sources += sources_of(module)
    text = file.read_text()
    assert old in text
    changed = tmp_path / file.name
    changed.write_text(text.replace(old, new, 1))
    sources = [changed if source == file else source for source in sources]
    return prove(f"{module}_properties", parameters, sources=sources, **options)
