// Video from a source that cannot wait, in front of a FIFO with free_i free places: frames are dropped whole where there is
// no room, and counted.
//
//   start     with Least free places or more the frame is let in, else dropped up to the next start
//   no room   one place is left while a frame is let in: it ends there, with a beat for nj_camera_sync that says so (m_cut_o),
//             and what is left of it is dropped. nj_camera_sync fills it up at once, so that its result, which says broken,
//             is on its way before the next frame begins
//
// Beats before the first start are dropped. dropped_o counts frames that were dropped or cut, and begins anew at 0 behind
// its highest value. Combinational from input to output; m_valid_o needs no ready, for there is room.
module nj_camera_drop #(
  parameter int unsigned DataBits  = 8,
  parameter int unsigned FreeBits  = 5,
  parameter int unsigned Least     = 8,  // 2 or more
  parameter int unsigned CountBits = 16
) (
  input  logic                 clk_i,
  input  logic                 rst_i,
  input  logic                 s_valid_i,
  input  logic [DataBits-1:0]  s_data_i,
  input  logic                 s_user_i,
  input  logic                 s_last_i,
  input  logic [FreeBits-1:0]  free_i,
  output logic                 m_valid_o,
  output logic [DataBits-1:0]  m_data_o,
  output logic                 m_user_o,
  output logic                 m_last_o,
  output logic                 m_cut_o,
  output logic [CountBits-1:0] dropped_o
);
  if (Least < 2 || Least >= 1 << FreeBits) begin : gen_check
    $error("nj_camera_drop: Least = %0d, must be 2 or more and fit %0d bits", Least, FreeBits);
  end

  logic open_q;  // the frame under way is let in
  logic enough, full, let_in;
  assign enough = free_i >= FreeBits'(Least);
  assign full   = free_i < FreeBits'(2);
  assign let_in = s_user_i ? enough : open_q;
  // A start that is not let in cuts nothing: the frame before it has ended, or the next start will end it.
  assign m_cut_o   = !s_user_i && full;
  assign m_valid_o = s_valid_i && let_in && free_i != '0;
  assign m_data_o  = s_data_i;
  assign m_user_o  = s_user_i;
  assign m_last_o  = s_last_i;

  logic [CountBits-1:0] dropped_q;
  assign dropped_o = dropped_q;
  always_ff @(posedge clk_i) begin
    if (s_valid_i) begin
      open_q <= let_in && !m_cut_o;
      if (s_user_i ? !enough : open_q && full) dropped_q <= dropped_q + 1'b1;
    end
    if (rst_i) {open_q, dropped_q} <= '0;
  end
endmodule
