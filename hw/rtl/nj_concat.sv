// Channels of two streams side by side: a stage of registers for what nj_join puts together.
//
//   m_data_o = s_data_i = {b, a}: the elements of a, element 0 in the low bits, then those of b
//
// A beat per clock, one clock later.
module nj_concat #(
  parameter int unsigned Bits = 16  // of a beat of both
) (
  input  logic            clk_i,
  input  logic            rst_i,
  input  logic            s_valid_i,
  output logic            s_ready_o,
  input  logic [Bits-1:0] s_data_i,
  output logic            m_valid_o,
  input  logic            m_ready_i,
  output logic [Bits-1:0] m_data_o
);
  assign s_ready_o = !m_valid_o || m_ready_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) m_valid_o <= 1'b0;
    else if (s_ready_o) m_valid_o <= s_valid_i;
    if (s_valid_i && s_ready_o) m_data_o <= s_data_i;
  end
endmodule
