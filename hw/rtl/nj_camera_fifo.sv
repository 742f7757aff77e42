// Between a camera that cannot wait and an accelerator with a clock of its own: nj_camera_drop and nj_async_fifo.
//
// The camera's side has no ready. m_cut_o comes with a beat that is none: the frame under way ends there (frame_cut of
// nj_camera_accelerator). dropped_o counts, in the camera's clock, frames that were dropped or cut. Resets as of
// nj_async_fifo.
module nj_camera_fifo #(
  parameter int unsigned DataBits  = 8,
  parameter int unsigned Depth     = 16,  // a power of two, 4 to 4096
  parameter int unsigned Least     = 8,   // free places that a frame needs at its start
  parameter int unsigned CountBits = 16
) (
  input  logic                 s_clk_i,
  input  logic                 s_rst_i,
  input  logic                 s_valid_i,
  input  logic [DataBits-1:0]  s_data_i,
  input  logic                 s_user_i,
  input  logic                 s_last_i,
  output logic [CountBits-1:0] dropped_o,
  input  logic                 m_clk_i,
  input  logic                 m_rst_i,
  output logic                 m_valid_o,
  input  logic                 m_ready_i,
  output logic [DataBits-1:0]  m_data_o,
  output logic                 m_user_o,
  output logic                 m_last_o,
  output logic                 m_cut_o
);
  localparam int unsigned FreeBits = unsigned'($clog2(Depth)) + 1;

  logic [FreeBits-1:0] free;
  logic valid, user, last, cut;
  logic [DataBits-1:0] data;
  nj_camera_drop #(.DataBits(DataBits), .FreeBits(FreeBits), .Least(Least), .CountBits(CountBits)) u_drop (
    .clk_i(s_clk_i), .rst_i(s_rst_i), .s_valid_i, .s_data_i, .s_user_i, .s_last_i, .free_i(free), .m_valid_o(valid),
    .m_data_o(data), .m_user_o(user), .m_last_o(last), .m_cut_o(cut), .dropped_o
  );
  /* verilator lint_off PINCONNECTEMPTY */
  nj_async_fifo #(.Depth(Depth), .Bits(DataBits + 3)) u_fifo (
    .w_clk_i(s_clk_i), .w_rst_i(s_rst_i), .s_valid_i(valid), .s_ready_o(), .s_data_i({cut, user, last, data}),
    .free_o(free), .r_clk_i(m_clk_i), .r_rst_i(m_rst_i), .m_valid_o, .m_ready_i,
    .m_data_o({m_cut_o, m_user_o, m_last_o, m_data_o})
  );
  /* verilator lint_on PINCONNECTEMPTY */
endmodule
