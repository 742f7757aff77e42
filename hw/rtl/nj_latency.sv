// Clocks from the last beat of a frame to its result, signed, as both happen: negative when the result was first.
//
// end_i: in this clock a frame ends; result_i: in this clock a result is taken. Both come in the order of the frames, and
// either may be ahead, by Depth frames at the most. valid_o: in this clock the later one of a frame is there, and
// latency_o is the time of its result minus that of its end. With several frames in flight each counts from its own end.
module nj_latency #(
  parameter int unsigned Depth = 32,  // a power of two, at least 2; a shift register of LUTs a bit
  parameter int unsigned Bits  = 32
) (
  input  logic            clk_i,
  input  logic            rst_i,
  input  logic            end_i,
  input  logic            result_i,
  output logic            valid_o,
  output logic [Bits-1:0] latency_o
);
  localparam int unsigned Address = Depth > 1 ? unsigned'($clog2(Depth)) : 1;

  if (Depth < 2 || Depth != 1 << Address) begin : gen_check_depth
    $error("nj_latency: Depth = %0d, must be a power of two, at least 2", Depth);
  end

  logic [Depth-1:0][Bits-1:0] stamps_q;  // when what is ahead came, the newest lowest
  logic [Address:0] oldest_q;  // where the oldest is; all ones: none is there
  logic [Bits-1:0] time_q, passed;
  logic results_ahead_q, none, push, pop;

  assign none = oldest_q[Address];
  assign push = none ? end_i != result_i : results_ahead_q ? result_i : end_i;
  assign pop = !none && (results_ahead_q ? end_i : result_i);
  assign passed = time_q - stamps_q[oldest_q[Address-1:0]];
  assign valid_o = pop || (none && end_i && result_i);
  assign latency_o = none ? '0 : results_ahead_q ? -passed : passed;

  always_ff @(posedge clk_i) begin
    time_q <= time_q + 1'b1;
    if (push) stamps_q <= {stamps_q[Depth-2:0], time_q};
    if (push != pop) oldest_q <= push ? oldest_q + 1'b1 : oldest_q - 1'b1;
    if (none) results_ahead_q <= result_i;
    if (rst_i) begin
      oldest_q <= '1;
      time_q <= '0;
    end
  end
endmodule
