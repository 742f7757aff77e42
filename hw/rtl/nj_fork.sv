// One stream for several consumers: a fork that waits for all of them.
//
//   each output puts out every beat of the input once, in order
//   an output's beat is taken in any clock, whatever the other outputs do
//   the input's beat is taken in the clock in which the last output has taken its own
//
// No latency; a beat per clock while every output is ready. m_valid_o follows s_valid_i and registers, never an m_ready_i;
// s_ready_o follows m_ready_i and registers, never s_valid_i. So a fork closes no combinational loop, with nj_join neither.
//
// Where the outputs meet again in an nj_join, the branch that puts out its beats earlier needs a FIFO for all beats that
// the other branch takes before it puts out the same one, else everything stands still: no output is more than a beat
// ahead of another one.
module nj_fork #(
  parameter int unsigned Outputs = 2,  // at least 2
  parameter int unsigned Bits    = 8
) (
  input  logic               clk_i,
  input  logic               rst_i,
  input  logic               s_valid_i,
  output logic               s_ready_o,
  input  logic [Bits-1:0]    s_data_i,
  output logic [Outputs-1:0] m_valid_o,
  input  logic [Outputs-1:0] m_ready_i,
  output logic [Bits-1:0]    m_data_o  // of every output
);
  if (Outputs < 2) begin : gen_check_outputs
    $error("nj_fork: Outputs = %0d, must be at least 2", Outputs);
  end

  logic [Outputs-1:0] taken_q;  // the outputs that have taken the present beat already

  assign m_valid_o = {Outputs{s_valid_i}} & ~taken_q;
  assign m_data_o  = s_data_i;
  assign s_ready_o = &(taken_q | m_ready_i);

  always_ff @(posedge clk_i) begin
    if (s_valid_i) taken_q <= s_ready_o ? '0 : taken_q | m_ready_i;
    if (rst_i) taken_q <= '0;
  end
endmodule
