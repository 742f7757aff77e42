"""Jets that a memory selects, output by output: nj_jets of hw/rtl."""
