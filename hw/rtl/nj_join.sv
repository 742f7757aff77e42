// Beats of several streams side by side: a join that waits for all of them.
//
//   m_data_o = s_data_i: the beats of all inputs, input 0 in the low bits; each input may have a width of its own
//   a beat is put out when every input has one, and all of them are taken in the clock in which it is taken
//
// Combinational: no latency, a beat per clock. m_valid_o follows s_valid_i and never m_ready_i. s_ready_o follows
// m_ready_i and the valids of all inputs: an input must not wait for ready before it is valid, as nothing in this folder does.
module nj_join #(
  parameter int unsigned Inputs = 2,  // at least 2
  parameter int unsigned Bits   = 16  // of all inputs together
) (
  input  logic [Inputs-1:0] s_valid_i,
  output logic [Inputs-1:0] s_ready_o,
  input  logic [Bits-1:0]   s_data_i,
  output logic              m_valid_o,
  input  logic              m_ready_i,
  output logic [Bits-1:0]   m_data_o
);
  if (Inputs < 2) begin : gen_check_inputs
    $error("nj_join: Inputs = %0d, must be at least 2", Inputs);
  end

  assign m_valid_o = &s_valid_i;
  assign m_data_o  = s_data_i;
  assign s_ready_o = {Inputs{m_valid_o && m_ready_i}};
endmodule
