// Brings scores to a common scale in integers, as batch norm behind the last layer does.
//
//   element i of the beat out = multiplier[i] * (element i of the beat in) + bias[i]          all two's complement
//
// A beat in, a beat out. L: Classes, InBits, OutBits (holds every result), InWidth, OutWidth.
#ifndef NJ_AFFINE_HPP
#define NJ_AFFINE_HPP

#include <ap_int.h>
#include <hls_stream.h>

template <typename L, typename Constant>
void nj_affine(hls::stream<ap_uint<L::InWidth> > &in, hls::stream<ap_uint<L::OutWidth> > &out,
               const Constant (&multiplier)[L::Classes], const Constant (&bias)[L::Classes]) {
#pragma HLS PIPELINE II = 1
  const ap_uint<L::InWidth> sums = in.read();
  ap_uint<L::OutWidth> result = 0;
  for (int i = 0; i < L::Classes; i++) {
#pragma HLS UNROLL
    ap_int<L::InBits> sum;
    sum.range(L::InBits - 1, 0) = sums.range((i + 1) * L::InBits - 1, i * L::InBits);
    result.range((i + 1) * L::OutBits - 1, i * L::OutBits) = ap_int<L::OutBits>(multiplier[i] * sum + bias[i]);
  }
  out.write(result);
}

#endif
