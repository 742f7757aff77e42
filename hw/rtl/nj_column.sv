// Holds a column for Period clocks, in which its digits or the outputs are worked on in turn.
//
// The column stays where it is, in the registers of nj_line_buffer, until m_round_o has counted from 0 to Period-1.
// m_emit_o: the column completes a window. mask_o[c]: column c of that window (0 the oldest) lies inside the frame.
module nj_column #(
  parameter int unsigned Kernel = 3,
  parameter int unsigned Bits   = 8,  // of a column
  parameter int unsigned Period = 2,  // at least 2
  localparam int unsigned RoundBits = unsigned'($clog2(Period))
) (
  input  logic                 clk_i,
  input  logic                 rst_i,
  input  logic                 s_valid_i,
  output logic                 s_ready_o,
  input  logic                 s_emit_i,
  input  logic [Kernel-1:0]    s_mask_i,
  input  logic [Bits-1:0]      s_column_i,
  output logic                 m_valid_o,
  input  logic                 m_ready_i,
  output logic                 m_emit_o,
  output logic [Kernel-1:0]    m_mask_o,
  output logic [Bits-1:0]      m_column_o,
  output logic [RoundBits-1:0] m_round_o
);
  if (Period < 2) begin : gen_bad_period
    $error("nj_column: Period = %0d, at least 2", Period);
  end
  logic last;
  assign last       = m_round_o == RoundBits'(Period - 1);
  assign s_ready_o  = m_ready_i && last;
  assign m_valid_o  = s_valid_i;
  assign m_emit_o   = s_emit_i;
  assign m_mask_o   = s_mask_i;
  assign m_column_o = s_column_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) m_round_o <= '0;
    else if (m_valid_o && m_ready_i) m_round_o <= last ? '0 : RoundBits'(nj_pkg::next(32'(m_round_o)));
  end
endmodule
