// Gives the windows of a raster in raster order, a pixel per clock: the Kernel*Kernel pixels of each in raster order,
// zeros where the window lies outside of the frame.
//
// Memory keeps rows of pixels, as many as the next power of two above Kernel: of LUTs, or with Block of block RAM, which
// is read a clock ahead. A row of windows begins when all its rows of pixels are there. When it is done, rows that no later
// window needs give way. A pixel is taken per clock while there is room; s_ready_o and m_valid_o depend on registers only.
module nj_patches #(
  parameter int unsigned Height = 8,
  parameter int unsigned Width  = 8,
  parameter int unsigned Bits   = 8,   // of a pixel, all channels
  parameter int unsigned Kernel = 3,
  parameter int unsigned Stride = 1,
  parameter int unsigned Pad    = 1,   // below Kernel
  parameter bit          Block  = 1'b0  // with Kernel at least 2
) (
  input  logic            clk_i,
  input  logic            rst_i,
  input  logic            s_valid_i,
  output logic            s_ready_o,
  input  logic [Bits-1:0] s_data_i,
  output logic            m_valid_o,
  input  logic            m_ready_i,
  output logic [Bits-1:0] m_data_o
);
  localparam int unsigned Most     = Stride > 2 ? Kernel + Stride - 1 : Kernel + 1;
  localparam int unsigned RowBits  = unsigned'($clog2(Most));
  localparam int unsigned XBits    = Width > 1 ? unsigned'($clog2(Width)) : 1;
  localparam int unsigned OutRows  = (Height + 2 * Pad - Kernel) / Stride + 1;
  localparam int unsigned OutWidth = (Width + 2 * Pad - Kernel) / Stride + 1;
  localparam int unsigned OyBits   = OutRows > 1 ? unsigned'($clog2(OutRows)) : 1;
  localparam int unsigned OxBits   = OutWidth > 1 ? unsigned'($clog2(OutWidth)) : 1;
  localparam int unsigned KBits    = Kernel > 1 ? unsigned'($clog2(Kernel)) : 1;
  localparam int unsigned LeftBits = unsigned'($clog2(Width + 2 * Pad + Stride)) + 1;  // of a window's left column

  if (Pad >= Kernel || Stride < 1 || Height + 2 * Pad < Kernel || Width + 2 * Pad < Kernel) begin : gen_bad_shape
    $error("nj_patches: Kernel = %0d, Stride = %0d, Pad = %0d do not fit %0dx%0d", Kernel, Stride, Pad, Height, Width);
  end

  if (Block && Kernel < 2) begin : gen_bad_block
    $error("nj_patches: Block with Kernel = %0d, at least 2: a pixel could be read as it is written", Kernel);
  end

  // What a row of windows needs: rows of it above the frame, rows of it down to the frame's end, rows that must be there, rows that go.
  logic [RowBits:0] above [OutRows];
  logic [RowBits:0] below [OutRows];
  logic [RowBits:0] need [OutRows];
  logic [RowBits:0] leave [OutRows];
  for (genvar r = 0; r < int'(OutRows); r++) begin : gen_row
    localparam int Top   = r * int'(Stride) - int'(Pad);
    localparam int First = Top < 0 ? 0 : Top;
    localparam int End   = Top + int'(Kernel) > int'(Height) ? int'(Height) : Top + int'(Kernel);
    localparam int Next  = Top + int'(Stride) < 0 ? 0 : Top + int'(Stride);
    localparam bit Last  = r == int'(OutRows) - 1;
    assign above[r]  = (RowBits + 1)'(First - Top);
    assign below[r] = (RowBits + 1)'(End - First);
    localparam int Gone  = Last ? int'(Height) - First : Next - First;
    assign need[r]   = (RowBits + 1)'(Gone > End - First ? Gone : End - First);
    assign leave[r]  = (RowBits + 1)'(Gone);
  end

  // rows that are there: the first is in place first_q, the one that comes in behind the last
  logic [RowBits:0] rows_q;
  logic [RowBits-1:0] first_q, write_row_q;
  logic [XBits-1:0] write_x_q;
  logic push, push_row, step, row_done;
  assign s_ready_o = !rows_q[RowBits];
  assign push      = s_valid_i && s_ready_o;
  assign push_row  = push && write_x_q == XBits'(Width - 1);

  // position: window, and pixel in it
  logic [OyBits-1:0] oy_q;
  logic [OxBits-1:0] ox_q;
  logic [KBits-1:0] ky_q, kx_q;
  logic [LeftBits-1:0] left_q;  // Pad more than the column of the window's left pixel
  logic [OyBits-1:0] oy_d;
  logic [KBits-1:0] ky_d, kx_d;
  logic [LeftBits-1:0] left_d;
  logic [RowBits-1:0] first_d;
  logic kx_end, ky_end, ox_end, oy_end;
  assign kx_end    = kx_q == KBits'(Kernel - 1);
  assign ky_end    = ky_q == KBits'(Kernel - 1);
  assign ox_end    = ox_q == OxBits'(OutWidth - 1);
  assign oy_end    = oy_q == OyBits'(OutRows - 1);
  assign m_valid_o = rows_q >= need[oy_q];
  assign step      = m_valid_o && m_ready_i;
  assign row_done  = step && kx_end && ky_end && ox_end;

  assign kx_d    = !step ? kx_q : kx_end ? '0 : KBits'(nj_pkg::next(32'(kx_q)));
  assign ky_d    = !(step && kx_end) ? ky_q : ky_end ? '0 : KBits'(nj_pkg::next(32'(ky_q)));
  assign left_d  = !(step && kx_end && ky_end) ? left_q : ox_end ? '0 : left_q + LeftBits'(Stride);
  assign oy_d    = !row_done ? oy_q : oy_end ? '0 : OyBits'(nj_pkg::next(32'(oy_q)));
  assign first_d = !row_done ? first_q : first_q + RowBits'(leave[oy_q]);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      write_x_q   <= '0;
      write_row_q <= '0;
      rows_q      <= '0;
      first_q     <= '0;
      oy_q        <= '0;
      ox_q        <= '0;
      ky_q        <= '0;
      kx_q        <= '0;
      left_q      <= '0;
    end else begin
      if (push) write_x_q <= push_row ? '0 : XBits'(nj_pkg::next(32'(write_x_q)));
      write_row_q <= write_row_q + RowBits'(push_row);
      if (push_row || row_done) rows_q <= rows_q + (RowBits + 1)'(push_row) - (row_done ? leave[oy_q] : '0);
      kx_q    <= kx_d;
      ky_q    <= ky_d;
      left_q  <= left_d;
      oy_q    <= oy_d;
      first_q <= first_d;
      if (step && kx_end && ky_end) ox_q <= ox_end ? '0 : OxBits'(nj_pkg::next(32'(ox_q)));
    end
  end

  // the pixel
  logic [LeftBits-1:0] column;
  logic [RowBits:0] row;
  logic [Bits-1:0] pixel;
  logic in_row, in_column;
  assign column    = left_q + LeftBits'(kx_q) - LeftBits'(Pad);  // wraps to a large number left of the frame
  assign in_column = Pad == 0 || column < LeftBits'(Width);
  assign row       = (RowBits + 1)'(ky_q) - above[oy_q];
  assign in_row    = Pad == 0 || row < below[oy_q];
  assign m_data_o  = in_row && in_column ? pixel : '0;

  if (Block) begin : gen_block
    // The first pixel of a row of windows was written a row of pixels before, so that a clock ahead it is there.
    (* ram_style = "block" *) logic [Bits-1:0] pixels [2**(RowBits+XBits)];
    logic [LeftBits-1:0] next_column;
    logic [RowBits:0] next_row;
    logic [RowBits-1:0] next_place;
    assign next_column = left_d + LeftBits'(kx_d) - LeftBits'(Pad);
    assign next_row    = (RowBits + 1)'(ky_d) - above[oy_d];
    assign next_place  = first_d + next_row[RowBits-1:0];
    always_ff @(posedge clk_i) begin
      if (push) pixels[{write_row_q, write_x_q}] <= s_data_i;
      pixel <= pixels[{next_place, next_column[XBits-1:0]}];
    end
  end else begin : gen_lut
    (* ram_style = "distributed" *) logic [Bits-1:0] pixels [2**(RowBits+XBits)];
    logic [RowBits-1:0] place;
    assign place = first_q + row[RowBits-1:0];
    assign pixel = pixels[{place, column[XBits-1:0]}];
    always_ff @(posedge clk_i) if (push) pixels[{write_row_q, write_x_q}] <= s_data_i;
  end
endmodule
