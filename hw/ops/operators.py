"""Our FINN operators, each with an RTL and an HLS back-end. Importing this needs finn-plus; see finn_build.adapter."""

from hw.ops.binary_conv import BinaryConv_hls, BinaryConv_rtl
from hw.ops.binary_dense import BinaryDense_hls, BinaryDense_rtl
from hw.ops.binary_max_pool import BinaryMaxPool_hls, BinaryMaxPool_rtl
from hw.ops.jet_conv import JetConv_hls, JetConv_rtl
from hw.ops.score_argmax import ScoreArgMax_hls, ScoreArgMax_rtl
from hw.ops.stream_fifo import StreamFIFO_rtl

RTL_OPERATORS = (JetConv_rtl, BinaryConv_rtl, BinaryMaxPool_rtl, BinaryDense_rtl, ScoreArgMax_rtl, StreamFIFO_rtl)
HLS_OPERATORS = (JetConv_hls, BinaryConv_hls, BinaryMaxPool_hls, BinaryDense_hls, ScoreArgMax_hls)
