// Sum-pooling of +-1 maps: sums over SizeY x SizeX windows with that stride, incomplete windows dropped; what is summed
// for output c is +1 for bit 1 of map c / Copies and -1 for bit 0, the other way round with negative[c].
//
//   element c of the beat out = sum >= constant[c] if Thresholded, else sum + constant[c], OutBits of two's complement
//
// A call is a frame of Height * Width clocks, a pixel each. L: Height, Width, Outputs, Copies, SizeY, SizeX,
// Thresholded, OutBits, SumBits (of a sum), InWidth, OutWidth.
#ifndef NJ_SUM_POOL_HPP
#define NJ_SUM_POOL_HPP

#include <ap_int.h>
#include <hls_stream.h>

template <typename L, typename Constant>
void nj_sum_pool(hls::stream<ap_uint<L::InWidth> > &in, hls::stream<ap_uint<L::OutWidth> > &out,
                 const unsigned char (&negative)[L::Outputs], const Constant (&constant)[L::Outputs]) {
#pragma HLS ARRAY_PARTITION variable = negative complete
#pragma HLS ARRAY_PARTITION variable = constant complete
  const int Columns = L::Width / L::SizeX, Rows = L::Height / L::SizeY;
  ap_int<L::SumBits> above[L::Outputs][Columns];  // of every window, what its rows so far add up to
  ap_int<L::SumBits> across[L::Outputs];          // what this row adds up to
#pragma HLS ARRAY_PARTITION variable = above complete dim = 1
#pragma HLS ARRAY_PARTITION variable = across complete
  for (int y = 0; y < L::Height; y++) {
    for (int x = 0; x < L::Width; x++) {
#pragma HLS PIPELINE II = 1
#pragma HLS LOOP_FLATTEN
      const ap_uint<L::InWidth> pixel = in.read();
      const int column = x / L::SizeX;
      const bool row_ends = x % L::SizeX == L::SizeX - 1 && column < Columns;
      ap_uint<L::OutWidth> result = 0;
      for (int c = 0; c < L::Outputs; c++) {
#pragma HLS UNROLL
        const ap_int<L::SumBits> from = x % L::SizeX == 0 ? ap_int<L::SumBits>(0) : across[c];
        across[c] = pixel[c / L::Copies] != (negative[c] != 0) ? from + 1 : from - 1;
        if (row_ends) {
          const ap_int<L::SumBits> sum = y % L::SizeY == 0 ? across[c] : ap_int<L::SumBits>(across[c] + above[c][column]);
          above[c][column] = sum;
          if (L::Thresholded) result[c] = sum >= constant[c];
          else result.range((c + 1) * L::OutBits - 1, c * L::OutBits) = ap_int<L::OutBits>(sum + constant[c]);
        }
      }
      if (row_ends && y % L::SizeY == L::SizeY - 1 && y / L::SizeY < Rows) out.write(result);
    }
  }
}

#endif
