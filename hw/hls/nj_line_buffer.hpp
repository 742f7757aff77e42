// The window behind the newest pixel: Kernel-1 rows in memory, Kernel columns in registers.
//
// Pixels come in raster order, each a word of Bits bits. After push(pixel, x) the window's element [ky][kx] is the
// pixel (Kernel-1-ky) rows above and (Kernel-1-kx) columns before the newest, counted along a raster Width wide
// without regard for where a row ends: the caller masks what is outside the frame.
#ifndef NJ_LINE_BUFFER_HPP
#define NJ_LINE_BUFFER_HPP

#include <ap_int.h>

template <int Bits, int Kernel, int Width>
struct nj_line_buffer {
  typedef ap_uint<Bits> Pixel;
  static const int Rows = Kernel > 1 ? Kernel - 1 : 1;  // an array may not be empty
  Pixel rows[Rows][Width];
  Pixel window[Kernel][Kernel];

  void push(Pixel pixel, int x) {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = rows complete dim = 1
#pragma HLS ARRAY_PARTITION variable = window complete dim = 0
#pragma HLS DEPENDENCE variable = rows inter RAW distance = Width true
    Pixel column[Kernel];
#pragma HLS ARRAY_PARTITION variable = column complete
    for (int k = 0; k < Kernel - 1; k++) {
#pragma HLS UNROLL
      column[k] = rows[k][x];
    }
    column[Kernel - 1] = pixel;
    for (int k = 0; k < Kernel - 1; k++) {
#pragma HLS UNROLL
      rows[k][x] = column[k + 1];
    }
    for (int ky = 0; ky < Kernel; ky++) {
#pragma HLS UNROLL
      for (int kx = 0; kx < Kernel - 1; kx++) {
#pragma HLS UNROLL
        window[ky][kx] = window[ky][kx + 1];
      }
      window[ky][Kernel - 1] = column[ky];
    }
  }
};

#endif
