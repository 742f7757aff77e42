// Dense layer of +-1 weights over a whole frame of one-bit inputs.
//
//   y[o] = Bias[o] + sum over beats t and bits c of (Weight[t][o][c] ? x : -x), x = bit c of beat t, 0 or 1
//   m_data_o = COut sums of OutBits (two's complement), or COut bits y[o] >= Threshold[o] when Thresholded
//
// In: Beats beats of CIn bits per frame. Out: one beat per frame, three clocks after the last input beat was
// accepted with Fold = 1 (Fold + 2 in general). A beat takes Fold clocks, in each of which COut/Fold outputs are
// advanced: a frame takes Beats*Fold clocks, without bubble from frame to frame. A result that waits for
// m_ready_i stops the input only when the next result is ready to take its place.
//
// Since x or -x is (x XNOR w) - (w ? 0 : 1), an output is a popcount plus a constant. The accumulators start from that
// constant less the threshold, so that the sign is the comparison.
module nj_dense #(
  parameter int unsigned Beats = 16,
  parameter int unsigned CIn   = 32,
  parameter int unsigned COut  = 2,
  parameter int unsigned Fold  = 1,  // divides COut
  parameter bit [Beats*COut*CIn-1:0] Weight = '0,  // bit (t*COut+o)*CIn+c: 1 = +1, 0 = -1
  parameter bit Thresholded = 1'b0,
  parameter int unsigned ThrBits = 16,  // of each Threshold and Bias
  parameter bit [COut*ThrBits-1:0] Threshold = '0,
  parameter bit [COut*ThrBits-1:0] Bias = '0,
  parameter int unsigned OutBits = 16,  // of a sum: enough for its range
  localparam int unsigned ResultBits = Thresholded ? 1 : OutBits
) (
  input  logic                       clk_i,
  input  logic                       rst_i,
  input  logic                       s_valid_i,
  output logic                       s_ready_o,
  input  logic [CIn-1:0]             s_data_i,
  output logic                       m_valid_o,
  input  logic                       m_ready_i,
  output logic [COut*ResultBits-1:0] m_data_o
);
  localparam int unsigned Lanes = COut / Fold;
  localparam int unsigned Steps = Beats * Fold;  // of a frame: step t*Fold+f makes outputs f*Lanes to f*Lanes+Lanes-1
  localparam int unsigned StepBits = Steps > 1 ? unsigned'($clog2(Steps)) : 1;
  localparam int unsigned FoldBits = Fold > 1 ? unsigned'($clog2(Fold)) : 1;
  localparam int unsigned CountBits = unsigned'($clog2(CIn + 1));
  localparam int unsigned WordBits = Lanes * CIn;
  localparam bit BlockRom = Steps > 128;  // beyond that a LUT holds less than it costs to select

  // What output o starts from, and with that the range of its accumulator.
  function automatic int start(int unsigned o);
    int value;
    value = int'(signed'(Bias[o*ThrBits+:ThrBits]));
    if (Thresholded) value -= int'(signed'(Threshold[o*ThrBits+:ThrBits]));
    for (int unsigned t = 0; t < Beats; t++) value -= $countones(~Weight[(t*COut+o)*CIn+:CIn]);
    return value;
  endfunction

  function automatic int unsigned range_bits();
    int low, high, value;
    int unsigned bits;
    low = 0;
    high = 0;
    for (int unsigned o = 0; o < COut; o++) begin
      value = start(o);
      if (value < low) low = value;
      if (value + int'(Beats * CIn) > high) high = value + int'(Beats * CIn);
    end
    bits = 1;
    while (low < -(1 << (bits - 1)) || high >= (1 << (bits - 1))) bits++;
    return bits;
  endfunction

  // Sums may wrap on the way when the result fits.
  localparam int unsigned SumBits = Thresholded ? range_bits() : OutBits;

  if (COut % Fold != 0) begin : gen_check_fold
    $error("nj_dense: Fold = %0d does not divide COut = %0d", Fold, COut);
  end
  if (!Thresholded && OutBits < range_bits()) begin : gen_check_bits
    $error("nj_dense: OutBits = %0d, the sums need %0d", OutBits, range_bits());
  end

  // Stage 1: the beat waits here for its Fold steps.
  logic [CIn-1:0] data_q;
  logic [StepBits-1:0] step_q, step_d;
  logic [FoldBits-1:0] fold_q;
  logic data_valid_q, advance, take, step, fold_end, step_end;

  if (Fold > 1) begin : gen_fold
    assign fold_end = fold_q == FoldBits'(Fold - 1);
    always_ff @(posedge clk_i) begin
      if (rst_i) fold_q <= '0;
      else if (step) fold_q <= fold_end ? '0 : fold_q + 1'b1;
    end
  end else begin : gen_no_fold
    assign fold_end = 1'b1;
    assign fold_q = '0;
  end

  assign step = advance && data_valid_q;
  assign step_end = step_q == StepBits'(Steps - 1);
  assign step_d = rst_i || (step && step_end) ? '0 : step_q + StepBits'(step);
  assign s_ready_o = !data_valid_q || (advance && fold_end);
  assign take = s_valid_i && s_ready_o;

  always_ff @(posedge clk_i) begin
    if (rst_i) data_valid_q <= 1'b0;
    else if (s_ready_o) data_valid_q <= s_valid_i;
    if (take) data_q <= s_data_i;
    step_q <= step_d;
  end

  // Weights of a step, by its number.
  logic [WordBits-1:0] weight;
  if (BlockRom) begin : gen_block_rom
    (* rom_style = "block" *) logic [WordBits-1:0] rom [Steps];
    logic [WordBits-1:0] weight_q;
    initial for (int unsigned i = 0; i < Steps; i++) rom[i] = Weight[i*WordBits+:WordBits];
    always_ff @(posedge clk_i) weight_q <= rom[step_d];  // always rom[step_q]
    assign weight = weight_q;
  end else begin : gen_logic_rom
    // Wires, not a memory: Yosys would move step_q into a memory's output, and XNOR could not join the LUT.
    logic [WordBits-1:0] rom [Steps];
    for (genvar i = 0; i < Steps; i++) begin : gen_word
      assign rom[i] = Weight[i*WordBits+:WordBits];
    end
    assign weight = rom[step_q];
  end

  // Stage 2: popcounts, and where in the frame they belong.
  logic count_valid_q, first_q, last_q, end_q;
  logic [FoldBits-1:0] count_fold_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) count_valid_q <= 1'b0;
    else if (advance) count_valid_q <= data_valid_q;
    if (advance) begin
      first_q <= step_q < StepBits'(Fold) || Beats == 1;
      last_q <= step_q >= StepBits'(Steps - Fold);
      end_q <= step_end;
      count_fold_q <= fold_q;
    end
  end

  // Stage 3: accumulators, and the result, which is shifted in Lanes outputs at a time.
  logic valid_q, room, result_step;
  logic [COut*ResultBits-1:0] result_q;
  logic [Lanes*ResultBits-1:0] result;

  assign room = !valid_q || (Beats == 1 && m_ready_i);  // else a new result is at least a beat away
  assign advance = !(count_valid_q && last_q) || room;
  assign result_step = count_valid_q && last_q && room;

  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    logic [CountBits-1:0] count, count_q;
    logic [SumBits-1:0] sum_q [Fold];  // the accumulators of this lane in turn
    logic [SumBits-1:0] origin [Fold];
    logic [SumBits-1:0] sum;

    for (genvar f = 0; f < Fold; f++) begin : gen_origin
      localparam int Start = start(f * Lanes + l);
      assign origin[f] = SumBits'(Start);
    end
    nj_popcount #(.Width(CIn)) u_count (.bits_i(data_q ~^ weight[l*CIn+:CIn]), .count_o(count));

    assign sum = SumBits'(count_q) + (first_q ? origin[count_fold_q] : sum_q[Fold-1]);
    always_ff @(posedge clk_i) begin
      if (advance) count_q <= count;
      if (advance && count_valid_q) begin
        for (int f = int'(Fold) - 1; f > 0; f--) sum_q[f] <= sum_q[f-1];
        sum_q[0] <= sum;
      end
    end
    if (Thresholded) begin : gen_bit
      assign result[l] = !sum[SumBits-1];
    end else begin : gen_sum
      assign result[l*OutBits+:OutBits] = sum;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) valid_q <= 1'b0;
    else if (result_step) valid_q <= end_q;
    else if (m_ready_i) valid_q <= 1'b0;
    if (result_step) result_q <= (COut*ResultBits)'({result, result_q} >> (Lanes * ResultBits));
  end

  assign m_valid_o = valid_q;
  assign m_data_o = result_q;
endmodule
