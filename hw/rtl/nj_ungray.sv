// The number whose Gray code (nj_gray) is gray_i.
module nj_ungray #(
  parameter int unsigned Bits = 4
) (
  input  logic [Bits-1:0] gray_i,
  output logic [Bits-1:0] binary_o
);
  for (genvar i = 0; i < int'(Bits); i++) begin : gen_bit
    assign binary_o[i] = ^(gray_i >> i);
  end
endmodule
