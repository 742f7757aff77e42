// What a stream puts out, against what is due: every due beat comes once, in order and right, and nothing else comes;
// a beat that waits for ready stays as it is.
//
// due_i: in this clock a beat becomes due, with the data want_i. A free input marks one of them, whichever; the number
// of beats ahead of it tells when it must come. Most: beats that may be due at a time. Wait: clocks that the output may
// stay empty while a beat is due.
module nj_scoreboard #(
  parameter int unsigned Bits = 8,
  parameter int unsigned Most = 4,
  parameter int unsigned Wait = 1
) (
  input logic            clk_i,
  input logic            rst_i,
  input logic            mark_i,
  input logic            due_i,
  input logic [Bits-1:0] want_i,
  input logic            valid_i,
  input logic            ready_i,
  input logic [Bits-1:0] data_i
);
  localparam int unsigned CountBits = $clog2(Most + 3);
  localparam int unsigned WaitBits = $clog2(Wait + 3);

  logic [CountBits-1:0] inside_q, ahead_q;
  logic [WaitBits-1:0] idle_q;
  logic [Bits-1:0] want_q;
  logic marked_q, give;

  assign give = valid_i && ready_i;

  nj_stable #(.Bits(Bits)) u_stable (.clk_i, .rst_i, .valid_i, .ready_i, .data_i);

  always_ff @(posedge clk_i) begin
    inside_q <= inside_q + CountBits'(due_i) - CountBits'(give);
    idle_q <= inside_q == '0 || valid_i ? '0 : idle_q + 1'b1;
    if (give) ahead_q <= ahead_q - 1'b1;
    if (!marked_q && due_i && mark_i) begin
      marked_q <= 1'b1;
      want_q <= want_i;
      ahead_q <= inside_q - CountBits'(give);
    end else if (give && ahead_q == '0) begin
      marked_q <= 1'b0;
    end
    if (rst_i) begin
      marked_q <= 1'b0;
      inside_q <= '0;
      idle_q <= '0;
    end else begin
      assert (inside_q <= CountBits'(Most));
      assert (idle_q <= WaitBits'(Wait));
      if (valid_i) assert (inside_q != '0);
      if (marked_q && ahead_q == '0 && valid_i) assert (data_i == want_q);
    end
  end
endmodule
