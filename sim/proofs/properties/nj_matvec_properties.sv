// A written matrix of +-1 (module `layer`): one result per frame of Beats beats, the thresholds or sums of its matches,
// at most Wait clocks after the last beat when nothing is ahead of it, and no beat waits longer to be taken. Assumed of
// the input: a beat that waits stays.
module nj_matvec_properties #(
  parameter int unsigned Beats   = 2,
  parameter int unsigned InBits  = 2,
  parameter int unsigned Outputs = 2,
  parameter bit [Outputs*Beats*InBits-1:0] Weight = '0,  // element o*Beats*InBits + beat*InBits + bit
  parameter bit Thresholded = 1'b1,
  parameter int unsigned ConstantBits = 4,
  parameter bit [Outputs*ConstantBits-1:0] Constant = '0,  // two's complement, on the number of matches
  parameter int unsigned OutBits = 1,
  parameter int unsigned Most = 4,  // frames inside
  parameter int unsigned Wait = 12
) (
  input logic              clk_i,
  input logic              reset_i,
  input logic              mark_i,
  input logic              s_valid_i,
  input logic [InBits-1:0] s_data_i,
  input logic              m_ready_i
);
  localparam int unsigned Inputs = Beats * InBits;
  localparam int unsigned BeatBits = Beats > 1 ? $clog2(Beats) : 1;

  logic rst, s_ready, m_valid, take, ends;
  logic [Outputs*OutBits-1:0] m_data, want;
  logic [BeatBits-1:0] beat_q;
  logic [Inputs-1:0] frame_q, frame;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  assign ends = beat_q == BeatBits'(Beats - 1);
  assign frame = Inputs'({s_data_i, frame_q} >> InBits);  // the oldest beat lowest

  for (genvar o = 0; o < int'(Outputs); o++) begin : gen_want
    logic signed [7:0] equal, limit;
    assign equal = 8'($countones(frame ~^ Weight[o*Inputs+:Inputs]));
    assign limit = 8'($signed(Constant[o*ConstantBits+:ConstantBits]));
    if (Thresholded) begin : gen_bit
      assign want[o] = equal >= limit;
    end else begin : gen_sum
      assign want[o*OutBits+:OutBits] = OutBits'(equal + limit);
    end
  end

  layer u_layer (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_scoreboard #(.Bits(Outputs * OutBits), .Most(Most), .Wait(Wait)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(take && ends), .want_i(want),
    .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data)
  );
  nj_taken #(.Wait(Wait)) u_taken (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_i(s_ready), .m_valid_i(m_valid), .m_ready_i
  );

  logic waits_q = 1'b0;
  logic [InBits-1:0] data_q;
  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    waits_q <= !rst && s_valid_i && !s_ready;
    data_q <= s_data_i;
    if (waits_q && started_q) assume (rst || (s_valid_i && s_data_i == data_q));
    if (take) frame_q <= frame;
    if (rst) beat_q <= '0;
    else if (take) beat_q <= ends ? '0 : beat_q + 1'b1;
  end
endmodule
