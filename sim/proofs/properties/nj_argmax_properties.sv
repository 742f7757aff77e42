// nj_argmax: one result per beat, Classes + 1 clocks after it (1 of two classes), with the scores and the lowest index of the largest.
module nj_argmax_properties #(
  parameter int unsigned Classes      = 3,
  parameter int unsigned ScoreBits    = 2,
  parameter int unsigned ClassBits    = 2,
  parameter int unsigned OutScoreBits = 8
) (
  input logic                         clk_i,
  input logic                         reset_i,
  input logic                         mark_i,
  input logic                         s_valid_i,
  input logic [Classes*ScoreBits-1:0] s_data_i,
  input logic                         m_ready_i
);
  localparam int unsigned OutBits = Classes * OutScoreBits + ClassBits;
  localparam int unsigned Clocks = Classes <= 2 ? 1 : Classes + 1;
  localparam int unsigned AgeBits = $clog2(Clocks + 2);

  logic rst, s_ready, m_valid, take;
  logic [OutBits-1:0] m_data, want;
  logic [AgeBits-1:0] age_q;
  logic busy_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;

  function automatic logic signed [ScoreBits-1:0] score(int unsigned i);
    return s_data_i[i*ScoreBits+:ScoreBits];
  endfunction

  always_comb begin
    int unsigned best;
    best = 0;
    for (int unsigned i = 1; i < Classes; i++) begin
      if (score(i) > $signed(s_data_i[best*ScoreBits+:ScoreBits])) best = i;
    end
    want = OutBits'(best);
    for (int unsigned i = 0; i < Classes; i++) want[ClassBits+i*OutScoreBits+:OutScoreBits] = OutScoreBits'(score(i));
  end

  nj_argmax #(
    .Classes(Classes), .ScoreBits(ScoreBits), .ClassBits(ClassBits), .OutScoreBits(OutScoreBits)
  ) u_argmax (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_scoreboard #(.Bits(OutBits), .Most(1), .Wait(Clocks - 1)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(take), .want_i(want), .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    age_q <= take ? AgeBits'(1) : age_q + AgeBits'(age_q < AgeBits'(Clocks));
    if (take) busy_q <= 1'b1;
    else if (m_valid && m_ready_i) busy_q <= 1'b0;
    if (rst) begin
      busy_q <= 1'b0;
    end else begin
      assert (s_ready == !busy_q);
      assert (m_valid == (busy_q && age_q == AgeBits'(Clocks)));
    end
  end
endmodule
