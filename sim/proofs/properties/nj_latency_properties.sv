// nj_latency: the later one of a frame's end and result tells the time of the result minus that of the end, and nothing
// else does, as long as neither side is more than Depth frames ahead.
//
// A free input marks one frame when the first of the two comes, whichever frame; its clocks are counted.
module nj_latency_properties #(
  parameter int unsigned Depth = 2,
  parameter int unsigned Bits  = 3
) (
  input logic clk_i,
  input logic reset_i,
  input logic mark_i,
  input logic end_i,
  input logic result_i
);
  localparam int unsigned CountBits = $clog2(Depth + 2) + 1;

  logic rst, valid, first, second, marked_q;
  logic [Bits-1:0] latency, age_q;
  logic signed [CountBits-1:0] lead_q;  // ends ahead of results
  logic [CountBits-1:0] distance, ahead_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign distance = lead_q < 0 ? -lead_q : lead_q;
  assign second = (end_i && lead_q < 0) || (result_i && lead_q > 0);
  assign first = lead_q == 0 ? end_i != result_i : lead_q > 0 ? end_i : result_i;

  nj_latency #(.Depth(Depth), .Bits(Bits)) u_latency (
    .clk_i, .rst_i(rst), .end_i, .result_i, .valid_o(valid), .latency_o(latency)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    if (!rst) assume (!first || second || distance < CountBits'(Depth));
    lead_q <= lead_q + CountBits'(end_i) - CountBits'(result_i);
    age_q <= age_q + 1'b1;
    if (second) ahead_q <= ahead_q - 1'b1;
    if (!marked_q && first && mark_i) begin
      marked_q <= 1'b1;
      age_q <= Bits'(1);
      ahead_q <= distance - CountBits'(second);
    end else if (second && ahead_q == '0) begin
      marked_q <= 1'b0;
    end
    if (rst) begin
      lead_q <= '0;
      marked_q <= 1'b0;
    end else begin
      assert (valid == (second || (lead_q == 0 && end_i && result_i)));
      if (lead_q == 0 && valid) assert (latency == '0);
      if (marked_q && ahead_q == '0 && second) assert (latency == (lead_q > 0 ? age_q : -age_q));
    end
  end
endmodule
