"""Clocks per frame of each RTL module when frames follow each other without a gap and results are taken at once.

The tests of the modules assert these figures exactly; the FINN operators report them as their expected cycles.
"""


def window_map(height: int, width: int, kernel: int, stride: int, pad: int) -> tuple[int, int]:
    """Return height and width of the map of windows."""
    return (height + 2 * pad - kernel) // stride + 1, (width + 2 * pad - kernel) // stride + 1


def conv_cycles(height: int, width: int, kernel: int, stride: int, pad: int, fold: int) -> int:
    """Return the clocks of a written convolution: a step per clock, `fold` clocks per window, whichever is longer.

    From the step that completes a window to the one that completes the next, steps go on while the window is
    worked on: the longer of the two counts. The steps between are `stride` within a row of windows, then what
    is left of the rows in between, and from the last window to the first one of the next frame.

    >>> conv_cycles(64, 64, kernel=3, stride=1, pad=1, fold=1), conv_cycles(8, 8, kernel=3, stride=1, pad=0, fold=2)
    (4096, 94)
    """
    rows, columns = window_map(height, width, kernel, stride, pad)
    across = stride * (columns - 1)  # steps from the first window of a row to its last one
    next_row = stride * width - across
    next_frame = height * width - stride * (rows - 1) * width - across
    return rows * (columns - 1) * max(fold, stride) + (rows - 1) * max(fold, next_row) + max(fold, next_frame)


def hls_conv_cycles(height: int, width: int, kernel: int, stride: int, pad: int, fold: int) -> int:
    """Return the clocks of nj_conv.hpp: a step per place of the raster, `fold` steps where a window is whole.

    >>> hls_conv_cycles(64, 64, kernel=3, stride=1, pad=1, fold=1), hls_conv_cycles(8, 8, 3, 1, 0, fold=2)
    (4161, 118)
    """
    rows, columns = window_map(height, width, kernel, stride, pad)
    behind = kernel - 1 - pad
    extra = max(0, pad - behind)
    return (height + extra) * (width + extra) + behind * (width + extra + 1) + rows * columns * (fold - 1)


def table_cycles(height: int, width: int) -> int:
    """Return the clocks of nj_table, which takes a pixel per clock."""
    return height * width


def column_cycles(height: int, width: int, period: int) -> int:
    """Return the clocks of a written convolution that spends `period` clocks on every column."""
    return height * width * period


def or_pool_cycles(height: int, width: int) -> int:
    """Return the clocks of nj_or_pool, which takes a pixel per clock."""
    return height * width


def dense_cycles(beats: int, fold: int) -> int:
    """Return the clocks of nj_dense, which takes `fold` clocks per beat."""
    return beats * fold


def argmax_cycles(classes: int) -> int:
    """Return the clocks of nj_argmax: its latency, and one to hand out the result.

    >>> [argmax_cycles(classes) for classes in (1, 2, 3, 10)]
    [2, 4, 10, 24]
    """
    return argmax_latency(classes) + 1


def argmax_latency(classes: int) -> int:
    """Return the clocks from the scores to the class: two rounds of a clock per score, and three to compare the last.

    Two scores are subtracted at once, moved by their offset and made positive.
    """
    return 2 * classes + 3 if classes > 2 else 2 * classes - 1


def matvec_cycles(beats: int, packed: int, pieces: int, groups: int, replay: bool) -> int:
    """Return the clocks of a folded matrix, a step each: every word of the frame meets every group of rows.

    packed: beats of a word; pieces: words of a beat, when a word has less than one. With replay the next frame is
    stored meanwhile, a word per clock; else a word is collected while the one before is worked on.

    >>> matvec_cycles(784, 72, 1, 64, False), matvec_cycles(1, 1, 16, 256, True)
    (784, 4096)
    """
    words = beats * pieces if pieces > 1 else -(-beats // packed)
    if replay:
        return max(beats * pieces, words * groups)
    short = beats - (words - 1) * packed if pieces == 1 else 1  # beats of the last word
    return (words - 1) * max(groups, packed) + max(groups, short)
