// What an output of a convolution adds up, for one window: the four kinds of layers.
//
// A kind is a struct with load(taps), called once per window, and sum(o) of output o. Taps are [Channels][K][K];
// what is outside the frame is 0.
#ifndef NJ_SUMS_HPP
#define NJ_SUMS_HPP

#include <ap_int.h>

#include "nj_popcount.hpp"

// Taps [Channels][K][K] in a row, map by map, as values of a type: what kinds with a weight per tap have in common.
template <typename L, typename Value>
struct nj_flat {
  static const int Size = L::Channels * L::Kernel * L::Kernel;
  Value values[Size];

  template <typename Tap>
  void load(const Tap (&taps)[L::Channels][L::Kernel][L::Kernel]) {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = values complete
    for (int c = 0; c < L::Channels; c++) {
#pragma HLS UNROLL
      for (int k = 0; k < L::Kernel * L::Kernel; k++) {
#pragma HLS UNROLL
        values[c * L::Kernel * L::Kernel + k] = Value(taps[c][k / L::Kernel][k % L::Kernel]);
      }
    }
  }
};

// +-1 weights on bits: sum(o) = number of i with tap[i] == weight[o][i]. That is the sum over +-1 products of bits
// 0 and 1, plus the number of -1 among the weights, which the layer's constants take away.
template <typename L>
struct nj_match_sums : nj_flat<L, bool> {
  typedef unsigned char Weight[nj_flat<L, bool>::Size];  // 1: +1, 0: -1

  ap_int<L::SumBits> sum(const Weight &weight, int) const {
#pragma HLS INLINE
    return nj_matches<nj_flat<L, bool>::Size>(this->values, weight);
  }
};

// Small integers on integers or bits: sum(o) = sum over i of weight[o][i] * tap[i]. For weights of a few bits on pixels, and
// for +-1 maps padded with a true 0, whose last map, 1 inside of the frame, the layer makes itself.
template <typename L>
struct nj_weighted_sums : nj_flat<L, typename L::Element> {
  typedef short Weight[nj_flat<L, typename L::Element>::Size];

  ap_int<L::SumBits> sum(const Weight &weight, int) const {
#pragma HLS INLINE
    ap_int<L::SumBits> total = 0;
    for (int i = 0; i < this->Size; i++) {
#pragma HLS UNROLL
      total += weight[i] * this->values[i];
    }
    return total;
  }
};

// +-1 weights on integers: sum(o) = sum over i of (weight[o][i] ? tap[i] : -tap[i]).
template <typename L>
struct nj_signed_sums : nj_flat<L, typename L::Element> {
  typedef unsigned char Weight[nj_flat<L, typename L::Element>::Size];

  ap_int<L::SumBits> sum(const Weight &weight, int) const {
#pragma HLS INLINE
    ap_int<L::SumBits> total = 0;
    for (int i = 0; i < this->Size; i++) {
#pragma HLS UNROLL
      if (weight[i]) total += this->values[i];
      else total -= this->values[i];
    }
    return total;
  }
};

// Jets: kernels that are products of n factors [1 1] or [1 -1] down and n across, n = Kernel-1. All Kernel*Kernel
// jets of a map are made once per window, vertically first, and an output adds or subtracts one of each map:
// weight[o][c] = 0, or +-(1 + i), i = differences down * Kernel + differences across. When Grouped, output o reads
// map o alone.
template <typename L>
struct nj_jet_sums {
  static const int K = L::Kernel;
  static const int Reads = L::Grouped ? 1 : L::Channels;
  typedef signed char Weight[Reads];
  ap_int<L::JetBits> jets[L::Channels][K * K];

  // All K one-dimensional jets of K taps: factors are applied one by one, the differences last.
  static void axis(const ap_int<L::JetBits> (&taps)[K], ap_int<L::JetBits> (&jet)[K]) {
#pragma HLS INLINE
    for (int d = 0; d < K; d++) {  // d differences, K-1-d sums
#pragma HLS UNROLL
      ap_int<L::JetBits> work[K];
#pragma HLS ARRAY_PARTITION variable = work complete
      for (int i = 0; i < K; i++) {
#pragma HLS UNROLL
        work[i] = taps[i];
      }
      for (int step = 0; step < K - 1; step++) {
#pragma HLS UNROLL
        for (int i = 0; i < K - 1 - step; i++) {
#pragma HLS UNROLL
          if (step < K - 1 - d) work[i] = work[i] + work[i + 1];
          else work[i] = work[i] - work[i + 1];
        }
      }
      jet[d] = work[0];
    }
  }

  void load(const typename L::Element (&taps)[L::Channels][K][K]) {
#pragma HLS INLINE
#pragma HLS ARRAY_PARTITION variable = jets complete dim = 0
    for (int c = 0; c < L::Channels; c++) {
#pragma HLS UNROLL
      ap_int<L::JetBits> down[K][K];  // [differences down][column]
#pragma HLS ARRAY_PARTITION variable = down complete dim = 0
      for (int x = 0; x < K; x++) {
#pragma HLS UNROLL
        ap_int<L::JetBits> column[K], jet[K];
        for (int y = 0; y < K; y++) {
#pragma HLS UNROLL
          column[y] = taps[c][y][x];
        }
        axis(column, jet);
        for (int d = 0; d < K; d++) {
#pragma HLS UNROLL
          down[d][x] = jet[d];
        }
      }
      for (int d = 0; d < K; d++) {
#pragma HLS UNROLL
        ap_int<L::JetBits> jet[K];
        axis(down[d], jet);
        for (int e = 0; e < K; e++) {
#pragma HLS UNROLL
          jets[c][d * K + e] = jet[e];
        }
      }
    }
  }

  ap_int<L::SumBits> sum(const Weight &weight, int output) const {
#pragma HLS INLINE
    ap_int<L::SumBits> total = 0;
    for (int r = 0; r < Reads; r++) {
#pragma HLS UNROLL
      const int c = L::Grouped ? output : r, chosen = weight[r];
      if (chosen > 0) total += jets[c][chosen - 1];
      else if (chosen < 0) total -= jets[c][-chosen - 1];
    }
    return total;
  }
};

#endif
