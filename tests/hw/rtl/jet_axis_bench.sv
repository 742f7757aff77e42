// nj_jet_axis behind one register, with the stream ports the shared bench drives.
module jet_axis_bench #(
  parameter int unsigned Taps   = 3,
  parameter int unsigned InBits = 2
) (
  input  logic                            clk_i,
  input  logic                            rst_i,
  input  logic                            s_valid_i,
  output logic                            s_ready_o,
  input  logic [Taps*InBits-1:0]          s_data_i,
  output logic                            m_valid_o,
  input  logic                            m_ready_i,
  output logic [Taps*(InBits+Taps-1)-1:0] m_data_o
);
  logic [Taps*InBits-1:0] data_q;
  assign s_ready_o = !m_valid_o || m_ready_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) m_valid_o <= 1'b0;
    else if (s_ready_o) m_valid_o <= s_valid_i;
    if (s_ready_o) data_q <= s_data_i;
  end
  nj_jet_axis #(.Taps(Taps), .InBits(InBits)) u_axis (.x_i(data_q), .y_o(m_data_o));
endmodule
