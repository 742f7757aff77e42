// One stream for two consumers: every beat of a frame to both. A call is a frame of Beats clocks.
#ifndef NJ_FORK_HPP
#define NJ_FORK_HPP

#include <ap_int.h>
#include <hls_stream.h>

template <int Beats, int Width>
void nj_fork(hls::stream<ap_uint<Width> > &in, hls::stream<ap_uint<Width> > &first,
             hls::stream<ap_uint<Width> > &second) {
  for (int i = 0; i < Beats; i++) {
#pragma HLS PIPELINE II = 1
    const ap_uint<Width> beat = in.read();
    first.write(beat);
    second.write(beat);
  }
}

#endif
