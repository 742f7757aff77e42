// Number of ones among Width bits, each an element of an array. Source: adder tree that the compiler balances.
#ifndef NJ_POPCOUNT_HPP
#define NJ_POPCOUNT_HPP

#include <ap_int.h>

// Bits that hold 0..n.
template <int N>
struct nj_bits_of {
  static const int value = N < 2 ? 1 : 1 + nj_bits_of<N / 2>::value;
};
template <>
struct nj_bits_of<0> {
  static const int value = 1;
};

// count = number of i with bits[i] == weight[i]: the XNOR-popcount of +-1 products.
template <int Width>
ap_uint<nj_bits_of<Width>::value> nj_matches(const bool (&bits)[Width], const unsigned char (&weight)[Width]) {
#pragma HLS INLINE
  ap_uint<nj_bits_of<Width>::value> count = 0;
  for (int i = 0; i < Width; i++) {
#pragma HLS UNROLL
    count += bits[i] == (weight[i] != 0) ? 1 : 0;
  }
  return count;
}

#endif
