// Runs a layer, or a whole accelerator, in C++: beats on stdin, beats on stdout, a frame per call.
//
//   nj_cppsim BEATS    beats of a frame; a beat is NJ_IN / 8 bytes, the lowest first
//
// Compiled with NJ_TOP (the function), NJ_IN and NJ_OUT (widths of its streams in bits).
#include <ap_int.h>
#include <hls_stream.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

void NJ_TOP(hls::stream<ap_uint<NJ_IN> > &in0_V, hls::stream<ap_uint<NJ_OUT> > &out0_V);

int main(int argc, char **argv) {
  const long beats = argc == 2 ? std::atol(argv[1]) : 0;
  if (beats < 1) {
    std::cerr << "usage: nj_cppsim BEATS" << std::endl;
    return 2;
  }
  hls::stream<ap_uint<NJ_IN> > in;
  hls::stream<ap_uint<NJ_OUT> > out;
  unsigned char bytes[NJ_IN / 8 > NJ_OUT / 8 ? NJ_IN / 8 : NJ_OUT / 8];
  long waiting = 0;
  while (std::fread(bytes, 1, NJ_IN / 8, stdin) == NJ_IN / 8) {
    ap_uint<NJ_IN> beat = 0;
    for (int i = 0; i < NJ_IN / 8; i++) beat.range(8 * i + 7, 8 * i) = bytes[i];
    in.write(beat);
    if (++waiting < beats) continue;
    waiting = 0;
    NJ_TOP(in, out);
    if (!in.empty()) {
      std::cerr << "a frame of " << beats << " beats was not read to its end" << std::endl;
      return 1;
    }
    while (!out.empty()) {
      const ap_uint<NJ_OUT> result = out.read();
      for (int i = 0; i < NJ_OUT / 8; i++) bytes[i] = (unsigned char)result.range(8 * i + 7, 8 * i).to_uint();
      std::fwrite(bytes, 1, NJ_OUT / 8, stdout);
    }
  }
  return waiting == 0 ? 0 : 1;
}
