// Convolution over a frame, one beat per pixel in and one per window out, channel 0 in the low bits.
//
//   y[o] = sum(window) >= constant[o], one bit, when L::Thresholded
//   y[o] = sum(window) + constant[o], L::OutBits bits of two's complement, else
//
// The sums are those of Sums (nj_sums.hpp). A call is a frame of
//   Raster + Windows * (Fold-1) clocks, Raster = pixels + the steps by which the last window ends behind the last pixel,
// one clock per step: a step takes a pixel, and a pixel that completes a window is worked on for Fold steps, in each of
// which Outputs/Fold outputs are made. Padding is 0. When InsideMap, the last of the Channels is not in the stream: it is 1
// inside of the frame.
//
// L: Height, Width, Channels, Kernel, Stride, Pad (< Kernel), Outputs, Fold (divides Outputs), InBits, OutBits,
// InWidth and OutWidth (of a beat, whole bytes), SumBits, Thresholded, Grouped, InsideMap, Element
// (type of a tap).
#ifndef NJ_CONV_HPP
#define NJ_CONV_HPP

#include <ap_int.h>
#include <hls_stream.h>

#include "nj_line_buffer.hpp"
#include "nj_sums.hpp"

template <typename L, typename Sums, typename Constant>
void nj_conv(hls::stream<ap_uint<L::InWidth> > &in, hls::stream<ap_uint<L::OutWidth> > &out,
             const typename Sums::Weight (&weight)[L::Outputs], const Constant (&constant)[L::Outputs]) {
  const int K = L::Kernel, Behind = K - 1 - L::Pad;
  const int Extra = L::Pad > Behind ? L::Pad - Behind : 0;  // windows may begin that far behind a row's end
  const int Wide = L::Width + Extra, High = L::Height + Extra;
  const int Rows = (L::Height + 2 * L::Pad - K) / L::Stride + 1, Columns = (L::Width + 2 * L::Pad - K) / L::Stride + 1;
  const int Steps = High * Wide + Behind * (Wide + 1) + Rows * Columns * (L::Fold - 1);
  const int Lanes = L::Outputs / L::Fold, PixelBits = (L::Channels - L::InsideMap) * L::InBits;

  nj_line_buffer<PixelBits, K, Wide> lines;
  Sums sums;
  ap_uint<L::OutWidth> result = 0;
  bool whole = false;
  int y = 0, x = 0;                   // of the newest pixel
  int top = -Behind, left = -Behind;  // pixel (top - Pad, left - Pad) is the window's first tap
  int round = 0;
  for (int step = 0; step < Steps; step++) {
#pragma HLS PIPELINE II = 1
    if (round == 0) {
      ap_uint<PixelBits> pixel = 0;
      if (y < L::Height && x < L::Width) pixel = in.read();
      lines.push(pixel, x);
      typename L::Element taps[L::Channels][K][K];
#pragma HLS ARRAY_PARTITION variable = taps complete dim = 0
      for (int ky = 0; ky < K; ky++) {
#pragma HLS UNROLL
        for (int kx = 0; kx < K; kx++) {
#pragma HLS UNROLL
          const int ty = top - L::Pad + ky, tx = left - L::Pad + kx;
          const bool inside = ty >= 0 && ty < L::Height && tx >= 0 && tx < L::Width;
          for (int c = 0; c < L::Channels; c++) {
#pragma HLS UNROLL
            typename L::Element tap = 0;
            if (L::InsideMap && c == L::Channels - 1)
              tap = inside;
            else if (inside)
              tap.range(L::InBits - 1, 0) = lines.window[ky][kx].range((c + 1) * L::InBits - 1, c * L::InBits);
            taps[c][ky][kx] = tap;
          }
        }
      }
      whole = top >= 0 && left >= 0 && top % L::Stride == 0 && left % L::Stride == 0 && top / L::Stride < Rows &&
              left / L::Stride < Columns;
      if (whole) sums.load(taps);
      y += x == Wide - 1;
      x = x == Wide - 1 ? 0 : x + 1;
      top += left == Wide - 1;
      left = left == Wide - 1 ? 0 : left + 1;
    }
    if (whole) {
      for (int lane = 0; lane < Lanes; lane++) {
#pragma HLS UNROLL
        const int output = round * Lanes + lane;
        const ap_int<L::SumBits> sum = sums.sum(weight[output], output);
        if (L::Thresholded) result[output] = sum >= constant[output];
        else result.range((output + 1) * L::OutBits - 1, output * L::OutBits) = ap_int<L::OutBits>(sum + constant[output]);
      }
    }
    if (whole && round < L::Fold - 1) {
      round++;
    } else {
      if (whole) out.write(result);
      round = 0;
    }
  }
}

#endif
