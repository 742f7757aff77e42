// The scan of nj_argmax, of three classes and more: a score a clock, in two rounds.
//
// The first round finds the largest value, score + offset, and its class, the lowest at a tie. The second finds the
// smallest distance of another class from it. take_i: scores come, and with them the offsets, which are kept here;
// scores_i holds the scores from the next clock on. class_o and margin_o come 2 * Classes + 3 clocks later, with m_valid_o.
// A value is selected, made and compared in three clocks, so that none of them is long.
module nj_argmax_scan #(
  parameter int unsigned Classes   = 3,
  parameter int unsigned ScoreBits = 10,
  localparam int unsigned OffsetBits = ScoreBits + 1,
  localparam int unsigned IndexBits  = unsigned'($clog2(Classes)),
  localparam int unsigned ValueBits  = ScoreBits + 2
) (
  input  logic                              clk_i,
  input  logic                              rst_i,
  input  logic                              take_i,
  input  logic [(Classes-1)*OffsetBits-1:0] offsets_i,  // of class 1 lowest; that of class 0 is 0
  input  logic [Classes*ScoreBits-1:0]      scores_i,
  output logic                              ready_o,
  output logic                              m_valid_o,
  input  logic                              m_ready_i,
  output logic [IndexBits-1:0]              class_o,
  output logic [ValueBits-1:0]              margin_o
);
  typedef enum logic [1:0] {Idle, Largest, Second, Done} state_e;

  // what travels with a value: is it compared, in which round, is it the last one
  typedef struct packed {
    logic largest;
    logic second;
    logic last;
    logic [IndexBits-1:0] index;
  } step_t;

  state_e state_q;
  step_t step, selected_q, made_q;
  logic [IndexBits-1:0] index_q;
  logic [(Classes-1)*OffsetBits-1:0] offsets_q;
  logic [ScoreBits-1:0] score;
  logic [OffsetBits-1:0] offset;
  logic signed [ScoreBits-1:0] score_q;
  logic signed [OffsetBits-1:0] offset_q;
  logic signed [ValueBits-1:0] value_q, best_q;
  logic signed [ValueBits:0] lead;
  logic last;

  nj_select #(.Ways(Classes), .Bits(ScoreBits)) u_score (.x_i(scores_i), .index_i(index_q), .y_o(score));
  nj_select #(.Ways(Classes), .Bits(OffsetBits)) u_offset (
    .x_i({offsets_q, OffsetBits'(0)}), .index_i(index_q), .y_o(offset)
  );

  assign last = index_q == IndexBits'(Classes - 1);
  assign step = '{state_q == Largest, state_q == Second, state_q == Second && last, index_q};
  assign lead = best_q - value_q;
  assign ready_o = state_q == Idle;
  assign m_valid_o = state_q == Done;

  always_ff @(posedge clk_i) begin
    selected_q <= step;
    made_q <= selected_q;
    if (rst_i) begin
      state_q <= Idle;
      selected_q <= '0;
      made_q <= '0;
    end else begin
      case (state_q)
        Idle: if (take_i) state_q <= Largest;
        Largest: if (last) state_q <= Second;
        Second: if (made_q.last) state_q <= Done;
        default: if (m_ready_i) state_q <= Idle;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    index_q <= state_q == Idle || last ? '0 : index_q + 1'b1;
    score_q <= score;
    offset_q <= offset;
    value_q <= ValueBits'(score_q) + ValueBits'(offset_q);
    if (take_i) offsets_q <= offsets_i;
    if (state_q == Idle) begin  // no value is less than what class 0 starts from, no distance more
      class_o <= '0;
      best_q <= {1'b1, (ValueBits - 1)'(0)};
      margin_o <= '1;
    end else begin
      if (made_q.largest && lead < 0) begin
        best_q <= value_q;
        class_o <= made_q.index;
      end
      if (made_q.second && made_q.index != class_o && lead < signed'({1'b0, margin_o})) margin_o <= ValueBits'(lead);
    end
  end
endmodule
