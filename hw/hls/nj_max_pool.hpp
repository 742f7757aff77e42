// Max-pooling of +-1 maps: OR of the bits of Size x Size windows, stride Size, incomplete windows dropped; AND, which
// is the minimum, of the maps c with minimum[c].
//
// A call is a frame of Height * Width clocks, a pixel each. L: Height, Width, Channels, Size, InWidth, OutWidth.
#ifndef NJ_MAX_POOL_HPP
#define NJ_MAX_POOL_HPP

#include <ap_int.h>
#include <hls_stream.h>

template <typename L>
void nj_max_pool(hls::stream<ap_uint<L::InWidth> > &in, hls::stream<ap_uint<L::OutWidth> > &out,
                 const unsigned char (&minimum)[L::Channels]) {
  const int Columns = L::Width / L::Size, Rows = L::Height / L::Size;
  ap_uint<L::Channels> above[Columns];  // of every window, the result of its rows so far
  ap_uint<L::Channels> across = 0;      // the result of this row
  ap_uint<L::Channels> flip;
  for (int c = 0; c < L::Channels; c++) {
#pragma HLS UNROLL
    flip[c] = minimum[c] != 0;
  }
  for (int y = 0; y < L::Height; y++) {
    for (int x = 0; x < L::Width; x++) {
#pragma HLS PIPELINE II = 1
#pragma HLS LOOP_FLATTEN
      const ap_uint<L::Channels> pixel = ap_uint<L::Channels>(in.read()) ^ flip;
      across = x % L::Size == 0 ? pixel : ap_uint<L::Channels>(across | pixel);
      const int column = x / L::Size;
      if (x % L::Size == L::Size - 1 && column < Columns) {
        const ap_uint<L::Channels> window = y % L::Size == 0 ? across : ap_uint<L::Channels>(across | above[column]);
        above[column] = window;
        if (y % L::Size == L::Size - 1 && y / L::Size < Rows) out.write(ap_uint<L::Channels>(window ^ flip));
      }
    }
  }
}

#endif
