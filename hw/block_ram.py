"""How many block RAMs a memory takes, and what one is worth."""

BLOCKS = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))  # widths and depths of a RAMB18
RAMB18_SITES = 160  # what a block RAM is worth: LUTs there are to one on small chips (7z010 147, 7z020 190, ZU3EG 163)
MOST_RAMB18_SITES = 10_000


def block_rams(words: int, bits: int) -> int:
    """Return the RAMB18 that a memory takes."""
    return min(-(-bits // width) * -(-words // depth) for width, depth in BLOCKS)
