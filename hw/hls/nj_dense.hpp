// Dense layer of +-1 weights over a frame of one-bit inputs, Beats beats of Channels bits.
//
//   count[o] = number of inputs i with input[i] == weight[.][o][.]
//   y[o] = count[o] >= constant[o], one bit, when L::Thresholded, else 2 * count[o] + constant[o], L::OutBits bits
//
// A call is a frame of Beats * Fold clocks: in each, Outputs/Fold accumulators go on by a beat.
// L: Beats, Channels (copies included), Outputs, Fold (divides Outputs), Copies (of each input), Together (inputs in a
// row that are copied as one), OutBits, InWidth, OutWidth, CountBits, Thresholded.
#ifndef NJ_DENSE_HPP
#define NJ_DENSE_HPP

#include <ap_int.h>
#include <hls_stream.h>

#include "nj_popcount.hpp"

template <typename L, typename Constant>
void nj_dense(hls::stream<ap_uint<L::InWidth> > &in, hls::stream<ap_uint<L::OutWidth> > &out,
              const unsigned char (&weight)[L::Beats][L::Outputs][L::Channels], const Constant (&constant)[L::Outputs]) {
  const int Lanes = L::Outputs / L::Fold;
  ap_uint<L::CountBits> count[L::Fold][Lanes];
#pragma HLS ARRAY_PARTITION variable = count complete dim = 2
  bool bits[L::Channels];
#pragma HLS ARRAY_PARTITION variable = bits complete
  ap_uint<L::OutWidth> result = 0;
  int beat = 0, round = 0;
  for (int step = 0; step < L::Beats * L::Fold; step++) {
#pragma HLS PIPELINE II = 1
    if (round == 0) {
      const ap_uint<L::InWidth> data = in.read();
      for (int c = 0; c < L::Channels; c++) {
#pragma HLS UNROLL
        bits[c] = data[c / (L::Copies * L::Together) * L::Together + c % L::Together];
      }
    }
    for (int lane = 0; lane < Lanes; lane++) {
#pragma HLS UNROLL
      const int output = round * Lanes + lane;
      const ap_uint<L::CountBits> before = beat == 0 ? ap_uint<L::CountBits>(0) : count[round][lane];
      const ap_uint<L::CountBits> now = before + nj_matches<L::Channels>(bits, weight[beat][output]);
      count[round][lane] = now;
      if (L::Thresholded) result[output] = ap_int<L::CountBits + 1>(now) >= constant[output];
      else result.range((output + 1) * L::OutBits - 1, output * L::OutBits) = ap_int<L::OutBits>(2 * now + constant[output]);
    }
    if (round == L::Fold - 1) {
      round = 0;
      beat++;
    } else {
      round++;
    }
  }
  out.write(result);
}

#endif
