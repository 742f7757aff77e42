// Counts three bits, each passed, inverted, 0 or 1 as the round and the lane choose: a dual-output LUT per lane.
//
//   s_o[n] + 2 * s_o[N+n] = sum over k of ((x_i[k] & Pass[round_i][k][n]) ^ Invert[round_i][k][n])
module nj_leaf3 #(
  parameter int unsigned N = 1,
  parameter int unsigned RoundBits = 1,  // at most 2
  parameter logic [(1<<RoundBits)*3*N-1:0] Pass   = '1,  // element (round*3+k)*N+n
  parameter logic [(1<<RoundBits)*3*N-1:0] Invert = '0,
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic [2:0]           x_i,
  input  logic [RoundBits-1:0] round_i,
  output logic [2*N-1:0]       s_o
);
  if (RoundBits > 2) begin : gen_bad_rounds
    $error("nj_leaf3: RoundBits = %0d, at most 2", RoundBits);
  end
  function automatic logic [63:0] init(input int n);
    logic [2:0] x;
    /* verilator lint_off UNUSEDSIGNAL */
    int unsigned place;
    /* verilator lint_on UNUSEDSIGNAL */
    for (int i = 0; i < 64; i++) begin
      for (int k = 0; k < 3; k++) begin
        place = (((i >> 3) % (1 << RoundBits)) * 3 + k) * N + n;
        x[k]  = (i[k] & Pass[place]) ^ Invert[place];
      end
      init[i] = i < 32 ? $countones(x) > 1 : ^x;
    end
  endfunction

  // a word of constants a round, at places that are powers of two
  localparam int unsigned Shift = unsigned'($clog2(3*N));
  function automatic logic [(1<<(RoundBits+Shift))-1:0] apart(input logic [(1<<RoundBits)*3*N-1:0] words);
    apart = '0;
    for (int unsigned r = 0; r < (1 << RoundBits); r++) apart[(r<<Shift)+:3*N] = words[r*3*N+:3*N];
  endfunction

  if (Plain) begin : gen_plain  // no arrays: they cost a simulator a store a round
    localparam logic [(1<<(RoundBits+Shift))-1:0] AllPass   = apart(Pass);
    localparam logic [(1<<(RoundBits+Shift))-1:0] AllInvert = apart(Invert);
    logic [RoundBits+Shift-1:0] place;
    assign place = (RoundBits + Shift)'(round_i) << Shift;
    logic [N-1:0] a, b, c;
    assign {c, b, a} = ({{N{x_i[2]}}, {N{x_i[1]}}, {N{x_i[0]}}} & AllPass[place+:3*N]) ^ AllInvert[place+:3*N];
    assign s_o = {(a & b) | (c & (a | b)), a ^ b ^ c};
  end else begin : gen_cells
    for (genvar n = 0; n < int'(N); n++) begin : gen_lane
      nj_lut2 #(.Init(init(n))) u_lut (.x_i({1'b1, 5'({round_i, x_i})}), .o5_o(s_o[N+n]), .o6_o(s_o[n]));
    end
  end
endmodule
