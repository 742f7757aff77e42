// slow_pixels, not slow but with replies of nine bytes: longer than a picture, so that results wait.
module long_replies (
  input  logic clk_i,
  input  logic rst_i,
  input  logic rx_i,
  output logic tx_o
);
  slow_pixels #(.Every(2), .ResultBytes(8)) u_pixels (.clk_i, .rst_i, .rx_i, .tx_o);
endmodule
