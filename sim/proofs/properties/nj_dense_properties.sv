// nj_dense: one result per frame of Beats beats, the sums of its formula (or their thresholds), at most Fold + 2 clocks
// after the last beat.
module nj_dense_properties #(
  parameter int unsigned Beats = 2,
  parameter int unsigned CIn   = 2,
  parameter int unsigned COut  = 2,
  parameter int unsigned Fold  = 1,
  parameter bit [Beats*COut*CIn-1:0] Weight = '0,
  parameter bit Thresholded = 1'b0,
  parameter int unsigned ThrBits = 4,
  parameter bit [COut*ThrBits-1:0] Threshold = '0,
  parameter bit [COut*ThrBits-1:0] Bias = '0,
  parameter int unsigned OutBits = 5
) (
  input logic           clk_i,
  input logic           reset_i,
  input logic           mark_i,
  input logic           s_valid_i,
  input logic [CIn-1:0] s_data_i,
  input logic           m_ready_i
);
  localparam int unsigned ResultBits = Thresholded ? 1 : OutBits;
  localparam int unsigned BeatBits = Beats > 1 ? $clog2(Beats) : 1;

  logic rst, s_ready, m_valid, take, ends;
  logic [COut*ResultBits-1:0] m_data, want;
  logic [BeatBits-1:0] beat_q;
  logic [Beats*CIn-1:0] frame_q, frame;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  assign ends = beat_q == BeatBits'(Beats - 1);
  assign frame = (Beats * CIn)'({s_data_i, frame_q} >> CIn);  // the oldest beat lowest

  for (genvar o = 0; o < COut; o++) begin : gen_want
    logic signed [OutBits-1:0] sum;
    always_comb begin
      sum = OutBits'($signed(Bias[o*ThrBits+:ThrBits]));
      for (int unsigned t = 0; t < Beats; t++) begin
        for (int unsigned c = 0; c < CIn; c++) begin
          if (frame[t*CIn+c]) sum += Weight[(t*COut+o)*CIn+c] ? OutBits'(1) : -OutBits'(1);
        end
      end
    end
    if (Thresholded) begin : gen_bit
      assign want[o] = sum >= $signed(Threshold[o*ThrBits+:ThrBits]);
    end else begin : gen_sum
      assign want[o*OutBits+:OutBits] = sum;
    end
  end

  nj_dense #(
    .Beats(Beats), .CIn(CIn), .COut(COut), .Fold(Fold), .Weight(Weight), .Thresholded(Thresholded), .ThrBits(ThrBits),
    .Threshold(Threshold), .Bias(Bias), .OutBits(OutBits)
  ) u_dense (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_taken #(.Wait(Fold)) u_taken (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_i(s_ready), .m_valid_i(m_valid), .m_ready_i
  );
  nj_scoreboard #(.Bits(COut * ResultBits), .Most(3), .Wait(Fold + 1)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(take && ends), .want_i(want),
    .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    if (take) frame_q <= frame;
    if (rst) beat_q <= '0;
    else if (take) beat_q <= ends ? '0 : beat_q + 1'b1;
  end
endmodule
