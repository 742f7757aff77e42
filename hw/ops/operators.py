"""Our FINN operators, with RTL and HLS back-ends. Importing this needs finn-plus; `finn_build.adapter` sets it up."""

from hw.ops.binary_conv import BinaryConv_hls, BinaryConv_rtl
from hw.ops.binary_dense import BinaryDense_hls, BinaryDense_rtl
from hw.ops.binary_max_pool import BinaryMaxPool_hls, BinaryMaxPool_rtl
from hw.ops.jet_conv import JetConv_hls, JetConv_rtl
from hw.ops.pixel_table import PixelTable_hls, PixelTable_rtl
from hw.ops.score_affine import ScoreAffine_hls, ScoreAffine_rtl
from hw.ops.score_argmax import ScoreArgMax_hls, ScoreArgMax_rtl
from hw.ops.stream_fifo import StreamFIFO_rtl

RTL_OPERATORS = (
    PixelTable_rtl, JetConv_rtl, BinaryConv_rtl, BinaryMaxPool_rtl, BinaryDense_rtl, ScoreAffine_rtl, ScoreArgMax_rtl,
    StreamFIFO_rtl,
)  # fmt: skip
HLS_OPERATORS = (
    PixelTable_hls, JetConv_hls, BinaryConv_hls, BinaryMaxPool_hls, BinaryDense_hls, ScoreAffine_hls, ScoreArgMax_hls,
)  # fmt: skip
