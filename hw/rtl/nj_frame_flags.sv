// Joins each result with what nj_frame_sync knows of its frame: m_broken_o, is the frame broken?
//
// end_i: in this clock a frame ends, and broken_i says how. Results come in the order of the frames. One that comes
// before its frame's end waits for it, for only then it is known whether the frame was whole; so a result is out a clock
// after the last beat of its frame at the earliest. Apart from that a result passes at once, and no data go through here.
//
// room_o: another frame may begin. It is low while more than Depth / 2 frames wait for their results. A frame that was
// begun may end all the same; one that ends while room_o is low is the last until it was high. What waits here are whole
// frames, whose results come without another frame, so nothing stands still. room_o depends on registers only.
module nj_frame_flags #(
  parameter int unsigned Depth = 32  // a power of two, 4 to 4096; a shift register of LUTs
) (
  input  logic clk_i,
  input  logic rst_i,
  input  logic end_i,
  input  logic broken_i,
  output logic room_o,
  input  logic s_valid_i,
  output logic s_ready_o,
  output logic m_valid_o,
  input  logic m_ready_i,
  output logic m_broken_o
);
  localparam int unsigned Bits = unsigned'($clog2(Depth));

  if (Depth < 4 || Depth > 4096 || Depth != 1 << Bits) begin : gen_check_depth
    $error("nj_frame_flags: Depth = %0d, must be a power of two from 4 to 4096", Depth);
  end

  logic [Depth-1:0] flags_q;  // of the newest frame lowest
  logic [Bits:0] oldest_q;  // where that of the oldest is; all ones: none is there
  logic none, pop;

  assign none = oldest_q[Bits];
  assign room_o = none || !oldest_q[Bits-1];
  assign m_valid_o = s_valid_i && !none;
  assign s_ready_o = m_ready_i && !none;
  assign m_broken_o = flags_q[oldest_q[Bits-1:0]];
  assign pop = m_valid_o && m_ready_i;

  always_ff @(posedge clk_i) begin
    if (end_i) flags_q <= {flags_q[Depth-2:0], broken_i};
    if (end_i != pop) oldest_q <= end_i ? oldest_q + 1'b1 : oldest_q - 1'b1;
    if (rst_i) oldest_q <= '1;
  end
endmodule
