// Sum-pooling of +-1 maps: sums over SizeY x SizeX windows with the same stride; rows and columns that fill no window are
// dropped. Average pooling of +-1 maps is this divided by SizeY*SizeX, which thresholds and biases take in.
//
//   sum[c](y, x) = sum of v[c](SizeY*y + i, SizeX*x + j), 0 <= i < SizeY, 0 <= j < SizeX, for each of C outputs
//   v[c] = +1 for bit c/Copies 1 and -1 for bit 0, the other way round where Negative[c] is set
//
//   m_data_o = C bits sum[c] >= Constant[c] when Thresholded, else C sums sum[c] + Constant[c] of OutBits each
//
// Output 0 in the low bits; Constant, and sums put out, are two's complement. In: Height*Width beats of C/Copies bits
// per frame, row by row. Out: (Height/SizeY)*(Width/SizeX) beats, each one clock after the last pixel of its window.
// Takes a pixel in every clock as long as each result is taken before the next window is complete; s_ready_o depends on
// registers only, and with SizeX = 1, where pixel after pixel completes a window, on m_ready_i.
//
// Counted are bits that are 1, from a start value with which nothing is left to do at the end: the top bit of the
// accumulator is the comparison, or all of its bits are those of the result but for the lowest, which never changes.
module nj_sum_pool #(
  parameter int unsigned Height = 8,
  parameter int unsigned Width  = 8,
  parameter int unsigned C      = 16,
  parameter int unsigned Copies = 1,  // outputs in a row that read one map; divides C
  parameter int unsigned SizeY  = 4,
  parameter int unsigned SizeX  = 4,
  parameter logic [C-1:0] Negative = '0,
  parameter bit Thresholded = 1'b1,
  parameter int unsigned ConstantBits = 8,
  parameter logic [C*ConstantBits-1:0] Constant = '0,
  parameter int unsigned OutBits = 6,  // of a sum put out: enough for its range
  localparam int unsigned ResultBits = Thresholded ? 1 : OutBits
) (
  input  logic                    clk_i,
  input  logic                    rst_i,
  input  logic                    s_valid_i,
  output logic                    s_ready_o,
  input  logic [C/Copies-1:0]     s_data_i,
  output logic                    m_valid_o,
  input  logic                    m_ready_i,
  output logic [C*ResultBits-1:0] m_data_o
);
  localparam int unsigned Columns = (Width + SizeX - 1) / SizeX;  // of windows, with one of what fills none
  localparam int unsigned ColumnBits = Columns > 1 ? unsigned'($clog2(Columns)) : 1;
  localparam int Pixels = int'(SizeY * SizeX);

  function automatic int constant(int unsigned c);
    return int'(signed'(ConstantBits'(Constant >> (c * ConstantBits))));
  endfunction
  // How many ones reach the threshold: 2 * ones - Pixels >= Constant.
  function automatic int least(int unsigned c);
    return (constant(c) + Pixels + 1) >>> 1;
  endfunction
  function automatic bit fixed(int unsigned c);  // the comparison is always true, or never
    return least(c) <= 0 || least(c) > Pixels;
  endfunction
  // Bits of an accumulator. Thresholded: 2^(bits-1) - least + ones stays within them.
  function automatic int unsigned needed();
    int unsigned bits;
    bits = 1;
    for (int unsigned c = 0; c < C; c++) begin
      while (!fixed(c) && (least(c) > (1 << (bits - 1)) || Pixels - least(c) >= (1 << (bits - 1)))) bits++;
    end
    return bits;
  endfunction
  localparam int unsigned SumBits = Thresholded ? needed() : OutBits - 1;

  function automatic int unsigned range_bits();
    int unsigned bits;
    bits = 2;
    for (int unsigned c = 0; c < C; c++) begin
      while (constant(c) - Pixels < -(1 << (bits - 1)) || constant(c) + Pixels >= (1 << (bits - 1))) bits++;
    end
    return bits;
  endfunction

  if (SizeY < 1 || SizeX < 1 || SizeY > Height || SizeX > Width) begin : gen_check_size
    $error("nj_sum_pool: windows of %0d x %0d on a map of %0d x %0d", SizeY, SizeX, Height, Width);
  end
  if (C % Copies != 0) begin : gen_check_copies
    $error("nj_sum_pool: Copies = %0d does not divide C = %0d", Copies, C);
  end
  if (!Thresholded && OutBits < range_bits()) begin : gen_check_bits
    $error("nj_sum_pool: OutBits = %0d, the sums need %0d", OutBits, range_bits());
  end

  logic [ColumnBits-1:0] column;
  logic first, complete, take;
  assign take = s_valid_i && s_ready_o;
  nj_pool_place #(.Height(Height), .Width(Width), .SizeY(SizeY), .SizeX(SizeX)) u_place (
    .clk_i, .rst_i, .take_i(take), .column_o(column), .first_o(first), .last_o(complete)
  );

  // What each window has counted so far; its word is read and written in the same clock, so that one port does.
  /* verilator lint_off UNUSEDSIGNAL */
  logic [C*SumBits-1:0] so_far;  // not read where the comparison is always true, or never
  /* verilator lint_on UNUSEDSIGNAL */
  logic [C*SumBits-1:0] window;
  if (Columns > 1) begin : gen_memory
    nj_ram #(.Words(Columns), .Bits(C * SumBits)) u_windows (
      .clk_i, .write_i(take), .addr_i(column), .data_i(window), .data_o(so_far)
    );
  end else begin : gen_register
    logic [C*SumBits-1:0] window_q;
    always_ff @(posedge clk_i) if (take) window_q <= window;
    assign so_far = window_q;
    logic unused;
    assign unused = column;
  end

  logic [C*ResultBits-1:0] result;
  for (genvar c = 0; c < int'(C); c++) begin : gen_channel
    localparam int Start = Thresholded ? (1 << (SumBits - 1)) - least(c) : (constant(c) - Pixels) >>> 1;
    if (Thresholded && fixed(c)) begin : gen_fixed
      assign window[c*SumBits+:SumBits] = '0;
      assign result[c] = least(c) <= 0;
    end else begin : gen_sum
      logic [SumBits-1:0] from, sum;
      assign from = first ? SumBits'(Start) : so_far[c*SumBits+:SumBits];
      assign sum = from + SumBits'(s_data_i[c/int'(Copies)] ^ Negative[c]);
      assign window[c*SumBits+:SumBits] = sum;
      if (Thresholded) begin : gen_bit
        assign result[c] = sum[SumBits-1];
      end else begin : gen_word
        assign result[c*OutBits+:OutBits] = {sum, 1'(constant(c) - Pixels)};
      end
    end
  end

  logic valid_q;
  logic [C*ResultBits-1:0] data_q;

  assign s_ready_o = !(valid_q && complete) || (SizeX == 1 && m_ready_i);
  assign m_valid_o = valid_q;
  assign m_data_o = data_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) valid_q <= 1'b0;
    else if (take && complete) valid_q <= 1'b1;
    else if (m_ready_i) valid_q <= 1'b0;
    if (take && complete) data_q <= result;
  end
endmodule
