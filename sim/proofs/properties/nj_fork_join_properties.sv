// nj_fork, a FIFO on one branch and a stage of registers on the other, nj_join: each beat meets itself, in order, and
// a beat that is offered is taken, so nothing stands still for ever.
module nj_fork_join_properties #(
  parameter int unsigned Depth = 2,
  parameter int unsigned Bits  = 2
) (
  input logic            clk_i,
  input logic            reset_i,
  input logic            mark_i,
  input logic            s_valid_i,
  input logic [Bits-1:0] s_data_i,
  input logic            m_ready_i
);
  logic rst, s_ready, m_valid, take, waits_q;
  logic [Bits-1:0] data, fifo_data, stage_q, data_q;
  logic [1:0] fork_valid, fork_ready, join_valid, join_ready;
  logic [2*Bits-1:0] m_data;
  logic full_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;

  nj_fork #(.Outputs(2), .Bits(Bits)) u_fork (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(fork_valid), .m_ready_i(fork_ready),
    .m_data_o(data)
  );
  nj_fifo #(.Depth(Depth), .Bits(Bits)) u_fifo (
    .clk_i, .rst_i(rst), .s_valid_i(fork_valid[0]), .s_ready_o(fork_ready[0]), .s_data_i(data),
    .m_valid_o(join_valid[0]), .m_ready_i(join_ready[0]), .m_data_o(fifo_data)
  );
  assign fork_ready[1] = !full_q || join_ready[1];
  assign join_valid[1] = full_q;
  nj_join #(.Inputs(2), .Bits(2 * Bits)) u_join (
    .s_valid_i(join_valid), .s_ready_o(join_ready), .s_data_i({stage_q, fifo_data}), .m_valid_o(m_valid), .m_ready_i,
    .m_data_o(m_data)
  );
  nj_taken #(.Wait(3)) u_taken (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_i(s_ready), .m_valid_i(m_valid), .m_ready_i
  );
  nj_scoreboard #(.Bits(2 * Bits), .Most(2), .Wait(1)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(take), .want_i({2{s_data_i}}),
    .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    waits_q <= !rst && s_valid_i && !s_ready;
    data_q <= s_data_i;
    if (waits_q && started_q) assume (rst || (s_valid_i && s_data_i == data_q));
    if (fork_ready[1]) stage_q <= data;
    if (fork_ready[1]) full_q <= fork_valid[1];
    if (rst) full_q <= 1'b0;
  end
endmodule
