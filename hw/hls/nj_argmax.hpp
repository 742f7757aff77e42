// Class of the largest score, the lowest at a tie, with the scores: a beat in, a beat out.
//
// Out: class in the low ClassBits bits, then Classes scores of OutScoreBits bits, sign extended, score 0 first.
// L: Classes, ScoreBits, ClassBits, OutScoreBits, InWidth, OutWidth.
#ifndef NJ_ARGMAX_HPP
#define NJ_ARGMAX_HPP

#include <ap_int.h>
#include <hls_stream.h>

template <typename L>
void nj_argmax(hls::stream<ap_uint<L::InWidth> > &in, hls::stream<ap_uint<L::OutWidth> > &out) {
  const ap_uint<L::InWidth> scores = in.read();
  ap_uint<L::OutWidth> result = 0;
  ap_int<L::ScoreBits> best = 0;
  ap_uint<L::ClassBits> best_class = 0;
  for (int i = 0; i < L::Classes; i++) {
#pragma HLS PIPELINE II = 1
    ap_int<L::ScoreBits> score;
    score.range(L::ScoreBits - 1, 0) = scores.range((i + 1) * L::ScoreBits - 1, i * L::ScoreBits);
    if (i == 0 || score > best) {
      best = score;
      best_class = i;
    }
    const int low = L::ClassBits + i * L::OutScoreBits;
    result.range(low + L::OutScoreBits - 1, low) = ap_int<L::OutScoreBits>(score);
  }
  result.range(L::ClassBits - 1, 0) = best_class;
  out.write(result);
}

#endif
