// Where a pixel of a frame lies among pooling windows of SizeY x SizeX with the same stride; rows and columns that fill no
// window are dropped.
//
// Height*Width pixels per frame, row by row, one per clock of take_i. The outputs are about the pixel that comes next:
// column_o counts the windows to its left, first_o and last_o say that it begins or completes a window. A pixel of a
// column or row that fills no window completes none.
module nj_pool_place #(
  parameter int unsigned Height = 8,
  parameter int unsigned Width  = 8,
  parameter int unsigned SizeY  = 2,
  parameter int unsigned SizeX  = 2,
  localparam int unsigned Columns = (Width + SizeX - 1) / SizeX,  // of windows, with one of what fills none
  localparam int unsigned ColumnBits = Columns > 1 ? unsigned'($clog2(Columns)) : 1
) (
  input  logic                  clk_i,
  input  logic                  rst_i,
  input  logic                  take_i,
  output logic [ColumnBits-1:0] column_o,
  output logic                  first_o,
  output logic                  last_o
);
  localparam int unsigned XBits = SizeX > 2 ? unsigned'($clog2(SizeX)) : 1;
  localparam int unsigned YBits = SizeY > 2 ? unsigned'($clog2(SizeY)) : 1;
  localparam int unsigned RowBits = Height >= SizeY ? unsigned'($clog2(Height / SizeY + 1)) : 1;

  // The window's place and the pixel's place within it, for columns and rows.
  logic [ColumnBits-1:0] column_q;
  logic [RowBits-1:0] row_q;
  logic [XBits-1:0] x_q;
  logic [YBits-1:0] y_q;
  logic column_full, row_full, row_end, frame_end;

  assign column_full = x_q == XBits'(SizeX - 1);
  assign row_full = y_q == YBits'(SizeY - 1);
  assign row_end = column_q == ColumnBits'(Columns - 1) && x_q == XBits'((Width - 1) % SizeX);
  if (Height % SizeY == 0) begin : gen_even
    assign frame_end = row_full;  // the position within a window says all
  end else begin : gen_rest
    assign frame_end = row_q == RowBits'((Height - 1) / SizeY) && y_q == YBits'((Height - 1) % SizeY);
  end

  assign column_o = column_q;
  assign first_o = x_q == '0 && y_q == '0;
  assign last_o = column_full && row_full;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      column_q <= '0;
      row_q <= '0;
      x_q <= '0;
      y_q <= '0;
    end else if (take_i) begin
      x_q <= (column_full || row_end) ? '0 : XBits'(nj_pkg::next(32'(x_q)));
      if (row_end) column_q <= '0;
      else if (column_full) column_q <= ColumnBits'(nj_pkg::next(32'(column_q)));
      if (row_end) begin
        y_q <= (row_full || frame_end) ? '0 : YBits'(nj_pkg::next(32'(y_q)));
        if (frame_end) row_q <= '0;
        else if (row_full) row_q <= RowBits'(nj_pkg::next(32'(row_q)));
      end
    end
  end
endmodule
