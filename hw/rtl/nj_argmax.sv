// Class = index of the largest score with its offset; ties go to the lowest index. bnn/integer/decision.py is the model.
//
//   value[i] = score[i] + offset[i], offset[0] = 0     margin = largest value - second largest     unsure = margin < least
//
//   point_i  = {least, offset[Classes-1], ..., offset[1]}: MarginBits, then OffsetBits of two's complement each. All of it
//              is taken in the clock in which the scores are, so a beat never mixes two of them.
//   s_data_i = {score[Classes-1], ..., score[0]} of ScoreBits each.
//   m_data_o = {margin, score[Classes-1], ..., score[0], field}: the margin in OutMarginBits, scores as they came, sign
//              extended to OutScoreBits, and ClassBits of field: class in the low bits, unsure in the last but one, 0.
//
// Nothing overflows: a value has two bits more than a score, and so has the margin. One beat at a time. Two classes are
// subtracted: a beat every 4 clocks, its result 3 clocks after it was accepted. Else one score a clock is looked at, in
// two rounds, for the largest and for what comes next: a beat every 2 * Classes + 4 clocks, its result 2 * Classes + 3
// clocks after it. One class has no second one: margin 0, never unsure; a beat every 2 clocks, result after 1.
module nj_argmax #(
  parameter int unsigned Classes       = 3,
  parameter int unsigned ScoreBits     = 10,
  parameter int unsigned ClassBits     = 8,
  parameter int unsigned OutScoreBits  = 16,
  parameter int unsigned OutMarginBits = 16,
  localparam int unsigned OffsetBits = ScoreBits + 1,
  localparam int unsigned MarginBits = ScoreBits + 2,  // of a value and of least, too
  localparam int unsigned PointBits  = (Classes - 1) * OffsetBits + MarginBits,
  localparam int unsigned OutBits    = OutMarginBits + Classes * OutScoreBits + ClassBits
) (
  input  logic                         clk_i,
  input  logic                         rst_i,
  input  logic [PointBits-1:0]         point_i,
  input  logic                         s_valid_i,
  output logic                         s_ready_o,
  input  logic [Classes*ScoreBits-1:0] s_data_i,
  output logic                         m_valid_o,
  input  logic                         m_ready_i,
  output logic [OutBits-1:0]           m_data_o
);
  localparam int unsigned IndexBits = Classes > 1 ? unsigned'($clog2(Classes)) : 1;

  if (ClassBits < IndexBits + 2) begin : gen_check_class
    $error("nj_argmax: ClassBits = %0d cannot number %0d classes beside two flags", ClassBits, Classes);
  end
  if (OutScoreBits < ScoreBits || OutScoreBits % 8 != 0) begin : gen_check_score
    $error("nj_argmax: OutScoreBits = %0d, must be a multiple of 8 and at least ScoreBits = %0d",
           OutScoreBits, ScoreBits);
  end
  if (OutMarginBits < MarginBits || OutMarginBits % 8 != 0) begin : gen_check_margin
    $error("nj_argmax: OutMarginBits = %0d, must be a multiple of 8 and at least ScoreBits + 2 = %0d",
           OutMarginBits, MarginBits);
  end

  logic take, unsure;
  logic [IndexBits-1:0] class_q;
  logic [MarginBits-1:0] margin_q;
  logic [Classes*ScoreBits-1:0] scores_q;

  assign take = s_valid_i && s_ready_o;
  always_ff @(posedge clk_i) if (take) scores_q <= s_data_i;

  assign m_data_o[OutBits-1-:OutMarginBits] = OutMarginBits'(margin_q);
  for (genvar i = 0; i < Classes; i++) begin : gen_score
    assign m_data_o[ClassBits+i*OutScoreBits+:OutScoreBits] = OutScoreBits'(signed'(scores_q[i*ScoreBits+:ScoreBits]));
  end
  assign m_data_o[ClassBits-1:0] = {1'b0, unsure, (ClassBits - 2)'(class_q)};

  if (Classes == 1) begin : gen_one
    always_ff @(posedge clk_i) m_valid_o <= !rst_i && (m_valid_o ? !m_ready_i : s_valid_i);
    assign s_ready_o = !m_valid_o;
    assign class_q = '0;
    assign margin_q = '0;
    assign unsure = 1'b0;
  end else begin : gen_several
    logic [MarginBits-1:0] least_q;
    always_ff @(posedge clk_i) if (take) least_q <= point_i[PointBits-1-:MarginBits];
    assign unsure = margin_q < least_q;

    if (Classes == 2) begin : gen_difference
      logic scored_q, moved_q;  // what the registers of a step hold is that of the beat
      logic signed [ScoreBits:0] difference_q;
      logic signed [OffsetBits-1:0] offset_q;
      logic signed [MarginBits-1:0] value_q;
      logic negative;
      assign negative = value_q[MarginBits-1];

      assign s_ready_o = !scored_q && !moved_q && !m_valid_o;
      always_ff @(posedge clk_i) begin
        scored_q <= take;
        moved_q <= scored_q;
        m_valid_o <= moved_q || m_valid_o && !m_ready_i;
        if (rst_i) {scored_q, moved_q, m_valid_o} <= '0;
      end

      always_ff @(posedge clk_i) begin
        if (take) begin
          difference_q <= signed'(s_data_i[2*ScoreBits-1:ScoreBits]) - signed'(s_data_i[ScoreBits-1:0]);
          offset_q <= point_i[OffsetBits-1:0];
        end
        if (scored_q) value_q <= MarginBits'(difference_q) + MarginBits'(offset_q);
        if (moved_q) begin
          class_q <= value_q > 0;
          margin_q <= (value_q ^ {MarginBits{negative}}) + MarginBits'(negative);  // half the sites of ?:
        end
      end
    end else begin : gen_scan
      nj_argmax_scan #(.Classes(Classes), .ScoreBits(ScoreBits)) u_scan (
        .clk_i, .rst_i, .take_i(take), .offsets_i(point_i[(Classes-1)*OffsetBits-1:0]), .scores_i(scores_q),
        .ready_o(s_ready_o), .m_valid_o, .m_ready_i, .class_o(class_q), .margin_o(margin_q)
      );
    end
  end
endmodule
