// Channels of two streams side by side.
//
//   a beat out = the In0Bits of a beat of in0, then the In1Bits of one of in1 above
//
// A call is a frame of Beats clocks. L: Beats, In0Bits, In1Bits, In0Width, In1Width, OutWidth.
#ifndef NJ_CONCAT_HPP
#define NJ_CONCAT_HPP

#include <ap_int.h>
#include <hls_stream.h>

template <typename L>
void nj_concat(hls::stream<ap_uint<L::In0Width> > &in0, hls::stream<ap_uint<L::In1Width> > &in1,
               hls::stream<ap_uint<L::OutWidth> > &out) {
  for (int i = 0; i < L::Beats; i++) {
#pragma HLS PIPELINE II = 1
    const ap_uint<L::In0Width> first = in0.read();
    const ap_uint<L::In1Width> second = in1.read();
    ap_uint<L::OutWidth> result = 0;
    result.range(L::In0Bits - 1, 0) = first.range(L::In0Bits - 1, 0);
    result.range(L::In0Bits + L::In1Bits - 1, L::In0Bits) = second.range(L::In1Bits - 1, 0);
    out.write(result);
  }
}

#endif
