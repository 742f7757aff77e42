// nj_concat: each beat once, in order, unchanged, a clock later.
module nj_concat_properties #(
  parameter int unsigned Bits = 3
) (
  input logic            clk_i,
  input logic            reset_i,
  input logic            mark_i,
  input logic            s_valid_i,
  input logic [Bits-1:0] s_data_i,
  input logic            m_ready_i
);
  logic rst, s_ready, m_valid, take;
  logic [Bits-1:0] m_data;
  logic started_q = 1'b0;
  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  always_ff @(posedge clk_i) started_q <= 1'b1;

  nj_concat #(.Bits(Bits)) u_concat (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_taken #(.Wait(0)) u_taken (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_i(s_ready), .m_valid_i(m_valid), .m_ready_i
  );
  nj_scoreboard #(.Bits(Bits), .Most(1), .Wait(0)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(take), .want_i(s_data_i), .valid_i(m_valid), .ready_i(m_ready_i),
    .data_i(m_data)
  );
endmodule
