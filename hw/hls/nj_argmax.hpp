// Class of the largest score with its offset, the lowest at a tie, with scores, margin and unsure: a beat in, a beat out.
// bnn/integer/decision.py is the model, nj_argmax.sv the same in RTL.
//
// point: {least, offset[Classes-1], ..., offset[1]}: ScoreBits + 2, then ScoreBits + 1 of two's complement each; that of
//        class 0 is 0. It must stand still while a frame is under way.
// Out: {margin of OutMarginBits, Classes scores of OutScoreBits, sign extended, score 0 first, field of ClassBits}; class in
//      the low bits of the field, unsure in its last bit but one.
// L: Classes, ScoreBits, ClassBits, OutScoreBits, OutMarginBits, PointBits, InWidth, OutWidth.
#ifndef NJ_ARGMAX_HPP
#define NJ_ARGMAX_HPP

#include <ap_int.h>
#include <hls_stream.h>

template <typename L>
void nj_argmax(hls::stream<ap_uint<L::InWidth> > &in, hls::stream<ap_uint<L::OutWidth> > &out,
               const ap_uint<L::PointBits> &point) {
  const int OffsetBits = L::ScoreBits + 1, MarginBits = L::ScoreBits + 2;
  const ap_uint<L::InWidth> scores = in.read();
  const ap_uint<MarginBits> least = point.range(L::PointBits - 1, L::PointBits - MarginBits);
  ap_uint<L::OutWidth> result = 0;
  ap_int<MarginBits> best = 0, next = 0;  // the largest value, and the second largest
  ap_uint<L::ClassBits> best_class = 0;
  for (int i = 0; i < L::Classes; i++) {
#pragma HLS PIPELINE II = 1
    ap_int<L::ScoreBits> score;
    score.range(L::ScoreBits - 1, 0) = scores.range((i + 1) * L::ScoreBits - 1, i * L::ScoreBits);
    ap_int<OffsetBits> offset = 0;
    if (i > 0) offset.range(OffsetBits - 1, 0) = point.range(i * OffsetBits - 1, (i - 1) * OffsetBits);
    const ap_int<MarginBits> value = score + offset;
    const bool larger = i == 0 || value > best;
    if (larger) {
      next = best;
      best = value;
      best_class = i;
    }
    if (i == 1 ? !larger : !larger && value > next) next = value;
    const int low = L::ClassBits + i * L::OutScoreBits;
    result.range(low + L::OutScoreBits - 1, low) = ap_int<L::OutScoreBits>(score);
  }
  ap_uint<MarginBits> margin = 0;
  if (L::Classes > 1) margin = best - next;
  result.range(L::ClassBits - 1, 0) = best_class;
  result[L::ClassBits - 2] = L::Classes > 1 && margin < least;
  result.range(L::OutWidth - 1, L::OutWidth - L::OutMarginBits) = ap_uint<L::OutMarginBits>(margin);
  out.write(result);
}

#endif
