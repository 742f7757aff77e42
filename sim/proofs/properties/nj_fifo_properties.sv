// nj_fifo: what goes in comes out; room for Depth beats at least, Depth + 1 at most; two clocks from input to output.
module nj_fifo_properties #(
  parameter int unsigned Depth = 4,
  parameter int unsigned Bits  = 2
) (
  input logic            clk_i,
  input logic            reset_i,
  input logic            mark_i,
  input logic            s_valid_i,
  input logic [Bits-1:0] s_data_i,
  input logic            m_ready_i
);
  localparam int unsigned CountBits = $clog2(Depth + 2);

  logic rst, s_ready, m_valid, take;
  logic [Bits-1:0] m_data;
  logic [CountBits-1:0] inside_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;

  nj_fifo #(.Depth(Depth), .Bits(Bits)) u_fifo (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_scoreboard #(.Bits(Bits), .Most(Depth + 1), .Wait(1)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(take), .want_i(s_data_i),
    .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    if (rst) inside_q <= '0;
    else inside_q <= inside_q + CountBits'(take) - CountBits'(m_valid && m_ready_i);
    if (!rst && inside_q < CountBits'(Depth)) assert (s_ready);
  end
endmodule
