// Marks the cells of a map: where a row ends, where a frame ends, and whether that frame was broken.
//
//   m_last_o   = the cell is the last of its row
//   m_end_o    = the cell is the last of its frame
//   m_broken_o = that frame was broken (nj_frame_sync); 0 with all other cells
//
// Rows*Columns cells a frame, row by row. A cell passes in the clock in which it comes, but for the last of a frame: it
// waits until end_i has said whether the frame is broken, as nj_frame_flags has results wait. room_o as there. Data pass
// beside this module. No path leads from m_ready_i to m_valid_o.
module nj_map_flags #(
  parameter int unsigned Rows    = 4,
  parameter int unsigned Columns = 4,
  parameter int unsigned Depth   = 4  // of nj_frame_flags
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
  output logic m_last_o,
  output logic m_end_o,
  output logic m_broken_o
);
  localparam int unsigned XBits = Columns > 1 ? unsigned'($clog2(Columns)) : 1;
  localparam int unsigned YBits = Rows > 1 ? unsigned'($clog2(Rows)) : 1;

  if (Rows < 1 || Columns < 1) begin : gen_check_size
    $error("nj_map_flags: a map of %0dx%0d cells, at least 1x1", Rows, Columns);
  end

  logic [XBits-1:0] x_q;
  logic [YBits-1:0] y_q;
  logic known_valid, known_ready, known_broken;

  assign m_last_o = x_q == XBits'(Columns - 1);
  assign m_end_o  = m_last_o && y_q == YBits'(Rows - 1);

  nj_frame_flags #(
    .Depth(Depth)
  ) u_frame_flags (
    .clk_i, .rst_i, .end_i, .broken_i, .room_o,
    .s_valid_i(s_valid_i && m_end_o), .s_ready_o(known_ready),
    .m_valid_o(known_valid), .m_ready_i, .m_broken_o(known_broken)
  );

  assign m_valid_o  = m_end_o ? known_valid : s_valid_i;
  assign s_ready_o  = m_end_o ? known_ready : m_ready_i;
  assign m_broken_o = m_end_o && known_broken;

  always_ff @(posedge clk_i) begin
    if (m_valid_o && m_ready_i) begin
      x_q <= m_last_o ? '0 : XBits'(nj_pkg::next(32'(x_q)));
      if (m_last_o) y_q <= m_end_o ? '0 : YBits'(nj_pkg::next(32'(y_q)));
    end
    if (rst_i) {y_q, x_q} <= '0;
  end
endmodule
