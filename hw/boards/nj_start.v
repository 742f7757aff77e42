// Reset of a board's design: rst_o until hold_i (the reset button, a clock that is not good yet) was low for 2^15 clocks.
module nj_start (
  input  wire clk_i,
  input  wire hold_i,
  output reg  rst_o
);
  reg [1:0]  hold_q = 2'b11;
  reg [15:0] wait_q = 16'd0;
  initial rst_o = 1'b1;
  always @(posedge clk_i) begin
    hold_q <= {hold_q[0], hold_i};
    if (hold_q[1]) wait_q <= 16'd0;
    else if (!wait_q[15]) wait_q <= wait_q + 1'b1;
    rst_o <= !wait_q[15];
  end
endmodule
