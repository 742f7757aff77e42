"""Our FINN operators with RTL back-ends. Importing this needs finn-plus; `finn_build.adapter` sets it up."""

from hw.ops.binary_conv import BinaryConv_rtl
from hw.ops.binary_dense import BinaryDense_rtl
from hw.ops.binary_max_pool import BinaryMaxPool_rtl
from hw.ops.jet_conv import JetConv_rtl
from hw.ops.pixel_table import PixelTable_rtl
from hw.ops.score_affine import ScoreAffine_rtl
from hw.ops.score_argmax import ScoreArgMax_rtl
from hw.ops.stream_fifo import StreamFIFO_rtl

OPERATORS = (
    PixelTable_rtl, JetConv_rtl, BinaryConv_rtl, BinaryMaxPool_rtl, BinaryDense_rtl, ScoreAffine_rtl, ScoreArgMax_rtl,
    StreamFIFO_rtl,
)  # fmt: skip
