// Slides a column over a raster of pixels: one column of Kernel pixels per accepted pixel.
//
//   m_data = {emit, mask[Kernel], column[Kernel]}, column[0] lowest
//   column[r] = pixel (y - (Kernel-1) + r, x), r = 0 the topmost, 0 where that row is outside the frame
//   mask[c]   = window column c (0 the oldest of the last Kernel columns) lies inside the frame
//               (with Pad 0 no window needs either: rows outside have any value, and mask is all ones)
//   emit      = the last Kernel columns are a window of the output map (stride and padding applied)
//
// One step per clock: exactly Height*Width steps per frame when pixels come without a gap, also between frames.
// The windows that end in the padding below a frame, or to the right of its last pixel, ride on the first steps of the
// next frame; when no pixel waits at the end of a frame, dummy steps make them. What these write into the delay line is
// masked later. Once a frame has begun, only its pixels make steps, so the input waits at most one clock for a dummy.
// With Eager 0 a dummy waits until the column before has left: the layers behind take several clocks for a window and
// would only get windows earlier, whose pixels they then lack later.
// Latency: one clock from pixel to column. Rows wait in a delay line of Width words: in LUT memory, or in block RAM
// where that costs less; 18 Kbit count as 160 LUTs, which is about the ratio that chips have.
module nj_line_buffer #(
  parameter int unsigned Height = 8,
  parameter int unsigned Width  = 8,   // at least 2
  parameter int unsigned Bits   = 8,   // of a pixel, all channels
  parameter int unsigned Kernel = 3,
  parameter int unsigned Stride = 1,
  parameter int unsigned Pad    = 1,   // at most (Kernel-1)/2
  parameter bit          Eager  = 1'b1
) (
  input  logic                        clk_i,
  input  logic                        rst_i,
  input  logic                        s_valid_i,
  output logic                        s_ready_o,
  input  logic [Bits-1:0]             s_data_i,
  output logic                        m_valid_o,
  input  logic                        m_ready_i,
  output logic [Kernel*Bits+Kernel:0] m_data_o
);
  localparam int unsigned Rows    = Kernel - 1;      // of the delay line
  localparam int unsigned Lead    = Kernel - 1 - Pad; // first row and column whose step emits
  localparam int unsigned XBits   = unsigned'($clog2(Width));
  localparam int unsigned YBits   = unsigned'($clog2(Height + 1));
  localparam int unsigned FBits   = unsigned'($clog2(Pad + 2));
  localparam int unsigned PtrBits = $clog2(Width);

  if (Kernel < 2) begin : gen_bad_kernel
    $error("nj_line_buffer: Kernel = %0d, at least 2", Kernel);
  end
  if (2 * Pad > Kernel - 1) begin : gen_bad_pad
    $error("nj_line_buffer: Pad = %0d, at most (Kernel-1)/2 = %0d", Pad, (Kernel - 1) / 2);
  end
  if (Stride < 1) begin : gen_bad_stride
    $error("nj_line_buffer: Stride = %0d, at least 1", Stride);
  end
  if (Height + Pad < Kernel || Width + Pad < Kernel || Height <= Pad || Width < 2) begin : gen_bad_frame
    $error("nj_line_buffer: a frame of %0dx%0d is too small for Kernel = %0d, Pad = %0d", Height, Width, Kernel, Pad);
  end

  // position of the next pixel, and of the next window border of the frame before it, whose rows count from Height
  logic [YBits-1:0] y_q;
  logic [XBits-1:0] x_q, flush_x_q;
  logic [FBits-1:0] flush_y_q;
  logic             flush_q, begun_q;

  logic x_last, y_last, step, flush_x_last;
  assign x_last       = x_q == XBits'(Width - 1);
  assign y_last       = y_q == YBits'(Height - 1);
  assign flush_x_last = flush_x_q == XBits'(Width - 1);
  assign s_ready_o    = !m_valid_o || m_ready_i;
  assign step         = s_valid_i ? s_ready_o : flush_q && !begun_q && (!m_valid_o || (Eager && m_ready_i));

  always_ff @(posedge clk_i) begin
    if (step) begin
      if (s_valid_i) begin
        begun_q <= !(x_last && y_last);
        x_q <= x_last ? '0 : XBits'(nj_pkg::next(32'(x_q)));
        if (x_last) y_q <= y_last ? '0 : YBits'(nj_pkg::next(32'(y_q)));
      end
      flush_x_q <= flush_x_last ? '0 : XBits'(nj_pkg::next(32'(flush_x_q)));
      if (flush_x_last) flush_y_q <= FBits'(nj_pkg::next(32'(flush_y_q)));
      if (flush_y_q == FBits'(Pad) && flush_x_q == XBits'(int'(Pad) - 1)) flush_q <= 1'b0;
      if (s_valid_i && x_last && y_last && Pad != 0) begin
        flush_q   <= 1'b1;
        flush_x_q <= '0;
        flush_y_q <= '0;
      end
    end
    if (rst_i) {y_q, x_q, flush_q, begun_q} <= '0;
  end

  // the windows that end here: `here` in this row, `tail` those of the row before that hang over its right border
  logic [XBits-1:0] col;
  logic             here, tail, row_ends, row_before_ends, flush_row;
  assign col             = flush_q ? flush_x_q : x_q;
  assign flush_row       = flush_q && flush_y_q != FBits'(Pad);  // else the column is already the next frame's
  assign row_ends        = flush_q ? flush_row : nj_pkg::at_least(32'(y_q), int'(Lead));
  assign row_before_ends = flush_q || nj_pkg::at_least(32'(y_q), int'(Lead) + 1);
  if (Stride == 1) begin : gen_every
    assign here = row_ends && nj_pkg::at_least(32'(col), int'(Lead));
    assign tail = row_before_ends && !nj_pkg::at_least(32'(col), int'(Pad));
  end else begin : gen_some
    localparam int unsigned RowBits = unsigned'($clog2(Height + Pad + 1));
    localparam int unsigned ColBits = unsigned'($clog2(2 * Width));
    logic [RowBits-1:0] row;
    assign row  = flush_q ? RowBits'(Height) + RowBits'(flush_y_q) : RowBits'(y_q);
    assign here = row_ends && nj_pkg::at_least(32'(col), int'(Lead))
               && (row - RowBits'(Lead)) % RowBits'(Stride) == '0
               && (ColBits'(col) - ColBits'(Lead)) % ColBits'(Stride) == '0;
    assign tail = row_before_ends && !nj_pkg::at_least(32'(col), int'(Pad))
               && (row - RowBits'(Lead + 1)) % RowBits'(Stride) == '0
               && (ColBits'(col) + ColBits'(Width - Lead)) % ColBits'(Stride) == '0;
  end

  // rows and columns outside the frame; a window that ends here has none among those left out
  logic [Kernel-1:0] row_inside, col_inside;
  for (genvar i = 0; i < int'(Kernel); i++) begin : gen_inside
    localparam int FromEnd = int'(Rows) - i;
    if (Pad == 0) begin : gen_whole
      assign {row_inside[i], col_inside[i]} = 2'b11;
    end else begin : gen_part
      logic below, above, left, right;
      // the row is below the frame in flush row FromEnd and later, above it in rows before FromEnd
      assign below = flush_row && nj_pkg::at_least(32'(flush_y_q), FromEnd);
      assign above = flush_row ? !nj_pkg::at_least(32'(flush_y_q), FromEnd - int'(Height))
                               : !nj_pkg::at_least(32'(y_q), FromEnd);
      assign row_inside[i] = !below && !above;
      // a window of `tail` begins Width further on in the row before; a narrow frame lacks columns on both its sides
      assign right = nj_pkg::at_least(32'(col), FromEnd);
      assign left  = !nj_pkg::at_least(32'(col), FromEnd - int'(Width));
      assign col_inside[i] = tail ? !right && !left : right;
    end
  end

  // the delay line: word x holds the last Rows pixels of column x, the oldest in the low bits
  // LUT memory is read where it is written, so that a LUT holds two bits of 32 columns, or one of 64. The pointer's
  // initial value keeps Yosys from moving it into the memory, which would take a second port.
  function automatic int unsigned blocks();  // of 18 Kbit: 512 words of 36 bits, 1024 of 18, ... 16384 of 1
    int unsigned words, bits;
    words = 512;
    bits  = 36;
    while (words < Width) begin
      words = 2 * words;
      bits  = bits > 1 ? bits / 2 : 1;
    end
    return (Rows * Bits + bits - 1) / bits * ((Width + 16383) / 16384);
  endfunction
  localparam int unsigned Luts   = (Width + 63) / 64;  // of a bit, and what chooses among them
  localparam int unsigned Choose = Luts == 3 || Luts > 4 ? Luts / 4 + 1 : 0;
  localparam bit Block = Rows * Bits * (Luts + Choose) > 160 * blocks();
  logic [Rows*Bits-1:0] past;
  logic [PtrBits-1:0]   ptr_q;
  logic [PtrBits-1:0]   ptr_d;
  logic [Kernel*Bits-1:0] column;
  assign column = {s_data_i, past};
  assign ptr_d  = ptr_q == PtrBits'(Width - 1) ? '0 : PtrBits'(nj_pkg::next(32'(ptr_q)));
  initial ptr_q = '0;  // needs always, not always_ff; in the declaration Verilator would warn
  always @(posedge clk_i) begin
    if (rst_i) ptr_q <= '0;
    else if (step) ptr_q <= ptr_d;
  end
  if (Block) begin : gen_block
    (* ram_style = "block" *) logic [Rows*Bits-1:0] line [Width];
    logic [Rows*Bits-1:0] read_q;
    assign past = read_q;
    always_ff @(posedge clk_i) begin
      if (step) line[ptr_q] <= column[Kernel*Bits-1:Bits];
      if (step) read_q <= line[ptr_d];
    end
  end else begin : gen_lut
    (* ram_style = "distributed" *) logic [Rows*Bits-1:0] line [Width];
    assign past = line[ptr_q];
    always_ff @(posedge clk_i) if (step) line[ptr_q] <= column[Kernel*Bits-1:Bits];
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) m_valid_o <= 1'b0;
    else if (s_ready_o) m_valid_o <= step;
    if (step) begin
      for (int i = 0; i < int'(Kernel); i++) m_data_o[i*Bits+:Bits] <= row_inside[i] ? column[i*Bits+:Bits] : '0;
      m_data_o[Kernel*Bits+:Kernel+1] <= {here || tail, col_inside};
    end
  end
endmodule
