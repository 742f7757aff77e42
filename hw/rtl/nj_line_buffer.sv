// Sliding columns over a raster of pixels: one column of Kernel pixels per accepted pixel.
//
//   m_data = {emit, mask[Kernel], column[Kernel]}, column[0] lowest
//   column[r] = pixel (y - (Kernel-1) + r, x), r = 0 the topmost, 0 where that row is outside the frame
//   mask[c]   = window column c (0 the oldest of the last Kernel columns) lies inside the frame
//   emit      = the last Kernel columns are a window of the output map (stride and padding applied)
//
// One step a clock: exactly Height*Width steps per frame when pixels come without a gap, also between frames.
// The last Pad rows and pixels of windows of a frame ride on the first steps of the next one; when no pixel
// waits at the end of a frame, dummy steps do it. What they write into the delay line is masked later on.
// Once a frame has begun, only its pixels make steps, so the input waits one clock at most for a dummy.
// Latency: one clock from pixel to column. Rows wait in a delay line of Width words (LUTRAM or block RAM).
module nj_line_buffer #(
  parameter int unsigned Height = 8,
  parameter int unsigned Width  = 8,   // at least 2
  parameter int unsigned Bits   = 8,   // of a pixel, all channels
  parameter int unsigned Kernel = 3,
  parameter int unsigned Stride = 1,
  parameter int unsigned Pad    = 1    // at most (Kernel-1)/2
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
  localparam int unsigned XBits   = $clog2(Width + 2 * Kernel);
  localparam int unsigned YBits   = $clog2(Height + 2 * Kernel);
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

  // position of the next pixel, and of the next window border of the frame before it
  logic [YBits-1:0] y_q, y_d, flush_y_q, flush_y_d;
  logic [XBits-1:0] x_q, x_d, flush_x_q, flush_x_d;
  logic             flush_q, flush_d;

  logic begun, last_pixel, step;
  assign begun      = x_q != '0 || y_q != '0;
  assign last_pixel = x_q == XBits'(Width - 1) && y_q == YBits'(Height - 1);
  assign s_ready_o  = !m_valid_o || m_ready_i;
  assign step       = s_ready_o && (s_valid_i || (flush_q && !begun));

  always_comb begin
    {y_d, x_d, flush_y_d, flush_x_d, flush_d} = {y_q, x_q, flush_y_q, flush_x_q, flush_q};
    if (step) begin
      if (s_valid_i) begin
        x_d = x_q == XBits'(Width - 1) ? '0 : x_q + 1'b1;
        if (x_q == XBits'(Width - 1)) y_d = y_q == YBits'(Height - 1) ? '0 : y_q + 1'b1;
      end
      if (flush_q) begin
        flush_x_d = flush_x_q == XBits'(Width - 1) ? '0 : flush_x_q + 1'b1;
        if (flush_x_q == XBits'(Width - 1)) flush_y_d = flush_y_q + 1'b1;
        if (flush_y_q == YBits'(Height + Pad) && flush_x_q == XBits'(Pad - 1)) flush_d = 1'b0;
      end
      if (s_valid_i && last_pixel && Pad != 0) begin
        flush_d   = 1'b1;
        flush_y_d = YBits'(Height);
        flush_x_d = '0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      {y_q, x_q, flush_q} <= '0;
    end else begin
      {y_q, x_q, flush_q} <= {y_d, x_d, flush_d};
    end
    {flush_y_q, flush_x_q} <= {flush_y_d, flush_x_d};
  end

  // which windows end here: `here` in this row, `tail` those of the row before that reach over its right border
  logic [YBits-1:0] row;
  logic [XBits-1:0] col;
  logic             here, tail;
  assign row  = flush_q ? flush_y_q : y_q;
  assign col  = flush_q ? flush_x_q : x_q;
  assign here = row >= YBits'(Lead) && row < YBits'(Height + Pad) && col >= XBits'(Lead)
             && (row - YBits'(Lead)) % YBits'(Stride) == '0 && (col - XBits'(Lead)) % XBits'(Stride) == '0;
  assign tail = row > YBits'(Lead) && col < XBits'(Pad)
             && (row - YBits'(Lead + 1)) % YBits'(Stride) == '0
             && (col + XBits'(Width - Lead)) % XBits'(Stride) == '0;

  // rows outside the frame; in the last Pad steps of a flush the column is already the next frame's
  logic [YBits-1:0]  mask_row;
  logic [Kernel-1:0] row_inside, col_inside;
  assign mask_row = flush_q && flush_y_q != YBits'(Height + Pad) ? flush_y_q : y_q;
  for (genvar i = 0; i < int'(Kernel); i++) begin : gen_inside
    assign row_inside[i] = mask_row + YBits'(i) >= YBits'(Rows) && mask_row + YBits'(i) < YBits'(Height + Rows);
    // a window of `tail` begins Width further on in the row before; a narrow frame lacks columns on both its sides
    assign col_inside[i] = tail ? col + XBits'(i) < XBits'(Rows)
                                  && (Width + i >= Rows || col + XBits'(Width + i) >= XBits'(Rows))
                                : col + XBits'(i) >= XBits'(Rows);
  end

  // the delay line: word x holds the last Rows pixels of column x, the oldest in the low bits
  logic [Rows*Bits-1:0] line [Width];
  logic [Rows*Bits-1:0] read_q;
  logic [PtrBits-1:0]   ptr_q, ptr_d;
  logic [Kernel*Bits-1:0] column;
  assign column = {s_data_i, read_q};
  assign ptr_d  = ptr_q == PtrBits'(Width - 1) ? '0 : ptr_q + 1'b1;
  always_ff @(posedge clk_i) begin
    if (step) begin
      line[ptr_q] <= column[Kernel*Bits-1:Bits];
      read_q      <= line[ptr_d];
    end
    if (rst_i) ptr_q <= '0;
    else if (step) ptr_q <= ptr_d;
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
