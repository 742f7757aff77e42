// Sums of two streams, element by element, against a threshold per channel: a residual addition and the sign behind it.
//
//   bit c of the beat out = left[c] * (element c of in0) + right[c] * (element c of in1) >= threshold[c]
//
// Elements are two's complement; those of in1 are bits 0 or 1 where RightBits is 1. A call is a frame of Beats clocks.
// L: Beats, Channels, LeftBits, RightBits, SumBits (holds every sum), In0Width, In1Width, OutWidth.
#ifndef NJ_ADD_HPP
#define NJ_ADD_HPP

#include <ap_int.h>
#include <hls_stream.h>

template <typename L, typename Number>
void nj_add(hls::stream<ap_uint<L::In0Width> > &in0, hls::stream<ap_uint<L::In1Width> > &in1,
            hls::stream<ap_uint<L::OutWidth> > &out, const Number (&left)[L::Channels],
            const Number (&right)[L::Channels], const Number (&threshold)[L::Channels]) {
#pragma HLS ARRAY_PARTITION variable = left complete
#pragma HLS ARRAY_PARTITION variable = right complete
#pragma HLS ARRAY_PARTITION variable = threshold complete
  for (int i = 0; i < L::Beats; i++) {
#pragma HLS PIPELINE II = 1
    const ap_uint<L::In0Width> lefts = in0.read();
    const ap_uint<L::In1Width> rights = in1.read();
    ap_uint<L::OutWidth> result = 0;
    for (int c = 0; c < L::Channels; c++) {
#pragma HLS UNROLL
      ap_int<L::LeftBits> a;
      ap_int<L::RightBits + 1> b = 0;  // a bit stays 0 or 1
      a.range(L::LeftBits - 1, 0) = lefts.range((c + 1) * L::LeftBits - 1, c * L::LeftBits);
      b.range(L::RightBits - 1, 0) = rights.range((c + 1) * L::RightBits - 1, c * L::RightBits);
      if (L::RightBits > 1) b[L::RightBits] = b[L::RightBits - 1];
      const ap_int<L::SumBits> sum = left[c] * a + right[c] * b;
      result[c] = sum >= threshold[c];
    }
    out.write(result);
  }
}

#endif
