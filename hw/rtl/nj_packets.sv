// Packets of several frames: marks the end of each frame in the input, and of each packet in the results.
//
//   last_o        = s_last_i, or the beat is the last of a frame that others of its packet follow
//   result_last_o = as many results as a packet has frames are complete with this one
//
// So a DMA can send many frames in one transfer, whose only TLAST is at its end, to an accelerator that wants one per
// frame, and take the results as one transfer. With frames_i = 1 (0 is the same) last_o is s_last_i. A packet that ends
// too late is left to nj_frame_sync: its last frame is not marked by the count. One that ends too early begins a new
// packet, and results no longer pair up with packets until reset.
//
// s_beat_i, m_beat_i: the beat at the input, or the result, is accepted in this clock. frames_i may change when no
// packet is under way. Combinational from s_last_i to last_o.
module nj_packets #(
  parameter int unsigned Beats     = 64,
  parameter int unsigned FrameBits = 16
) (
  input  logic                 clk_i,
  input  logic                 rst_i,
  input  logic [FrameBits-1:0] frames_i,
  input  logic                 s_beat_i,
  input  logic                 s_last_i,
  output logic                 last_o,
  input  logic                 m_beat_i,
  output logic                 result_last_o
);
  localparam int unsigned CountBits = Beats > 1 ? unsigned'($clog2(Beats)) : 1;

  logic [CountBits-1:0] beat_q;
  logic [FrameBits-1:0] frame_q, result_q, final_frame;
  logic frame_end;

  assign final_frame = frames_i == '0 ? '0 : frames_i - 1'b1;
  assign frame_end = beat_q == CountBits'(Beats - 1);
  assign last_o = s_last_i || (frame_end && frame_q != final_frame);
  assign result_last_o = result_q == final_frame;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      beat_q <= '0;
      frame_q <= '0;
      result_q <= '0;
    end else begin
      if (s_beat_i) begin
        beat_q <= frame_end || s_last_i ? '0 : beat_q + 1'b1;
        if (frame_end) frame_q <= frame_q == final_frame ? '0 : frame_q + 1'b1;
        if (s_last_i) frame_q <= '0;
      end
      if (m_beat_i) result_q <= result_last_o ? '0 : result_q + 1'b1;
    end
  end
endmodule
