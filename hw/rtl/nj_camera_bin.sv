// Means over blocks of Bin lines of Bin pixels, a result per block in raster order: nj_camera_mean of the sums of its terms.
//
// A frame has Rows x Columns blocks. A beat has Pixels pixels, of which Bin is a multiple, with Channels terms of Bits bits
// each: term c of pixel p at [(p * Channels + c) * Bits +: Bits]. The sums of a row of blocks wait in LUT memory from line
// to line. A result comes two clocks after the last beat of its block (more by the clocks of nj_camera_mean), with m_last_o
// when it is the last of the frame. A beat per clock, while results are taken.
module nj_camera_bin #(
  parameter int unsigned Bin      = 2,
  parameter int unsigned Pixels   = 1,
  parameter int unsigned Rows     = 2,
  parameter int unsigned Columns  = 2,
  parameter int unsigned Channels = 1,
  parameter int unsigned Bits     = 8,
  parameter int unsigned OutBits  = 8,
  parameter logic [Channels*16-1:0] Weight = 16'd4  // of a block, for each channel
) (
  input  logic                            clk_i,
  input  logic                            rst_i,
  input  logic                            s_valid_i,
  output logic                            s_ready_o,
  input  logic [Pixels*Channels*Bits-1:0] s_data_i,
  output logic                            m_valid_o,
  input  logic                            m_ready_i,
  output logic [Channels*OutBits-1:0]     m_data_o,
  output logic                            m_last_o
);
  localparam int unsigned Steps = Bin / Pixels;  // beats of a line of a block
  localparam int unsigned SumBits = Bits + unsigned'($clog2(Bin * Bin));
  localparam int unsigned StepBits = Steps > 1 ? unsigned'($clog2(Steps)) : 1;
  localparam int unsigned LineBits = Bin > 1 ? unsigned'($clog2(Bin)) : 1;
  localparam int unsigned XBits = Columns > 1 ? unsigned'($clog2(Columns)) : 1;
  localparam int unsigned CountBits = Rows * Columns > 1 ? unsigned'($clog2(Rows * Columns)) : 1;

  if (Pixels == 0 || Bin % Pixels != 0) begin : gen_check
    $error("nj_camera_bin: Bin = %0d, must be a multiple of Pixels = %0d", Bin, Pixels);
  end

  // place of the next beat; then: a line of a block is complete in sum_q
  logic [StepBits-1:0] step_q;
  logic [XBits-1:0] x_q, column_q;
  logic [LineBits-1:0] line_q;
  logic valid_q, first_q, last_q;
  logic take, step_last, x_last, line_last, mean_ready, mean_valid;
  logic [Channels*SumBits-1:0] sum, sum_q, kept, total;

  assign step_last = step_q == StepBits'(Steps - 1);
  assign x_last = x_q == XBits'(Columns - 1);
  assign line_last = line_q == LineBits'(Bin - 1);
  assign s_ready_o = !(valid_q && last_q) || mean_ready;
  assign take = s_valid_i && s_ready_o;

  always_comb begin
    sum = step_q == '0 ? '0 : sum_q;
    for (int p = 0; p < int'(Pixels); p++) begin
      for (int c = 0; c < int'(Channels); c++) begin
        sum[c*SumBits+:SumBits] += SumBits'(s_data_i[(p*Channels+c)*Bits+:Bits]);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (s_ready_o) valid_q <= s_valid_i && step_last;
    if (take) begin
      sum_q <= sum;
      step_q <= step_last ? '0 : step_q + 1'b1;
      if (step_last) begin
        column_q <= x_q;
        first_q <= line_q == '0;
        last_q <= line_last;
        x_q <= x_last ? '0 : x_q + 1'b1;
        if (x_last) line_q <= line_last ? '0 : line_q + 1'b1;
      end
    end
    if (rst_i) {valid_q, step_q, x_q, line_q} <= '0;
  end

  if (Bin > 1) begin : gen_lines
    nj_deep_ram #(.Words(Columns), .Bits(Channels * SumBits)) u_sums (
      .clk_i, .write_i(valid_q && !last_q), .addr_i(column_q), .data_i(total), .data_o(kept)
    );
  end else begin : gen_line
    /* verilator lint_off UNUSEDSIGNAL */
    logic unused;
    assign unused = ^column_q;
    /* verilator lint_on UNUSEDSIGNAL */
    assign kept = '0;
  end
  for (genvar c = 0; c < int'(Channels); c++) begin : gen_total
    assign total[c*SumBits+:SumBits] =
        sum_q[c*SumBits+:SumBits] + (first_q ? '0 : kept[c*SumBits+:SumBits]);
  end

  // the sum of a block waits in a register
  logic held_q, held_ready;
  logic [Channels*SumBits-1:0] held_sum_q;
  assign mean_ready = !held_q || held_ready;
  assign mean_valid = valid_q && last_q;
  always_ff @(posedge clk_i) begin
    if (mean_ready) begin
      held_q <= mean_valid;
      held_sum_q <= total;
    end
    if (rst_i) held_q <= 1'b0;
  end
  nj_camera_mean #(.Channels(Channels), .Bits(SumBits), .OutBits(OutBits), .Weight(Weight)) u_mean (
    .clk_i, .rst_i, .s_valid_i(held_q), .s_ready_o(held_ready), .s_data_i(held_sum_q),
    .m_valid_o, .m_ready_i, .m_data_o
  );

  logic [CountBits-1:0] count_q;
  assign m_last_o = count_q == CountBits'(Rows * Columns - 1);
  always_ff @(posedge clk_i) begin
    if (m_valid_o && m_ready_i) count_q <= m_last_o ? '0 : count_q + 1'b1;
    if (rst_i) count_q <= '0;
  end
endmodule
