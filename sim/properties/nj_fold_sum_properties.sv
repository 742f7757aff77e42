// nj_fold_sum: one result per window, its formula's, at most three clocks after the last round was taken.
//
// The source keeps its window until s_last_o, as the contract asks.
module nj_fold_sum_properties #(
  parameter int unsigned Jets    = 2,
  parameter int unsigned JetBits = 2,
  parameter int unsigned CIn     = 2,
  parameter int unsigned COut    = 2,
  parameter int unsigned Fold    = 1,
  parameter bit          Grouped = 1'b0,
  parameter int unsigned SelBits = 3,
  parameter logic [COut*(Grouped ? 1 : CIn)*SelBits-1:0] Select = '0,
  parameter bit          Thresholded = 1'b1,
  parameter int unsigned SumBits = 4,
  parameter logic [COut*SumBits-1:0] Threshold = '0,
  parameter logic [COut-1:0] Invert = '0
) (
  input logic                        clk_i,
  input logic                        reset_i,
  input logic                        mark_i,
  input logic                        s_valid_i,
  input logic [CIn*Jets*JetBits-1:0] s_data_i,
  input logic                        m_ready_i
);
  localparam int unsigned Terms = Grouped ? 1 : CIn;
  localparam int unsigned OutBits = Thresholded ? 1 : SumBits;

  logic rst, s_last, m_valid, waits_q;
  logic [CIn*Jets*JetBits-1:0] data_q;
  logic [COut*OutBits-1:0] m_data, want;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;

  for (genvar o = 0; o < COut; o++) begin : gen_want
    logic signed [SumBits-1:0] term [Terms];
    logic signed [SumBits-1:0] sum;
    for (genvar m = 0; m < Terms; m++) begin : gen_term
      localparam int unsigned Code = Select[(o*Terms+m)*SelBits+:SelBits];
      if (Code == 0) begin : gen_none
        assign term[m] = '0;
      end else begin : gen_some
        localparam int unsigned Jet = (Grouped ? o : m) * Jets + (Code - 1) / 2;
        logic signed [SumBits-1:0] value;
        assign value = SumBits'($signed(s_data_i[Jet*JetBits+:JetBits]));
        assign term[m] = Code % 2 == 1 ? value : -value;
      end
    end
    always_comb begin
      sum = '0;
      for (int m = 0; m < int'(Terms); m++) sum += term[m];
    end
    if (Thresholded) begin : gen_bit
      assign want[o] = (sum >= $signed(Threshold[o*SumBits+:SumBits])) != Invert[o];
    end else begin : gen_sum
      assign want[o*OutBits+:OutBits] = sum;
    end
  end

  nj_fold_sum #(
    .Jets(Jets), .JetBits(JetBits), .CIn(CIn), .COut(COut), .Fold(Fold), .Grouped(Grouped), .SelBits(SelBits),
    .Select(Select), .Thresholded(Thresholded), .SumBits(SumBits), .Threshold(Threshold), .Invert(Invert)
  ) u_fold_sum (
    .clk_i, .rst_i(rst), .s_valid_i, .s_last_o(s_last), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_scoreboard #(.Bits(COut * OutBits), .Most(2), .Wait(1)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(s_valid_i && s_last), .want_i(want),
    .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    waits_q <= !rst && s_valid_i && !s_last;
    data_q <= s_data_i;
    if (waits_q && started_q) begin
      assume (rst || s_valid_i);
      assume (rst || s_data_i == data_q);
    end
  end
endmodule
