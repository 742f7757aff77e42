// nj_table: each beat once, in order, looked up, a clock later.
module nj_table_properties #(
  parameter int unsigned C       = 1,
  parameter int unsigned OutBits = 2
) (
  input logic           clk_i,
  input logic           reset_i,
  input logic           mark_i,
  input logic           s_valid_i,
  input logic [C*8-1:0] s_data_i,
  input logic           m_ready_i
);
  // any table: here byte x in channel c gives (x * x >> 3) + c
  function automatic logic [C*256*OutBits-1:0] table_of();
    table_of = '0;
    for (int i = 0; i < int'(C) * 256; i++) begin
      table_of[i*int'(OutBits)+:OutBits] = OutBits'((((i % 256) * (i % 256)) >> 3) + i / 256);
    end
  endfunction

  logic rst, s_ready, m_valid, take;
  logic [C*OutBits-1:0] m_data, want;
  logic started_q = 1'b0;
  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  always_ff @(posedge clk_i) started_q <= 1'b1;
  for (genvar c = 0; c < int'(C); c++) begin : gen_want
    logic [31:0] x;
    assign x = 32'(s_data_i[c*8+:8]);
    assign want[c*OutBits+:OutBits] = OutBits'(((x * x) >> 3) + 32'(c));
  end

  nj_table #(.C(C), .OutBits(OutBits), .Table(table_of())) u_table (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_taken #(.Wait(0)) u_taken (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_i(s_ready), .m_valid_i(m_valid), .m_ready_i
  );
  nj_scoreboard #(.Bits(C*OutBits), .Most(1), .Wait(0)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(take), .want_i(want), .valid_i(m_valid), .ready_i(m_ready_i),
    .data_i(m_data)
  );
endmodule
