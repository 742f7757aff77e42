// Counts the bits in which two words agree, two pairs of bits per dual-output LUT, for N lanes side by side.
//
//   lane n: low_o[n] + 2 * sum over k of twos_o[n*Twos+k] = number of i with x_i[i] == w_i[n*Pairs+i]
//
// The LUTs form a chain: each adds two pairs to the low bit of the one before, and its carry is one of twos_o. So a pair
// costs half a site here and a quarter for the carries later. A separate XNOR would cost another half.
module nj_match #(
  parameter int unsigned N     = 1,
  parameter int unsigned Pairs = 8,
  parameter bit Plain = nj_pkg::Plain,
  localparam int unsigned Twos = (Pairs + 1) / 2
) (
  input  logic [Pairs-1:0]   x_i,
  input  logic [N*Pairs-1:0] w_i,
  output logic [N-1:0]       low_o,
  output logic [N*Twos-1:0]  twos_o
);
  function automatic logic [63:0] init();
    logic [2:0] bits;
    for (int i = 0; i < 64; i++) begin
      bits    = {i[4], i[2] ~^ i[3], i[0] ~^ i[1]};
      init[i] = i < 32 ? $countones(bits) > 1 : ^bits;
    end
  endfunction

  for (genvar n = 0; n < int'(N); n++) begin : gen_lane
    logic [2*Twos-1:0] x, w;  // an odd number of pairs is filled up with a pair that differs
    if (Pairs % 2 != 0) begin : gen_odd
      assign x = {1'b0, x_i};
      assign w = {1'b1, w_i[n*Pairs+:Pairs]};
    end else begin : gen_even
      assign x = x_i;
      assign w = w_i[n*Pairs+:Pairs];
    end
    if (Plain) begin : gen_plain  // all links at once, each at the place of its lower pair: a simulator likes words
      /* verilator lint_off UNUSEDSIGNAL */
      logic [2*Twos-1:0] same, other, lows, carries;
      /* verilator lint_on UNUSEDSIGNAL */
      always_comb begin
        same  = x ~^ w;
        other = same >> 1;
        lows  = (same ^ other) & {Twos{2'b01}};
        for (int unsigned shift = 2; shift < 2 * Twos; shift *= 2) lows ^= lows << shift;
        carries = (same & other) | ((lows << 2) & (same | other));
      end
      for (genvar k = 0; k < int'(Twos); k++) begin : gen_link
        assign twos_o[n*Twos+k] = carries[2*k];
      end
      assign low_o[n] = lows[2*Twos-2];
    end else begin : gen_cells
      logic [Twos:0] low;
      assign low[0]   = 1'b0;
      assign low_o[n] = low[Twos];
      for (genvar k = 0; k < int'(Twos); k++) begin : gen_link
        nj_lut2 #(.Init(init())) u_lut (
          .x_i({1'b1, low[k], w[2*k+1], x[2*k+1], w[2*k], x[2*k]}), .o5_o(twos_o[n*Twos+k]), .o6_o(low[k+1])
        );
      end
    end
  end
endmodule
