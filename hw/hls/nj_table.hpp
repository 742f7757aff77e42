// Looks each byte of a pixel up in the table of its channel, as a quantizer or a sign does.
//
//   element c of the beat out = table[c][element c of the beat in], OutBits bits of two's complement
//
// A call is a frame of Height * Width clocks, a pixel each. L: Height, Width, Channels, OutBits, InWidth, OutWidth.
#ifndef NJ_TABLE_HPP
#define NJ_TABLE_HPP

#include <ap_int.h>
#include <hls_stream.h>

template <typename L>
void nj_table(hls::stream<ap_uint<L::InWidth> > &in, hls::stream<ap_uint<L::OutWidth> > &out,
              const short (&table)[L::Channels][256]) {
#pragma HLS ARRAY_PARTITION variable = table complete dim = 1
  for (int i = 0; i < L::Height * L::Width; i++) {
#pragma HLS PIPELINE II = 1
    const ap_uint<L::InWidth> pixel = in.read();
    ap_uint<L::OutWidth> result = 0;
    for (int c = 0; c < L::Channels; c++) {
#pragma HLS UNROLL
      const ap_uint<8> byte = pixel.range(8 * c + 7, 8 * c);
      result.range((c + 1) * L::OutBits - 1, c * L::OutBits) = ap_int<L::OutBits>(table[c][byte.to_uint()]);
    }
    out.write(result);
  }
}

#endif
