// nj_argmax: one result per beat, in the clock that its header names, decided as bnn.integer.decision says at the operating
// point of the clock in which the beat was taken, whatever stands at point_i before and after; with the scores as they came.
module nj_argmax_properties #(
  parameter int unsigned Classes       = 3,
  parameter int unsigned ScoreBits     = 2,
  parameter int unsigned ClassBits     = 4,
  parameter int unsigned OutScoreBits  = 8,
  parameter int unsigned OutMarginBits = 8,
  localparam int unsigned PointBits = (Classes - 1) * (ScoreBits + 1) + ScoreBits + 2
) (
  input logic                         clk_i,
  input logic                         reset_i,
  input logic                         mark_i,
  input logic [PointBits-1:0]         point_i,
  input logic                         s_valid_i,
  input logic [Classes*ScoreBits-1:0] s_data_i,
  input logic                         m_ready_i
);
  localparam int unsigned OffsetBits = ScoreBits + 1;
  localparam int unsigned ValueBits = ScoreBits + 4;  // more than any sum or difference needs
  localparam int unsigned OutBits = OutMarginBits + Classes * OutScoreBits + ClassBits;
  localparam int unsigned Clocks = Classes == 1 ? 1 : Classes == 2 ? 3 : 2 * Classes + 3;
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

  function automatic logic signed [ValueBits-1:0] value(int unsigned i);
    logic signed [OffsetBits-1:0] offset;
    offset = i == 0 ? '0 : point_i[(i-1)*OffsetBits+:OffsetBits];
    return ValueBits'(score(i)) + ValueBits'(offset);
  endfunction

  always_comb begin
    int unsigned best;
    logic signed [ValueBits-1:0] largest, margin;
    best = 0;
    largest = value(0);
    for (int unsigned i = 1; i < Classes; i++) begin
      if (value(i) > largest) begin
        best = i;
        largest = value(i);
      end
    end
    margin = Classes == 1 ? '0 : {1'b0, {(ValueBits - 1){1'b1}}};
    for (int unsigned i = 0; i < Classes; i++) begin
      if (i != best && largest - value(i) < margin) margin = largest - value(i);
    end
    want = OutBits'(best);
    want[ClassBits-2] = Classes > 1 && margin < $signed({2'b00, point_i[PointBits-1-:ScoreBits+2]});
    for (int unsigned i = 0; i < Classes; i++) want[ClassBits+i*OutScoreBits+:OutScoreBits] = OutScoreBits'(score(i));
    want[OutBits-1-:OutMarginBits] = OutMarginBits'(margin);
  end

  nj_argmax #(
    .Classes(Classes), .ScoreBits(ScoreBits), .ClassBits(ClassBits), .OutScoreBits(OutScoreBits),
    .OutMarginBits(OutMarginBits)
  ) u_argmax (
    .clk_i, .rst_i(rst), .point_i, .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i,
    .m_data_o(m_data)
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
