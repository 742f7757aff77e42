"""The sums of a convolution over one window and their thresholds: the modules between nj_window and nj_result."""

from dataclasses import replace

from hw.adders.folded import Folded
from hw.adders.lanes import Lanes, separable
from hw.adders.layer import ConvLayer, Sums, jets_of
from hw.adders.parallel import Parallel
from hw.adders.serial import Serial


def write(
    layer: ConvLayer, name: str, column_clocks: int = 0, masked: bool = True, counting: bool = False
) -> Sums:  # fmt: skip
    """Return the two modules of a layer by the method that takes the fewest sites, and what the others would take.

    column_clocks: how long every column may be held, at the rate that the folding gives. masked: columns of a window
    may lie outside the frame. counting: the sites are wanted, not the text.
    """
    if layer.fold == 1:
        return Parallel(layer, name, counting=counting).write()
    found = jets_of(layer) if layer.in_bits > 1 and layer.thresholds is not None else None
    possible = [Folded(layer, name, counting=counting).write()]
    if found is not None and any(found):
        possible.append(Serial(layer, name, found, counting=counting).write())
        if column_clocks > 1:
            possible.append(Serial(layer, name, found, column_clocks, counting).write())
    orders = separable(layer)
    if orders is not None and column_clocks > 1:
        possible.append(Lanes(layer, name, orders, column_clocks, masked, counting).write())
    best, *others = sorted(possible, key=lambda sums: sums.sites)
    return replace(best, alternatives=tuple((sums.method, sums.sites) for sums in others))
