// Class = index of the largest of Classes signed scores; ties go to the lowest index.
//
//   m_data_o = {score[Classes-1], ..., score[0], class}: scores sign extended to OutScoreBits, class in the low
//   ClassBits. s_data_i = {score[Classes-1], ..., score[0]} of ScoreBits each.
//
// Two classes are compared at once: a beat every 2 clocks, result a clock after its beat was accepted. Else one
// comparator looks at one score per clock: a beat every Classes + 2 clocks, result Classes + 1 clocks after its beat. It
// sees a score in the clock after it was selected, and the last one while the result is out.
module nj_argmax #(
  parameter int unsigned Classes      = 3,
  parameter int unsigned ScoreBits    = 10,
  parameter int unsigned ClassBits    = 8,
  parameter int unsigned OutScoreBits = 16
) (
  input  logic                                      clk_i,
  input  logic                                      rst_i,
  input  logic                                      s_valid_i,
  output logic                                      s_ready_o,
  input  logic [Classes*ScoreBits-1:0]              s_data_i,
  output logic                                      m_valid_o,
  input  logic                                      m_ready_i,
  output logic [Classes*OutScoreBits+ClassBits-1:0] m_data_o
);
  localparam int unsigned IndexBits = Classes > 1 ? unsigned'($clog2(Classes)) : 1;

  if (ClassBits < IndexBits) begin : gen_check_class
    $error("nj_argmax: ClassBits = %0d cannot number %0d classes", ClassBits, Classes);
  end
  if (OutScoreBits < ScoreBits || OutScoreBits % 8 != 0) begin : gen_check_score
    $error("nj_argmax: OutScoreBits = %0d, must be a multiple of 8 and at least ScoreBits = %0d",
           OutScoreBits, ScoreBits);
  end

  logic signed [ScoreBits-1:0] score_q [Classes];
  logic [IndexBits-1:0] best;
  assign m_data_o[ClassBits-1:0] = ClassBits'(best);
  for (genvar i = 0; i < Classes; i++) begin : gen_score
    always_ff @(posedge clk_i) if (s_valid_i && s_ready_o) begin
      score_q[i] <= signed'(s_data_i[i*ScoreBits+:ScoreBits]);
    end
    assign m_data_o[ClassBits+i*OutScoreBits+:OutScoreBits] = unsigned'(OutScoreBits'(score_q[i]));
  end

  if (Classes <= 2) begin : gen_at_once
    logic full_q;
    assign s_ready_o = !full_q;
    assign m_valid_o = full_q;
    always_ff @(posedge clk_i) full_q <= !rst_i && (full_q ? !m_ready_i : s_valid_i);

    assign best = Classes == 1 ? 1'b0 : score_q[Classes-1] > score_q[0];
  end else begin : gen_scan
    typedef enum logic [1:0] {Idle, Scan, Done} state_e;

    state_e state_q;
    logic [IndexBits-1:0] index_q, seen_q, class_q;  // selected, compared, largest so far
    logic signed [ScoreBits-1:0] score_seen_q, best_q;
    logic [ScoreBits-1:0] selected;
    logic [Classes*ScoreBits-1:0] scores;
    logic larger;

    for (genvar i = 0; i < Classes; i++) begin : gen_flat
      assign scores[i*ScoreBits+:ScoreBits] = score_q[i];
    end
    nj_select #(.Ways(Classes), .Bits(ScoreBits)) u_select (.x_i(scores), .index_i(index_q), .y_o(selected));

    assign s_ready_o = state_q == Idle;
    assign m_valid_o = state_q == Done;
    assign larger = score_seen_q > best_q;
    assign best = larger ? IndexBits'(Classes - 1) : class_q;

    always_ff @(posedge clk_i) begin
      if (rst_i) begin
        state_q <= Idle;
      end else begin
        case (state_q)
          Idle: if (s_valid_i) state_q <= Scan;
          Scan: if (index_q == IndexBits'(Classes - 1)) state_q <= Done;
          default: if (m_ready_i) state_q <= Idle;
        endcase
      end
    end

    always_ff @(posedge clk_i) begin
      case (state_q)
        Scan: begin
          index_q <= index_q + 1'b1;
          seen_q <= index_q;
          score_seen_q <= signed'(selected);
          if (larger) begin
            best_q <= score_seen_q;
            class_q <= seen_q;
          end
        end
        Idle: begin  // nothing is less than what class 0 starts from
          index_q <= '0;
          class_q <= '0;
          best_q <= signed'(ScoreBits'(1) << (ScoreBits - 1));
          score_seen_q <= signed'(ScoreBits'(1) << (ScoreBits - 1));
        end
        default: ;
      endcase
    end
  end
endmodule
