// nj_gray, nj_ungray: neighbours differ in one bit, the last and the first too; and the way back gives the number.
module nj_gray_properties #(
  parameter int unsigned Bits = 5
) (
  input logic            clk_i,
  input logic [Bits-1:0] binary_i
);
  logic [Bits-1:0] here, there, back;
  nj_gray #(.Bits(Bits)) u_here (.binary_i, .gray_o(here));
  nj_gray #(.Bits(Bits)) u_there (.binary_i(binary_i + 1'b1), .gray_o(there));
  nj_ungray #(.Bits(Bits)) u_back (.gray_i(here), .binary_o(back));

  always_ff @(posedge clk_i) begin
    assert ($countones(here ^ there) == 1);
    assert (back == binary_i);
  end
endmodule
