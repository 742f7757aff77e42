// nj_join: a beat is there when every input has one, and each input's is taken when it is; nothing is lost, doubled or
// changed.
//
// Input i has i + 1 times Bits bits. A beat that waits at an input stays as it is, as it does behind every module.
module nj_join_properties #(
  parameter int unsigned Inputs = 2,
  parameter int unsigned Bits   = 1,
  localparam int unsigned All   = Bits * Inputs * (Inputs + 1) / 2
) (
  input logic              clk_i,
  input logic              reset_i,
  input logic [Inputs-1:0] s_valid_i,
  input logic [All-1:0]    s_data_i,
  input logic              m_ready_i
);
  logic rst, m_valid, give;
  logic [All-1:0] m_data;
  logic [Inputs-1:0] s_ready, take;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i & s_ready;
  assign give = m_valid && m_ready_i;

  nj_join #(.Inputs(Inputs), .Bits(All)) u_join (
    .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_stable #(.Bits(All)) u_stable (.clk_i, .rst_i(rst), .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data));

  for (genvar i = 0; i < int'(Inputs); i++) begin : gen_input
    localparam int unsigned Low = Bits * i * (i + 1) / 2;
    logic waits_q = 1'b0;
    logic [Bits*(i+1)-1:0] data_q;
    always_ff @(posedge clk_i) begin
      waits_q <= !rst && s_valid_i[i] && !s_ready[i];
      data_q <= s_data_i[Low+:Bits*(i+1)];
      if (waits_q) assume (rst || (s_valid_i[i] && s_data_i[Low+:Bits*(i+1)] == data_q));
    end
  end

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    if (!rst) begin
      assert (m_valid == &s_valid_i);
      if (m_valid) assert (m_data == s_data_i);
      assert (take == {Inputs{give}});
    end
  end
endmodule
