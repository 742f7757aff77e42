// Elman layer: a dense layer of +-1 weights over the rows of a map of bits, which reads its own last output.
//
//   count[o] = number of bits i of the row with bit[i] == weight[.][o][.], and of bits j of the state with
//              state[j] == recurrent[o][j]
//   state[o] = count[o] >= constant[o] behind each row; all 0 in front of the first, out behind the last
//
// A call is a frame of Rows * (Columns + 1) * Fold clocks: in each, Outputs/Fold accumulators go on by a beat, in the
// last Fold clocks of a row by the state. L: Rows, Columns, Channels, Outputs, Fold (divides Outputs), InWidth, OutWidth,
// CountBits.
#ifndef NJ_ELMAN_HPP
#define NJ_ELMAN_HPP

#include <ap_int.h>
#include <hls_stream.h>

#include "nj_popcount.hpp"

template <typename L, typename Constant>
void nj_elman(hls::stream<ap_uint<L::InWidth> > &in, hls::stream<ap_uint<L::OutWidth> > &out,
              const unsigned char (&weight)[L::Columns][L::Outputs][L::Channels],
              const unsigned char (&recurrent)[L::Outputs][L::Outputs], const Constant (&constant)[L::Outputs]) {
  const int Lanes = L::Outputs / L::Fold;
  ap_uint<L::CountBits> count[L::Fold][Lanes];
#pragma HLS ARRAY_PARTITION variable = count complete dim = 2
  bool bits[L::Channels], state[L::Outputs], next[L::Outputs];
#pragma HLS ARRAY_PARTITION variable = bits complete
#pragma HLS ARRAY_PARTITION variable = state complete
#pragma HLS ARRAY_PARTITION variable = next complete
  for (int o = 0; o < L::Outputs; o++) {
#pragma HLS UNROLL
    state[o] = false;
  }
  for (int row = 0; row < L::Rows; row++) {
    for (int beat = 0; beat <= L::Columns; beat++) {
      for (int round = 0; round < L::Fold; round++) {
#pragma HLS PIPELINE II = 1
        if (round == 0 && beat < L::Columns) {
          const ap_uint<L::InWidth> data = in.read();
          for (int c = 0; c < L::Channels; c++) {
#pragma HLS UNROLL
            bits[c] = data[c];
          }
        }
        for (int lane = 0; lane < Lanes; lane++) {
#pragma HLS UNROLL
          const int output = round * Lanes + lane;
          const ap_uint<L::CountBits> before = beat == 0 ? ap_uint<L::CountBits>(0) : count[round][lane];
          if (beat < L::Columns) {
            count[round][lane] = before + nj_matches<L::Channels>(bits, weight[beat][output]);
          } else {
            const ap_uint<L::CountBits> total = before + nj_matches<L::Outputs>(state, recurrent[output]);
            next[output] = ap_int<L::CountBits + 1>(total) >= constant[output];
          }
        }
      }
    }
    for (int o = 0; o < L::Outputs; o++) {
#pragma HLS UNROLL
      state[o] = next[o];
    }
  }
  ap_uint<L::OutWidth> result = 0;
  for (int o = 0; o < L::Outputs; o++) {
#pragma HLS UNROLL
    result[o] = state[o];
  }
  out.write(result);
}

#endif
