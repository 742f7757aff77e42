// nj_async_fifo, both sides with one clock: what goes in comes out, in order; free_o is never more than there is, and all
// places are told free again in the end. Two clocks are simulated.
module nj_async_fifo_properties #(
  parameter int unsigned Depth = 4,
  parameter int unsigned Bits  = 1
) (
  input logic            clk_i,
  input logic            reset_i,
  input logic            mark_i,
  input logic            s_valid_i,
  input logic [Bits-1:0] s_data_i,
  input logic            m_ready_i
);
  localparam int unsigned CountBits = $clog2(Depth + 3);

  logic rst, s_ready, m_valid, take, give;
  logic [Bits-1:0] m_data;
  logic [$clog2(Depth):0] free;
  logic [CountBits-1:0] inside_q;
  logic [2:0] empty_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  assign give = m_valid && m_ready_i;

  nj_async_fifo #(.Depth(Depth), .Bits(Bits)) u_fifo (
    .w_clk_i(clk_i), .w_rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .free_o(free), .r_clk_i(clk_i),
    .r_rst_i(rst), .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_scoreboard #(.Bits(Bits), .Most(Depth + 1), .Wait(3)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(take), .want_i(s_data_i),
    .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    inside_q <= inside_q + CountBits'(take) - CountBits'(give);
    empty_q <= inside_q != '0 || take ? '0 : empty_q == '1 ? '1 : empty_q + 1'b1;
    if (rst) begin
      {inside_q, empty_q} <= '0;
    end else begin
      assert (s_ready == (free != '0));
      assert (32'(free) <= Depth);
      assert (32'(free) + 32'(inside_q) <= Depth + 1);  // one may lie in the output register
      if (empty_q == '1) assert (32'(free) == Depth);
    end
  end
endmodule
