// What logic between two registers is measured against: a 16-bit carry chain and three levels of LUTs.
//
// Level 1 makes a summand bit of six registers, level 2 is the adder's own LUT with the chain behind it, level 3 makes
// a bit of the highest place and five registers.
module depth_reference (
  input  logic        clk_i,
  input  logic [37:0] x_i,
  output logic        y_o
);
  logic [37:0] x_q;
  logic [5:0]  x;
  logic [15:0] sum;
  logic        first;
  assign x     = x_q[5:0];
  assign first = (x[0] & x[1]) ^ (x[2] | x[3]) ^ (x[4] & ~x[5]);
  assign sum   = x_q[21:6] + {x_q[36:22], first};
  always_ff @(posedge clk_i) begin
    x_q <= x_i;
    y_o <= ((x[0] | x[1]) & (sum[15] ^ x[2])) ^ (x[3] & ~x[4]);
  end
endmodule
