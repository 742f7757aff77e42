// A stream takes what it is offered: a beat waits at most Wait clocks, not counting those in which what is put out waits
// for ready. A module that stops for ever loses nothing, doubles nothing, and is refuted here alone.
module nj_taken #(
  parameter int unsigned Wait = 1
) (
  input logic clk_i,
  input logic rst_i,
  input logic s_valid_i,
  input logic s_ready_i,
  input logic m_valid_i,
  input logic m_ready_i
);
  logic [$clog2(Wait+3)-1:0] wait_q;

  always_ff @(posedge clk_i) begin
    if (rst_i || !s_valid_i || s_ready_i) wait_q <= '0;
    else if (!m_valid_i || m_ready_i) wait_q <= wait_q + 1'b1;
    if (!rst_i) assert (wait_q <= Wait);
  end
endmodule
