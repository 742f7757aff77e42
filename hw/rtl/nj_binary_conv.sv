// Convolution of one-bit maps, or of unsigned pixels, with +-1 weights.
//
//   y[o] = sum over c, ky, kx of (w ? x : -x), x the element of map c at (Stride*row - Pad + ky, Stride*col - Pad + kx),
//          0 outside the frame; a bit counts 0 or 1
//   m_data_o = COut sums of OutBits (two's complement), or COut bits y[o] >= Threshold[o] when Thresholded
//
// In: Height*Width beats of CIn elements of InBits per frame, row by row. Out: one beat per window. Fold F: a
// window takes F clocks, COut/F outputs are made in each; pixels that complete no window pass meanwhile. Clocks
// per frame back to back: hw/ops/cycles.py, conv_cycles. A result follows its window, which is complete two
// clocks after its last pixel (none with Kernel = 1, which has no line buffer), by Fold + 2 clocks, Fold = 1 by 2.
//
// As -x is ~x - (2^InBits - 1), an output is the sum of x or ~x, for bits a popcount, less a constant.
module nj_binary_conv #(
  parameter int unsigned Height = 8,
  parameter int unsigned Width  = 8,
  parameter int unsigned CIn    = 16,
  parameter int unsigned InBits = 1,
  parameter int unsigned Kernel = 3,  // 1 to 5
  parameter int unsigned Stride = 1,
  parameter int unsigned Pad    = 1,  // at most (Kernel-1)/2
  parameter int unsigned COut   = 4,
  parameter int unsigned Fold   = 1,  // divides COut
  parameter bit [COut*CIn*Kernel*Kernel-1:0] Weight = '0,  // bit ((o*CIn+c)*Kernel+ky)*Kernel+kx: 1 = +1, 0 = -1
  parameter bit Thresholded = 1'b1,
  parameter int unsigned ThrBits = 16,
  parameter bit [COut*ThrBits-1:0] Threshold = '0,
  parameter int unsigned OutBits = 16,  // of a sum: enough for its range
  localparam int unsigned ResultBits = Thresholded ? 1 : OutBits
) (
  input  logic                       clk_i,
  input  logic                       rst_i,
  input  logic                       s_valid_i,
  output logic                       s_ready_o,
  input  logic [CIn*InBits-1:0]      s_data_i,
  output logic                       m_valid_o,
  input  logic                       m_ready_i,
  output logic [COut*ResultBits-1:0] m_data_o
);
  localparam int unsigned Terms = CIn * Kernel * Kernel;
  localparam int unsigned Lanes = COut / Fold;  // in round f the outputs f*Lanes to f*Lanes+Lanes-1
  localparam int unsigned RoundBits = Fold > 1 ? unsigned'($clog2(Fold)) : 1;
  localparam int unsigned Largest = Terms * ((1 << InBits) - 1);
  localparam int unsigned TotalBits = unsigned'($clog2(Largest + 1));

  if (COut % Fold != 0) begin : gen_check_fold
    $error("nj_binary_conv: Fold = %0d does not divide COut = %0d", Fold, COut);
  end
  if (!Thresholded && (64'(1) << (OutBits - 1)) <= 64'(needed())) begin : gen_check_bits
    $error("nj_binary_conv: OutBits = %0d cannot hold a sum of magnitude %0d", OutBits, needed());
  end

  // What the sum of x or ~x exceeds y[o] by.
  function automatic int excess(int unsigned o);
    return $countones(~Weight[o*Terms+:Terms]) * ((1 << InBits) - 1);
  endfunction

  // The smallest total that reaches the threshold: 0 always does, Largest + 1 never.
  function automatic int limit(int unsigned o);
    int value;
    value = int'(signed'(Threshold[o*ThrBits+:ThrBits])) + excess(o);
    if (value < 0) value = 0;
    if (value > int'(Largest) + 1) value = int'(Largest) + 1;
    return value;
  endfunction

  // The largest magnitude of a sum, a negative one counting one less.
  function automatic int needed();
    int value;
    value = 0;
    for (int unsigned o = 0; o < COut; o++) begin
      if (excess(o) - 1 > value) value = excess(o) - 1;
      if (int'(Largest) - excess(o) > value) value = int'(Largest) - excess(o);
    end
    return value;
  endfunction

  // Windows, element (c*Kernel+ky)*Kernel+kx of InBits.
  logic window_valid, window_ready;
  logic [Terms*InBits-1:0] window;

  if (Kernel == 1) begin : gen_pixel
    logic emit;
    if (Pad != 0) begin : gen_check_pad
      $error("nj_binary_conv: Pad = %0d with Kernel = 1, must be 0", Pad);
    end
    if (Stride == 1) begin : gen_every
      assign emit = 1'b1;
    end else begin : gen_some
      logic [$clog2(Width)-1:0] x_q;
      logic [$clog2(Height)-1:0] y_q;
      logic [$clog2(Stride)-1:0] x_phase_q, y_phase_q;
      logic row_end, frame_end;
      assign row_end = x_q == $bits(x_q)'(Width - 1);
      assign frame_end = y_q == $bits(y_q)'(Height - 1);
      assign emit = x_phase_q == '0 && y_phase_q == '0;
      always_ff @(posedge clk_i) begin
        if (rst_i) begin
          {x_q, y_q, x_phase_q, y_phase_q} <= '0;
        end else if (s_valid_i && s_ready_o) begin
          x_q <= row_end ? '0 : x_q + 1'b1;
          x_phase_q <= row_end || x_phase_q == $bits(x_phase_q)'(Stride - 1) ? '0 : x_phase_q + 1'b1;
          if (row_end) begin
            y_q <= frame_end ? '0 : y_q + 1'b1;
            y_phase_q <= frame_end || y_phase_q == $bits(y_phase_q)'(Stride - 1) ? '0 : y_phase_q + 1'b1;
          end
        end
      end
    end
    assign window = s_data_i;
    assign window_valid = s_valid_i && emit;
    assign s_ready_o = window_ready || !emit;
  end else begin : gen_window
    localparam int unsigned Bits = CIn * InBits;
    logic column_valid, column_ready, column_emit, full_q;
    logic [Kernel-1:0] column_mask, mask_q;
    logic [Kernel*Bits-1:0] column;
    logic [Kernel*Bits-1:0] column_q [Kernel];  // the oldest first

    nj_line_buffer #(
      .Height(Height), .Width(Width), .Bits(Bits), .Kernel(Kernel), .Stride(Stride), .Pad(Pad)
    ) u_line_buffer (
      .clk_i, .rst_i, .s_valid_i, .s_ready_o, .s_data_i,
      .m_valid_o(column_valid), .m_ready_i(column_ready), .m_data_o({column_emit, column_mask, column})
    );

    assign column_ready = !full_q || window_ready;
    assign window_valid = full_q;
    always_ff @(posedge clk_i) begin
      if (rst_i) full_q <= 1'b0;
      else if (column_ready) full_q <= column_valid && column_emit;
      if (column_ready && column_valid) begin
        mask_q <= column_mask;
        for (int unsigned x = 0; x < Kernel - 1; x++) column_q[x] <= column_q[x+1];
        column_q[Kernel-1] <= column;
      end
    end
    for (genvar x = 0; x < Kernel; x++) begin : gen_x
      logic [Kernel*Bits-1:0] masked;
      assign masked = mask_q[x] ? column_q[x] : '0;
      for (genvar y = 0; y < Kernel; y++) begin : gen_y
        for (genvar c = 0; c < CIn; c++) begin : gen_c
          assign window[((c*Kernel+y)*Kernel+x)*InBits+:InBits] = masked[(y*CIn+c)*InBits+:InBits];
        end
      end
    end
  end

  // Stage 1: the window waits for its rounds.
  logic advance, held_valid, last_round;
  logic [Terms*InBits-1:0] held;
  logic [RoundBits-1:0] round_q;

  if (Fold > 1) begin : gen_hold
    logic held_valid_q;
    logic [Terms*InBits-1:0] held_q;
    assign held_valid = held_valid_q;
    assign held = held_q;
    assign last_round = round_q == RoundBits'(Fold - 1);
    assign window_ready = !held_valid_q || (advance && last_round);
    always_ff @(posedge clk_i) begin
      if (rst_i) held_valid_q <= 1'b0;
      else if (window_ready) held_valid_q <= window_valid;
      if (window_ready && window_valid) held_q <= window;
      if (rst_i) round_q <= '0;
      else if (advance && held_valid_q) round_q <= last_round ? '0 : round_q + 1'b1;
    end
  end else begin : gen_no_hold
    assign held_valid = window_valid;
    assign held = window;
    assign last_round = 1'b1;
    assign window_ready = advance;
    assign round_q = '0;
  end

  // Stage 2: totals. Stage 3: results, shifted in Lanes outputs at a time.
  logic total_valid_q, total_last_q, valid_q;
  logic [RoundBits-1:0] total_round_q;
  logic [COut*ResultBits-1:0] result_q;
  logic [Lanes*ResultBits-1:0] result;

  assign advance = !total_valid_q || !valid_q || m_ready_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) total_valid_q <= 1'b0;
    else if (advance) total_valid_q <= held_valid;
    if (advance) begin
      total_last_q <= last_round;
      total_round_q <= round_q;
    end
    if (rst_i) valid_q <= 1'b0;
    else if (advance && total_valid_q) valid_q <= total_last_q;
    else if (m_ready_i) valid_q <= 1'b0;
    if (advance && total_valid_q) begin
      result_q <= (COut*ResultBits)'({result, result_q} >> (Lanes * ResultBits));
    end
  end

  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    logic [Terms-1:0] weight [Fold];
    logic [Terms-1:0] sign;
    logic [TotalBits-1:0] total, total_q;

    for (genvar f = 0; f < Fold; f++) begin : gen_weight
      assign weight[f] = Weight[(f*Lanes+l)*Terms+:Terms];
    end
    assign sign = weight[round_q];
    if (InBits == 1) begin : gen_bits
      nj_popcount #(.Width(Terms)) u_total (.bits_i(held ~^ sign), .count_o(total));
    end else begin : gen_pixels
      // node[i] = node[2i] + node[2i+1], the leaves are the terms
      logic [TotalBits-1:0] node [2*Terms];
      assign node[0] = '0;
      for (genvar t = 0; t < Terms; t++) begin : gen_term
        assign node[Terms+t] = TotalBits'(held[t*InBits+:InBits] ^ {InBits{!sign[t]}});
      end
      for (genvar i = 1; i < Terms; i++) begin : gen_sum
        assign node[i] = node[2*i] + node[2*i+1];
      end
      assign total = node[1];
    end
    always_ff @(posedge clk_i) if (advance) total_q <= total;

    if (Thresholded) begin : gen_bit
      logic [TotalBits:0] least [Fold];
      for (genvar f = 0; f < Fold; f++) begin : gen_limit
        assign least[f] = (TotalBits + 1)'(limit(f * Lanes + l));
      end
      assign result[l] = {1'b0, total_q} >= least[total_round_q];
    end else begin : gen_sum
      logic [OutBits-1:0] less [Fold];
      for (genvar f = 0; f < Fold; f++) begin : gen_less
        assign less[f] = OutBits'(excess(f * Lanes + l));
      end
      assign result[l*OutBits+:OutBits] = OutBits'(total_q) - less[total_round_q];
    end
  end

  assign m_valid_o = valid_q;
  assign m_data_o = result_q;
endmodule
