// 3x3 jets of integer maps, several clocks per window: Slots maps and Lanes outputs in each, as nj_jets of hw/rtl.
//
//   y[o] = constant[o] + sum over the maps of a jet, added, subtracted or left out; its sign when L::Thresholded (>= 0 is 1),
//   L::OutBits bits of two's complement else
//
// weight[o][c] = 0, or +-(1 + i), i = differences down * 3 + differences across (nj_sums.hpp). Map c of slot s is the one of
// number s * Words + w, w = 0 to Words - 1 coming one after the other. A call is a frame of
//   Raster + Windows * (Words * Groups - 1) clocks, Raster as in nj_conv.hpp, Groups = Outputs / Lanes rounded up.
// Padding is 0.
//
// L: Height, Width, Channels (Slots * Words), Kernel (3), Stride, Pad (0 or 1), Outputs, Slots, Words, Lanes, InBits,
// OutBits, InWidth and OutWidth (of a beat, whole bytes), SumBits, JetBits, Thresholded, Grouped (0), Element.
#ifndef NJ_JETS_HPP
#define NJ_JETS_HPP

#include <ap_int.h>
#include <hls_stream.h>

#include "nj_line_buffer.hpp"
#include "nj_sums.hpp"

template <typename L, typename Weight, typename Constant>
void nj_jets(hls::stream<ap_uint<L::InWidth> > &in, hls::stream<ap_uint<L::OutWidth> > &out,
             const Weight (&weight)[L::Outputs][L::Channels], const Constant (&constant)[L::Outputs]) {
  const int Behind = 2 - L::Pad;
  const int Rows = (L::Height + 2 * L::Pad - 3) / L::Stride + 1, Columns = (L::Width + 2 * L::Pad - 3) / L::Stride + 1;
  const int Groups = (L::Outputs + L::Lanes - 1) / L::Lanes;
  const int Steps = L::Height * L::Width + Behind * (L::Width + 1) + Rows * Columns * (L::Words * Groups - 1);
  const int PixelBits = L::Channels * L::InBits;

  nj_line_buffer<PixelBits, 3, L::Width> lines;
  ap_int<L::JetBits> jets[L::Slots][9];
#pragma HLS ARRAY_PARTITION variable = jets complete dim = 0
  ap_int<L::SumBits> sums[Groups * L::Lanes];
#pragma HLS ARRAY_PARTITION variable = sums cyclic factor = L::Lanes
  ap_uint<L::OutWidth> result = 0;
  bool whole = false;
  int y = 0, x = 0;                   // of the newest pixel
  int top = -Behind, left = -Behind;  // pixel (top - Pad, left - Pad) is the window's first tap
  int word = 0, group = 0;
  for (int step = 0; step < Steps; step++) {
#pragma HLS PIPELINE II = 1
    if (word == 0 && group == 0) {
      ap_uint<PixelBits> pixel = 0;
      if (y < L::Height) pixel = in.read();
      lines.push(pixel, x);
      whole = top >= 0 && left >= 0 && top % L::Stride == 0 && left % L::Stride == 0 && top / L::Stride < Rows &&
              left / L::Stride < Columns;
    }
    if (whole) {
      if (group == 0) {
        for (int slot = 0; slot < L::Slots; slot++) {
#pragma HLS UNROLL
          const int c = slot * L::Words + word;
          ap_int<L::JetBits> down[3][3];  // [differences down][column]
          for (int kx = 0; kx < 3; kx++) {
#pragma HLS UNROLL
            ap_int<L::JetBits> column[3], jet[3];
            for (int ky = 0; ky < 3; ky++) {
#pragma HLS UNROLL
              const int ty = top - L::Pad + ky, tx = left - L::Pad + kx;
              typename L::Element tap = 0;
              if (ty >= 0 && ty < L::Height && tx >= 0 && tx < L::Width)
                tap.range(L::InBits - 1, 0) = lines.window[ky][kx].range((c + 1) * L::InBits - 1, c * L::InBits);
              column[ky] = tap;
            }
            nj_jet_sums<L>::axis(column, jet);
            for (int d = 0; d < 3; d++) down[d][kx] = jet[d];
          }
          for (int d = 0; d < 3; d++) {
#pragma HLS UNROLL
            ap_int<L::JetBits> jet[3];
            nj_jet_sums<L>::axis(down[d], jet);
            for (int e = 0; e < 3; e++) jets[slot][3 * d + e] = jet[e];
          }
        }
      }
      for (int lane = 0; lane < L::Lanes; lane++) {
#pragma HLS UNROLL
        const int output = group * L::Lanes + lane;
        if (output < L::Outputs) {
          ap_int<L::SumBits> sum = word == 0 ? ap_int<L::SumBits>(constant[output]) : sums[output];
          for (int slot = 0; slot < L::Slots; slot++) {
#pragma HLS UNROLL
            const int chosen = weight[output][slot * L::Words + word];
            if (chosen > 0) sum += jets[slot][chosen - 1];
            else if (chosen < 0) sum -= jets[slot][-chosen - 1];
          }
          sums[output] = sum;
          if (L::Thresholded) result[output] = sum >= 0;
          else result.range((output + 1) * L::OutBits - 1, output * L::OutBits) = ap_int<L::OutBits>(sum);
        }
      }
    }
    const bool last_group = !whole || group == Groups - 1, last = !whole || (last_group && word == L::Words - 1);
    if (whole && last) out.write(result);
    if (last) {
      y += x == L::Width - 1;
      x = x == L::Width - 1 ? 0 : x + 1;
      top += left == L::Width - 1;
      left = left == L::Width - 1 ? 0 : left + 1;
    }
    group = last_group ? 0 : group + 1;
    word = last ? 0 : word + last_group;
  }
}

#endif
