// Runs a layer, or a whole accelerator, in C++: beats on stdin, beats on stdout, a frame per call.
//
//   nj_cppsim BEATS [POINT]    beats of a frame; a beat is NJ_IN / 8 bytes, the lowest first. POINT: 0x and digits
//
// Compiled with NJ_POINT too, the width in bits of the operating point, when the function takes one.
// Compiled with NJ_TOP (the function), NJ_IN and NJ_OUT (widths of its streams in bits); with NJ_IN1 too when the function
// has a second input, whose beats of a frame, as many, follow those of the first.
#include <ap_int.h>
#include <hls_stream.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

#ifdef NJ_POINT
#define NJ_POINT_TYPE , ap_uint<NJ_POINT> operating_point
#define NJ_POINT_VALUE , point
#else
#define NJ_POINT_TYPE
#define NJ_POINT_VALUE
#endif

#ifdef NJ_IN1
void NJ_TOP(hls::stream<ap_uint<NJ_IN> > &in0_V, hls::stream<ap_uint<NJ_IN1> > &in1_V,
            hls::stream<ap_uint<NJ_OUT> > &out0_V NJ_POINT_TYPE);
#else
void NJ_TOP(hls::stream<ap_uint<NJ_IN> > &in0_V, hls::stream<ap_uint<NJ_OUT> > &out0_V NJ_POINT_TYPE);
#endif

// The next beat of stdin; false when there is none.
template <int Width>
bool next(ap_uint<Width> &beat) {
  unsigned char bytes[Width / 8];
  if (std::fread(bytes, 1, Width / 8, stdin) != Width / 8) return false;
  for (int i = 0; i < Width / 8; i++) beat.range(8 * i + 7, 8 * i) = bytes[i];
  return true;
}

int main(int argc, char **argv) {
#ifdef NJ_POINT
  const int arguments = 3;
#else
  const int arguments = 2;
#endif
  const long beats = argc == arguments ? std::atol(argv[1]) : 0;
  if (beats < 1) {
    std::cerr << "usage: nj_cppsim BEATS [POINT]" << std::endl;
    return 2;
  }
#ifdef NJ_POINT
  ap_uint<NJ_POINT> point = 0;
  for (const char *digit = argv[2] + 2; *digit; digit++) {  // behind 0x
    const int value = *digit <= '9' ? *digit - '0' : *digit - 'a' + 10;
    point = ap_uint<NJ_POINT>(point << 4) | ap_uint<NJ_POINT>(value);
  }
#endif
  hls::stream<ap_uint<NJ_IN> > in;
  hls::stream<ap_uint<NJ_OUT> > out;
  unsigned char bytes[NJ_OUT / 8];
  long waiting = 0;
  for (ap_uint<NJ_IN> beat = 0; next(beat);) {
    in.write(beat);
    if (++waiting < beats) continue;
#ifdef NJ_IN1
    hls::stream<ap_uint<NJ_IN1> > in1;
    for (ap_uint<NJ_IN1> other = 0; waiting > 0 && next(other); waiting--) in1.write(other);
    if (waiting > 0) return 1;
    NJ_TOP(in, in1, out NJ_POINT_VALUE);
    const bool left = !in.empty() || !in1.empty();
#else
    waiting = 0;
    NJ_TOP(in, out NJ_POINT_VALUE);
    const bool left = !in.empty();
#endif
    if (left) {
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
