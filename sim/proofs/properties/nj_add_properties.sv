// nj_add: each beat once, in order, multiplied, added and compared, a clock later.
module nj_add_properties #(
  parameter int unsigned C         = 2,
  parameter int unsigned LeftBits  = 3,
  parameter int unsigned RightBits = 1,
  parameter int unsigned SumBits   = 8,
  parameter logic [C*SumBits-1:0] Left = {8'd3, 8'd1},
  parameter logic [C*SumBits-1:0] Right = {8'(-7), 8'd1},
  parameter logic [C*SumBits-1:0] Threshold = {8'(-5), 8'd2}
) (
  input logic                              clk_i,
  input logic                              reset_i,
  input logic                              mark_i,
  input logic                              s_valid_i,
  input logic [C*(LeftBits+RightBits)-1:0] s_data_i,
  input logic                              m_ready_i
);
  logic rst, s_ready, m_valid, take;
  logic [C-1:0] m_data, want;
  logic started_q = 1'b0;
  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  always_ff @(posedge clk_i) started_q <= 1'b1;
  for (genvar c = 0; c < int'(C); c++) begin : gen_want
    logic signed [LeftBits-1:0] a;
    logic signed [RightBits:0] b;
    logic signed [SumBits-1:0] left, right, threshold;
    assign a = s_data_i[c*LeftBits+:LeftBits];
    assign b = {RightBits > 1 && s_data_i[C*LeftBits+(c+1)*RightBits-1], s_data_i[C*LeftBits+c*RightBits+:RightBits]};
    assign left = Left[c*SumBits+:SumBits];
    assign right = Right[c*SumBits+:SumBits];
    assign threshold = Threshold[c*SumBits+:SumBits];
    assign want[c] = left * a + right * b >= threshold;
  end

  nj_add #(
    .C(C), .LeftBits(LeftBits), .RightBits(RightBits), .SumBits(SumBits), .Left(Left), .Right(Right),
    .Threshold(Threshold)
  ) u_add (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_taken #(.Wait(0)) u_taken (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_i(s_ready), .m_valid_i(m_valid), .m_ready_i
  );
  nj_scoreboard #(.Bits(C), .Most(1), .Wait(0)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(take), .want_i(want), .valid_i(m_valid), .ready_i(m_ready_i),
    .data_i(m_data)
  );
endmodule
