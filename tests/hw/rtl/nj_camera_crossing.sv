// nj_camera_fifo and nj_camera_sync one after the other, as in front of an accelerator.
module nj_camera_crossing #(
  parameter int unsigned Height = 4,
  parameter int unsigned Beats  = 6,
  parameter int unsigned Depth  = 8,
  parameter int unsigned Least  = 6
) (
  input  logic        s_clk_i,
  input  logic        s_rst_i,
  input  logic        s_valid_i,
  input  logic [15:0] s_data_i,
  input  logic        s_user_i,
  input  logic        s_last_i,
  output logic [7:0]  dropped_o,
  input  logic        m_clk_i,
  input  logic        m_rst_i,
  output logic        m_valid_o,
  input  logic        m_ready_i,
  output logic [15:0] m_data_o,
  output logic        end_o,
  output logic        end_broken_o
);
  logic valid, ready, user, last, cut;
  logic [15:0] data;
  nj_camera_fifo #(.DataBits(16), .Depth(Depth), .Least(Least), .CountBits(8)) u_fifo (
    .s_clk_i, .s_rst_i, .s_valid_i, .s_data_i, .s_user_i, .s_last_i, .dropped_o, .m_clk_i, .m_rst_i,
    .m_valid_o(valid), .m_ready_i(ready), .m_data_o(data), .m_user_o(user), .m_last_o(last), .m_cut_o(cut)
  );
  nj_camera_sync #(.Height(Height), .Beats(Beats), .DataBits(16)) u_sync (
    .clk_i(m_clk_i), .rst_i(m_rst_i), .s_valid_i(valid), .s_ready_o(ready), .s_data_i(data), .s_user_i(user),
    .s_last_i(last), .s_cut_i(cut), .m_valid_o, .m_ready_i, .m_data_o, .room_i(1'b1), .end_o, .end_broken_o,
    .frame_error_o(), .error_pulse_o()
  );
endmodule
