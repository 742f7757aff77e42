// Collects the results of a window's rounds into one beat, behind a pipeline of Latency registers.
//
// advance_o moves the pipeline and its source; a result that waits for m_ready_i stops both. A window valid at
// s_valid_i gives, Latency clocks of advance_o later, result_i: Bits bits a round, the first round's lowest in
// m_data_o.
module nj_result #(
  parameter int unsigned Bits    = 1,  // of a round
  parameter int unsigned Fold    = 1,  // rounds of a window
  parameter int unsigned Latency = 1   // at least 1
) (
  input  logic                 clk_i,
  input  logic                 rst_i,
  input  logic                 s_valid_i,
  input  logic                 s_last_i,  // this is the window's last round
  output logic                 advance_o,
  input  logic [Bits-1:0]      result_i,
  output logic                 m_valid_o,
  input  logic                 m_ready_i,
  output logic [Fold*Bits-1:0] m_data_o
);
  logic [Latency-1:0] valid_q, last_q;
  assign advance_o = !m_valid_o || m_ready_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      valid_q   <= '0;
      m_valid_o <= 1'b0;
    end else if (advance_o) begin
      valid_q   <= Latency'({valid_q, s_valid_i});
      m_valid_o <= valid_q[Latency-1] && last_q[Latency-1];
    end
    if (advance_o) begin
      last_q <= Latency'({last_q, s_last_i});
      if (valid_q[Latency-1]) m_data_o <= (Fold*Bits)'({result_i, m_data_o} >> Bits);
    end
  end
endmodule
