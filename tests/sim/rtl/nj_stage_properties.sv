// A register stage with the property that a beat which waits stays as it is.
module nj_stage_properties (
  input logic       clk_i,
  input logic       s_valid_i,
  input logic [3:0] s_data_i,
  input logic       m_ready_i
);
  logic full_q = 1'b0;
  logic [3:0] data_q;
  logic ready;

  assign ready = !full_q || m_ready_i;
  always_ff @(posedge clk_i) begin
    if (ready) begin
      full_q <= s_valid_i;
      data_q <= s_data_i;
    end
  end
  nj_stable #(.Bits(4)) u_stable (.clk_i, .rst_i(1'b0), .valid_i(full_q), .ready_i(m_ready_i), .data_i(data_q));
endmodule
