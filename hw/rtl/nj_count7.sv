// Counts seven bits in two LUTs and two carry places, for N lanes side by side.
//
//   s_o[n] + 2 * s_o[N+n] + 4 * s_o[2*N+n] = sum over k of (x_i[k*N+n] ^ Invert[k*N+n])
//
// The first five bits are counted. The count's low bit enters a full adder with the sixth bit and with the seventh,
// which comes in by the carry chain. The second place adds the count's middle bit to the carry, and generates its top
// bit. Bits 5 and 6 cannot be inverted: what the first place generates is the LUT's other half, and no LUT stands
// before the carry input.
module nj_count7 #(
  parameter int unsigned N = 1,
  parameter logic [7*N-1:0] Invert = '0,  // of bits 0 to 4 only
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic [7*N-1:0] x_i,
  output logic [3*N-1:0] s_o
);
  if (Invert[5*N+:2*N] != '0) begin : gen_bad_invert
    $error("nj_count7: bits 5 and 6 cannot be inverted, Invert = %0h", Invert);
  end

  function automatic logic [63:0] init(input bit second, input int n);
    logic [5:0] x;
    for (int i = 0; i < 64; i++) begin
      x = 6'(i);
      for (int k = 0; k < 5; k++) x[k] ^= Invert[k*int'(N)+n];
      if (!second) init[i] = ^x;
      else if (i < 32) init[i] = $countones(x[4:0]) > 3;
      else init[i] = $countones(x[4:0]) == 2 || $countones(x[4:0]) == 3;
    end
  endfunction

  if (Plain) begin : gen_plain
    logic [7*N-1:0] x;
    logic [N-1:0] sum_a, carry_a, sum_b, carry_b, carry_c;
    assign x       = x_i ^ Invert;
    assign sum_a   = x[0+:N] ^ x[N+:N] ^ x[2*N+:N];
    assign carry_a = (x[0+:N] & x[N+:N]) | (x[2*N+:N] & (x[0+:N] | x[N+:N]));
    assign sum_b   = x[3*N+:N] ^ x[4*N+:N] ^ x[5*N+:N];
    assign carry_b = (x[3*N+:N] & x[4*N+:N]) | (x[5*N+:N] & (x[3*N+:N] | x[4*N+:N]));
    assign carry_c = (sum_a & sum_b) | (x[6*N+:N] & (sum_a | sum_b));
    assign s_o = {(carry_a & carry_b) | (carry_c & (carry_a | carry_b)), carry_a ^ carry_b ^ carry_c,
                  sum_a ^ sum_b ^ x[6*N+:N]};
  end else begin : gen_cells
    for (genvar n = 0; n < int'(N); n++) begin : gen_lane
      logic [1:0] p, g;
      logic [4:0] x;
      for (genvar k = 0; k < 5; k++) begin : gen_bit
        assign x[k] = x_i[k*N+n];
      end
      nj_lut2 #(.Init(init(1'b0, n))) u_first (.x_i({x_i[5*N+n], x}), .o5_o(g[0]), .o6_o(p[0]));
      nj_lut2 #(.Init(init(1'b1, n))) u_second (.x_i({1'b1, x}), .o5_o(g[1]), .o6_o(p[1]));
      logic unused;
      nj_carry #(.Width(2)) u_carry (
        .carry_i(x_i[6*N+n]), .propagate_i(p), .generate_i(g), .sum_o({s_o[N+n], s_o[n]}),
        .carry_o({s_o[2*N+n], unused})
      );
    end
  end
endmodule
