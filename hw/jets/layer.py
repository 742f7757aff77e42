"""What nj_jets is told of a layer: constants and widths, as parameters."""

from dataclasses import dataclass

import numpy as np

from bnn.integer.intervals import signed_bits
from hw.adders.layer import ConvLayer, JetRow, jets_of
from hw.bits import Ints, dot_range, literal
from hw.jets.folding import JetFolding
from hw.jets.schedule import Raster

KERNEL, MOST_STRIDE, MOST_PAD = 3, 2, 1  # that nj_jets takes


@dataclass(frozen=True)
class SelectedJets:
    """A layer of 3x3 jets for nj_jets."""

    rows: tuple[JetRow, ...]  # of each output its jets by map
    constants: Ints  # [O], what a sum starts from
    sum_bits: int  # that hold every sum, two's complement
    in_bits: int
    signed: bool
    maps: int
    thresholded: bool
    out_bits: int  # of a result

    @property
    def jet_bits(self) -> int:
        """The bits of a jet, two's complement."""
        return self.in_bits + (4 if self.signed else 5)

    @property
    def constant_bits(self) -> int:
        """The bits of a constant, two's complement."""
        return signed_bits(int(self.constants.min()), int(self.constants.max()))

    @property
    def stored_bits(self) -> int:
        """The bits of a constant that is to be kept in a memory; 0 where all are 0."""
        return self.constant_bits if self.constants.any() else 0

    def parameters(self, raster: Raster, folding: JetFolding, file: str) -> dict[str, int | str]:
        """Return the parameters of nj_jets; file: that of the selections."""
        constants = np.zeros(folding.groups * folding.lanes, np.int64)
        constants[: folding.outputs] = self.constants
        return {
            "Height": raster.height, "Width": raster.width, "Stride": raster.stride, "Pad": raster.pad,
            "InBits": self.in_bits, "Signed": int(self.signed), "Slots": folding.slots, "Words": folding.words,
            "Lanes": folding.lanes, "Outputs": folding.outputs, "SumBits": self.sum_bits,
            "ConstantBits": self.constant_bits, "Thresholded": int(self.thresholded), "OutBits": self.out_bits,
            "Block": int(folding.block), "Joined": int(folding.joined), "File": f'"{file}"',
            **({} if folding.joined else {"Constant": literal(constants, self.constant_bits)}),
        }  # fmt: skip


def selected(layer: ConvLayer, raster: Raster) -> SelectedJets | None:
    """Return the layer for nj_jets; None when it does not take it."""
    if layer.kernel != KERNEL or layer.grouped or layer.inside_map:
        return None
    if raster.stride > MOST_STRIDE or raster.pad > MOST_PAD:
        return None
    rows = jets_of(layer)
    if rows is None:
        return None
    half = 1 << (layer.in_bits - 1)
    low, high = dot_range(layer.weight, *((-half, half - 1) if layer.in_signed else (0, 2 * half - 1)))
    thresholded = layer.thresholds is not None
    constants = np.zeros(len(layer.weight), np.int64)
    if layer.thresholds is not None:
        constants = -np.clip(layer.thresholds, low, high + 1)
    bits = signed_bits(int((low + constants).min()), int((high + constants).max()))
    return SelectedJets(
        tuple(rows), constants, bits, layer.in_bits, layer.in_signed, layer.maps, thresholded,
        1 if thresholded else layer.out_bits,
    )  # fmt: skip
