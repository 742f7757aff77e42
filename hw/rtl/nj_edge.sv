// A pulse of one clock for each rising edge of an input that keeps to no clock, in the third clock of the new level.
//
// level_i is taken by two registers, so that what it does between clock edges does no harm, and by a third to compare with.
// A level that is high during reset is no edge. A level that lasts less than a clock may be missed; bounce is not taken
// away, so a contact needs a circuit or a sensor that does.
module nj_edge (
  input  logic clk_i,
  input  logic rst_i,
  input  logic level_i,
  output logic pulse_o
);
  (* ASYNC_REG = "TRUE" *) logic [1:0] taken_q;
  logic before_q;

  assign pulse_o = taken_q[1] && !before_q;

  always_ff @(posedge clk_i) begin
    {before_q, taken_q} <= {taken_q, level_i};
    if (rst_i) {before_q, taken_q} <= '1;
  end
endmodule
