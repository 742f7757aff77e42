// Gray code: gray_o is binary_i in a code of which neighbours differ in one bit, the last and the first too.
module nj_gray #(
  parameter int unsigned Bits = 4
) (
  input  logic [Bits-1:0] binary_i,
  output logic [Bits-1:0] gray_o
);
  assign gray_o = binary_i ^ (binary_i >> 1);
endmodule
