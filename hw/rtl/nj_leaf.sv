// A bit, its inverse, 0 or 1 by the round and the lane: two lanes in a LUT.
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

  if (Plain) begin : gen_plain
    logic [N-1:0] pass [1<<RoundBits];
    logic [N-1:0] invert [1<<RoundBits];
    for (genvar r = 0; r < (1 << RoundBits); r++) begin : gen_round
      assign pass[r]   = Pass[r*N+:N];
      assign invert[r] = Invert[r*N+:N];
    end
    assign leaf_o = ({N{x_i}} & pass[round_i]) ^ invert[round_i];
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
