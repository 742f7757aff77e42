// Constant selections of jets, summed over the maps, compared with a threshold; COut/Fold outputs a clock.
//
//   y[o] = sum_m sign(o,m) * x_m[index(o,m)]        out[o] = (y[o] >= Threshold[o]) != Invert[o]
//
// In round f = 0 .. Fold-1 of a window the outputs f*P .. f*P+P-1 (P = COut/Fold) are made: every leaf is a
// multiplexer of at most Fold different jets with the round as its select, weights cost nothing more.
// x_i stays while busy; last_o tells that this clock takes its last round, so that a new x_i may follow at once.
// Latency: 2 clocks after the last round.
module nj_fold_sum #(
  parameter  int unsigned Jets        = 9,
  parameter  int unsigned JetBits     = 4,
  parameter  int unsigned CIn         = 1,
  parameter  int unsigned COut        = 9,
  parameter  int unsigned Fold        = 1,
  parameter  bit          Grouped     = 1'b0,
  localparam int unsigned Terms       = Grouped ? 1 : CIn,
  parameter  int unsigned SelBits     = 5,
  parameter  logic [COut*Terms*SelBits-1:0] Select =
    {5'd17, 5'd15, 5'd13, 5'd11, 5'd9, 5'd7, 5'd5, 5'd3, 5'd1},
  parameter  bit          Thresholded = 1'b1,
  parameter  int unsigned SumBits     = 8,
  parameter  logic [COut*SumBits-1:0] Threshold = '0,
  parameter  logic [COut-1:0] Invert  = '0,
  localparam int unsigned OutBits     = Thresholded ? 1 : SumBits
) (
  input  logic                        clk_i,
  input  logic                        rst_i,
  input  logic                        s_valid_i,
  output logic                        s_last_o,  // ready: the window is done with at this clock
  input  logic [CIn*Jets*JetBits-1:0] s_data_i,  // jet j of map m at [(m*Jets+j)*JetBits +: JetBits]
  output logic                        m_valid_o,
  input  logic                        m_ready_i,
  output logic [COut*OutBits-1:0]     m_data_o
);
  localparam int unsigned P         = COut / Fold;
  localparam int unsigned RoundBits = Fold > 1 ? $clog2(Fold) : 1;
  typedef logic signed [SumBits-1:0] sum_t;

  if (COut % Fold != 0) begin : gen_bad_fold
    $error("nj_fold_sum: Fold = %0d does not divide COut = %0d", Fold, COut);
  end

  logic                 enable, last, sum_valid_q, sum_last_q;
  logic [RoundBits-1:0] round_q, sum_round_q;
  assign enable   = !m_valid_o || m_ready_i;
  assign last     = round_q == RoundBits'(Fold - 1);
  assign s_last_o = enable && last;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      round_q     <= '0;
      sum_valid_q <= 1'b0;
      m_valid_o   <= 1'b0;
    end else if (enable) begin
      if (s_valid_i) round_q <= last ? '0 : round_q + 1'b1;
      sum_valid_q <= s_valid_i;
      m_valid_o   <= sum_valid_q && sum_last_q;
    end
    if (enable) begin
      sum_last_q  <= last;
      sum_round_q <= round_q;
    end
  end

  function automatic logic [SelBits-1:0] code(input int o, input int m);
    return Select[(o*int'(Terms)+m)*int'(SelBits)+:SelBits];
  endfunction
  function automatic int jet_index(input int o, input int m);  // in s_data_i
    return (Grouped ? o : m) * int'(Jets) + (int'(code(o, m)) - 1) / 2;
  endfunction

  // the constants of every round; one round's block is active, so the simulator visits no other
  sum_t leaf[P][Terms];
  always_comb begin
    for (int p = 0; p < int'(P); p++) for (int m = 0; m < int'(Terms); m++) leaf[p][m] = '0;
    for (int f = 0; f < int'(Fold); f++) begin
      if (round_q == RoundBits'(f)) begin
        for (int p = 0; p < int'(P); p++) begin
          for (int m = 0; m < int'(Terms); m++) begin
            if (code(f * int'(P) + p, m) != 0) begin
              leaf[p][m] = sum_t'($signed(s_data_i[jet_index(f * int'(P) + p, m)*JetBits+:JetBits]));
              if (!code(f * int'(P) + p, m)[0]) leaf[p][m] = -leaf[p][m];
            end
          end
        end
      end
    end
  end

  sum_t sum_d[P], sum_q[P];
  always_comb begin
    for (int p = 0; p < int'(P); p++) begin
      sum_d[p] = leaf[p][0];
      for (int m = 1; m < int'(Terms); m++) sum_d[p] += leaf[p][m];
    end
  end
  always_ff @(posedge clk_i) if (enable && s_valid_i) sum_q <= sum_d;

  logic [P*OutBits-1:0] result;
  if (Thresholded) begin : gen_threshold
    sum_t         limit[P];
    logic [P-1:0] flip;
    always_comb begin
      for (int p = 0; p < int'(P); p++) limit[p] = '0;
      flip = '0;
      for (int f = 0; f < int'(Fold); f++) begin
        if (sum_round_q == RoundBits'(f)) begin
          for (int p = 0; p < int'(P); p++) limit[p] = Threshold[(f*int'(P)+p)*int'(SumBits)+:SumBits];
          flip = Invert[f*int'(P)+:P];
        end
      end
      for (int p = 0; p < int'(P); p++) result[p] = (sum_q[p] >= limit[p]) != flip[p];
    end
  end else begin : gen_sums
    for (genvar p = 0; p < int'(P); p++) begin : gen_lane
      assign result[p*SumBits+:SumBits] = sum_q[p];
    end
  end

  // rounds enter at the top, so that after the last of them round 0 lies lowest
  always_ff @(posedge clk_i) begin
    if (enable && sum_valid_q) m_data_o <= (COut*OutBits)'({result, m_data_o} >> (P * OutBits));
  end
endmodule
