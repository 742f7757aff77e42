// nj_popcount behind one register, with the stream ports the shared bench drives.
module popcount_bench #(
  parameter int unsigned Width = 16
) (
  input  logic                       clk_i,
  input  logic                       rst_i,
  input  logic                       s_valid_i,
  output logic                       s_ready_o,
  input  logic [Width-1:0]           s_data_i,
  output logic                       m_valid_o,
  input  logic                       m_ready_i,
  output logic [$clog2(Width+1)-1:0] m_data_o
);
  logic [Width-1:0] data_q;
  assign s_ready_o = !m_valid_o || m_ready_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) m_valid_o <= 1'b0;
    else if (s_ready_o) m_valid_o <= s_valid_i;
    if (s_ready_o) data_q <= s_data_i;
  end
  nj_popcount #(.Width(Width)) u_count (.bits_i(data_q), .count_o(m_data_o));
endmodule
