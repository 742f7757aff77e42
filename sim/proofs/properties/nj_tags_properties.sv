// nj_tags: each result has the tag of its own frame, which is that of the last beat taken when the frame ended, as long as
// results follow their frames' ends and no more than Depth wait.
//
// A free input marks one end, whichever; the number of frames ahead of it tells which result is its.
module nj_tags_properties #(
  parameter int unsigned Depth = 4,
  parameter int unsigned Bits  = 2
) (
  input logic            clk_i,
  input logic            reset_i,
  input logic            mark_i,
  input logic            beat_i,
  input logic [Bits-1:0] tag_i,
  input logic            end_i,
  input logic            result_i
);
  localparam int unsigned CountBits = $clog2(Depth + 2);

  logic rst, marked_q, begun_q;  // begun_q: a beat was taken
  logic [Bits-1:0] tag, last_q, want_q;
  logic [CountBits-1:0] inside_q, ahead_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;

  nj_tags #(.Depth(Depth), .Bits(Bits)) u_tags (
    .clk_i, .rst_i(rst), .beat_i, .tag_i, .end_i, .result_i, .tag_o(tag)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    if (!rst) begin
      assume (!result_i || inside_q != '0);
      assume (!end_i || beat_i || begun_q);
      assume (!end_i || inside_q < CountBits'(Depth));
    end
    if (beat_i) {begun_q, last_q} <= {1'b1, tag_i};
    inside_q <= inside_q + CountBits'(end_i) - CountBits'(result_i);
    if (result_i) ahead_q <= ahead_q - 1'b1;
    if (!marked_q && end_i && mark_i) begin
      marked_q <= 1'b1;
      want_q <= beat_i ? tag_i : last_q;
      ahead_q <= inside_q - CountBits'(result_i);
    end else if (result_i && ahead_q == '0) begin
      marked_q <= 1'b0;
    end
    if (rst) {inside_q, marked_q, begun_q} <= '0;
    else if (marked_q && ahead_q == '0) assert (tag == want_q);
  end
endmodule
