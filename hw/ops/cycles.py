"""Clocks per frame of each RTL module when frames follow each other without a gap and results are taken at once.

The tests of the modules assert these figures exactly; the FINN operators report them as their expected cycles.
"""


def window_map(height: int, width: int, kernel: int, stride: int, pad: int) -> tuple[int, int]:
    """Height and width of the map of windows."""
    return (height + 2 * pad - kernel) // stride + 1, (width + 2 * pad - kernel) // stride + 1


def window_steps(height: int, width: int, kernel: int, stride: int, pad: int) -> list[int]:
    """The pixel of the raster whose step completes each window; beyond height * width: of the next frame."""
    rows, columns = window_map(height, width, kernel, stride, pad)
    lead = kernel - 1 - pad
    return [(lead + y * stride) * width + lead + x * stride for y in range(rows) for x in range(columns)]


def conv_cycles(height: int, width: int, kernel: int, stride: int, pad: int, fold: int) -> int:
    """nj_jet_conv and nj_binary_conv: a step per clock, `fold` clocks per window, each hidden behind the other.

    A step that completes a window waits until the one before is done with; steps that complete none go on
    meanwhile. The recurrence is followed until it repeats from frame to frame.
    """
    steps = height * width
    emits = {step % steps for step in window_steps(height, width, kernel, stride, pad)}
    time, loaded, waiting, ends = 0, -fold, False, []
    for frame in range(4):
        for step in range(steps):
            time = max(time + 1, loaded if waiting else 0)
            waiting = step in emits
            if waiting:
                loaded = max(time + 1, loaded + fold)
        ends.append(max(time, loaded))
        if frame >= 2 and ends[-1] - ends[-2] == ends[-2] - ends[-3]:
            break
    return ends[-1] - ends[-2]


def or_pool_cycles(height: int, width: int) -> int:
    """nj_or_pool takes a pixel per clock."""
    return height * width


def dense_cycles(beats: int, fold: int) -> int:
    """nj_dense takes `fold` clocks per beat."""
    return beats * fold


def argmax_cycles(classes: int) -> int:
    """nj_argmax takes one clock per score, one to accept the scores and one to hand out the result."""
    return classes + 2
