// The window of the next output of a convolution, made from the pixels that went in, in the plainest way: whole frames
// are kept, the one that comes out and the Frames - 1 after it.
//
// window_o: element ky*Kernel+kx is pixel (Stride*row - Pad + ky, Stride*column - Pad + kx), 0 outside the frame.
// complete_o: all its pixels went in. rest_o: no pixel of a frame that has begun is missing. An output is taken in a
// clock with give_i. Asserted: no output before its window is complete, and never more than Frames frames inside.
module nj_windows #(
  parameter int unsigned Height = 3,
  parameter int unsigned Width  = 3,
  parameter int unsigned Bits   = 1,
  parameter int unsigned Kernel = 3,
  parameter int unsigned Stride = 1,
  parameter int unsigned Pad    = 1,
  parameter int unsigned Frames = 2   // at least 2
) (
  input  logic                          clk_i,
  input  logic                          rst_i,
  input  logic                          take_i,
  input  logic [Bits-1:0]               data_i,
  input  logic                          valid_i,
  input  logic                          give_i,
  output logic [Kernel*Kernel*Bits-1:0] window_o,
  output logic [Kernel-1:0]             columns_o,  // which columns of the window are inside the frame
  output logic                          complete_o,
  output logic                          rest_o
);
  localparam int unsigned Size = Height * Width;
  localparam int unsigned Rows = (Height + 2 * Pad - Kernel) / Stride + 1;
  localparam int unsigned Columns = (Width + 2 * Pad - Kernel) / Stride + 1;
  localparam int unsigned RowBits = $clog2(Rows + 1);
  localparam int unsigned ColumnBits = $clog2(Columns + 1);
  localparam int unsigned PlaceBits = $clog2(Size + 1);
  localparam int unsigned FrameBits = $clog2(Frames);
  localparam int unsigned AheadBits = $clog2(Frames * Size + 2) + 1;

  logic [Bits-1:0] frame_q [Frames*Size];
  logic [FrameBits-1:0] in_q, out_q;  // which frame is written, which is read
  logic [PlaceBits-1:0] place_q;
  logic [RowBits-1:0] row_q;
  logic [ColumnBits-1:0] column_q;
  logic signed [AheadBits-1:0] ahead_q, needed;  // pixels in, since the first of the frame that comes out
  logic frame_end;

  assign frame_end = row_q == RowBits'(Rows - 1) && column_q == ColumnBits'(Columns - 1);
  assign complete_o = ahead_q >= needed;
  assign rest_o = place_q == '0;

  always_comb begin
    window_o = '0;
    columns_o = '0;
    needed = '0;
    for (int r = 0; r < int'(Rows); r++) begin
      for (int c = 0; c < int'(Columns); c++) begin
        if (row_q == RowBits'(r) && column_q == ColumnBits'(c)) begin
          for (int ky = 0; ky < int'(Kernel); ky++) begin
            for (int kx = 0; kx < int'(Kernel); kx++) begin
              int y, x;
              y = r * int'(Stride) - int'(Pad) + ky;
              x = c * int'(Stride) - int'(Pad) + kx;
              columns_o[kx] = x >= 0 && x < int'(Width);
              if (y >= 0 && y < int'(Height) && x >= 0 && x < int'(Width)) begin
                for (int f = 0; f < int'(Frames); f++) begin
                  if (out_q == FrameBits'(f)) begin
                    window_o[(ky*int'(Kernel)+kx)*int'(Bits)+:Bits] = frame_q[f*int'(Size)+y*int'(Width)+x];
                  end
                end
                needed = AheadBits'(y * int'(Width) + x + 1);
              end
            end
          end
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    for (int i = 0; i < int'(Size); i++) begin
      for (int f = 0; f < int'(Frames); f++) begin
        if (take_i && place_q == PlaceBits'(i) && in_q == FrameBits'(f)) frame_q[f*int'(Size)+i] <= data_i;
      end
    end
    if (take_i) place_q <= place_q == PlaceBits'(Size - 1) ? '0 : place_q + 1'b1;
    if (take_i && place_q == PlaceBits'(Size - 1)) in_q <= in_q == FrameBits'(Frames - 1) ? '0 : in_q + 1'b1;
    if (give_i) begin
      column_q <= column_q == ColumnBits'(Columns - 1) ? '0 : column_q + 1'b1;
      if (column_q == ColumnBits'(Columns - 1)) row_q <= frame_end ? '0 : row_q + 1'b1;
      if (frame_end) out_q <= out_q == FrameBits'(Frames - 1) ? '0 : out_q + 1'b1;
    end
    ahead_q <= ahead_q + (take_i ? AheadBits'(1) : '0) - (give_i && frame_end ? AheadBits'(Size) : '0);
    if (rst_i) begin
      {place_q, in_q, row_q, column_q, out_q, ahead_q} <= '0;
    end else begin
      assert (ahead_q <= AheadBits'(Frames * Size));
      if (valid_i) assert (complete_o);
    end
  end
endmodule
