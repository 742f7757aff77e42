// nj_affine: each beat once, in order, multiplied and added, a clock later.
module nj_affine_properties #(
  parameter int unsigned N       = 2,
  parameter int unsigned InBits  = 3,
  parameter int unsigned OutBits = 8,
  parameter logic [N*OutBits-1:0] Multiplier = {8'(-5), 8'd11},
  parameter logic [N*OutBits-1:0] Bias = {8'd3, 8'(-7)}
) (
  input logic                clk_i,
  input logic                reset_i,
  input logic                mark_i,
  input logic                s_valid_i,
  input logic [N*InBits-1:0] s_data_i,
  input logic                m_ready_i
);
  logic rst, s_ready, m_valid, take;
  logic [N*OutBits-1:0] m_data, want;
  logic started_q = 1'b0;
  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  always_ff @(posedge clk_i) started_q <= 1'b1;
  for (genvar i = 0; i < int'(N); i++) begin : gen_want
    logic signed [InBits-1:0] s;
    logic signed [OutBits-1:0] multiplier, bias;
    assign s = s_data_i[i*InBits+:InBits];
    assign multiplier = Multiplier[i*OutBits+:OutBits];
    assign bias = Bias[i*OutBits+:OutBits];
    assign want[i*OutBits+:OutBits] = OutBits'(multiplier * s + bias);
  end

  nj_affine #(.N(N), .InBits(InBits), .OutBits(OutBits), .Multiplier(Multiplier), .Bias(Bias)) u_affine (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_taken #(.Wait(0)) u_taken (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_i(s_ready), .m_valid_i(m_valid), .m_ready_i
  );
  nj_scoreboard #(.Bits(N*OutBits), .Most(1), .Wait(0)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(take), .want_i(want), .valid_i(m_valid), .ready_i(m_ready_i),
    .data_i(m_data)
  );
endmodule
