// nj_edge: a pulse in the third clock of a level that was low in the clock before the first; none for a level since reset.
module nj_edge_properties (
  input logic clk_i,
  input logic reset_i,
  input logic level_i
);
  logic rst, pulse;
  logic [2:0] levels_q;  // of the last clocks, the newest lowest; 1 in reset
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;

  nj_edge u_edge (.clk_i, .rst_i(rst), .level_i, .pulse_o(pulse));

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    levels_q <= rst ? 3'b111 : {levels_q[1:0], level_i};
    if (!rst) assert (pulse == (levels_q[2:1] == 2'b01));
  end
endmodule
