// Passes a bit, its inverse, 0 or 1, chosen by the round and the lane: two lanes per LUT.
//
//   leaf_o[n] = (x_i & Pass[round_i][n]) ^ Invert[round_i][n]
module nj_leaf #(
  parameter int unsigned N = 2,
  parameter int unsigned RoundBits = 1,  // at most 5; a LUT serves two lanes with up to 4, one with 5
  parameter logic [(1<<RoundBits)*N-1:0] Pass   = '1,  // element round*N+n
  parameter logic [(1<<RoundBits)*N-1:0] Invert = '0,
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic                 x_i,
  input  logic [RoundBits-1:0] round_i,
  output logic [N-1:0]         leaf_o
);
  if (RoundBits > 5) begin : gen_bad_rounds
    $error("nj_leaf: RoundBits = %0d, at most 5", RoundBits);
  end
  localparam int unsigned Lanes = RoundBits > 4 ? 1 : 2;  // of a LUT
  function automatic logic value(input int n, input int i);
    /* verilator lint_off UNUSEDSIGNAL */
    int unsigned place;
    /* verilator lint_on UNUSEDSIGNAL */
    place = ((i >> 1) % (1 << RoundBits)) * N + n;
    return n < int'(N) ? (i[0] & Pass[place]) ^ Invert[place] : 1'b0;
  endfunction
  function automatic logic [63:0] init(input int n);
    for (int i = 0; i < 64; i++) init[i] = value(Lanes == 2 && i < 32 ? n + 1 : n, i);
  endfunction

  // a word of constants a round, at places that are powers of two
  localparam int unsigned Shift = unsigned'($clog2(N));
  function automatic logic [(1<<(RoundBits+Shift))-1:0] apart(input logic [(1<<RoundBits)*N-1:0] words);
    apart = '0;
    for (int unsigned r = 0; r < (1 << RoundBits); r++) apart[(r<<Shift)+:N] = words[r*N+:N];
  endfunction

  if (Plain) begin : gen_plain  // no arrays: they cost a simulator a store a round
    localparam logic [(1<<(RoundBits+Shift))-1:0] AllPass   = apart(Pass);
    localparam logic [(1<<(RoundBits+Shift))-1:0] AllInvert = apart(Invert);
    logic [RoundBits+Shift-1:0] place;
    assign place = (RoundBits + Shift)'(round_i) << Shift;
    assign leaf_o = ({N{x_i}} & AllPass[place+:N]) ^ AllInvert[place+:N];
  end else begin : gen_cells
    for (genvar n = 0; n < int'(N); n += Lanes) begin : gen_lut
      logic [5:0] x;
      /* verilator lint_off UNUSEDSIGNAL */
      logic       other;  // no lane when their number is odd
      /* verilator lint_on UNUSEDSIGNAL */
      if (Lanes == 2) begin : gen_two
        assign x = {1'b1, 5'({round_i, x_i})};
      end else begin : gen_one
        assign x = {round_i, x_i};
      end
      nj_lut2 #(.Init(init(n))) u_lut (.x_i(x), .o5_o(other), .o6_o(leaf_o[n]));
      if (Lanes == 2 && n + 1 < int'(N)) begin : gen_other
        assign leaf_o[n+1] = other;
      end
    end
  end
endmodule
