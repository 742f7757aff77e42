// Max-pooling of one-bit maps: OR over Size x Size windows with stride Size; rows and columns that fill no
// window are dropped.
//
//   m(y, x) = OR of s(Size*y + i, Size*x + j), 0 <= i, j < Size, for each of C channels; AND where Minimum is set
//
// In: Height*Width beats of C bits per frame, row by row. Out: (Height/Size)*(Width/Size) beats, each one clock
// after the last pixel of its window. Takes a pixel in every clock as long as each result is taken before the
// next window is complete; s_ready_o depends on registers only. Memory: Width/Size words of C bits, one port.
module nj_or_pool #(
  parameter int unsigned Height = 8,
  parameter int unsigned Width  = 8,
  parameter int unsigned C      = 16,
  parameter int unsigned Size   = 2,
  parameter logic [C-1:0] Minimum = '0
) (
  input  logic         clk_i,
  input  logic         rst_i,
  input  logic         s_valid_i,
  output logic         s_ready_o,
  input  logic [C-1:0] s_data_i,
  output logic         m_valid_o,
  input  logic         m_ready_i,
  output logic [C-1:0] m_data_o
);
  localparam int unsigned Columns = (Width + Size - 1) / Size;  // of windows, with one of what fills none
  localparam int unsigned ColumnBits = Columns > 1 ? unsigned'($clog2(Columns)) : 1;

  if (Size < 2) begin : gen_check_size
    $error("nj_or_pool: Size = %0d, must be at least 2", Size);
  end
  if (Size > Width || Size > Height) begin : gen_check_map
    $error("nj_or_pool: Size = %0d exceeds %0d x %0d", Size, Height, Width);
  end

  logic [ColumnBits-1:0] column;
  logic first, complete, take;
  assign take = s_valid_i && s_ready_o;
  nj_pool_place #(.Height(Height), .Width(Width), .SizeY(Size), .SizeX(Size)) u_place (
    .clk_i, .rst_i, .take_i(take), .column_o(column), .first_o(first), .last_o(complete)
  );

  // The OR of each window so far; its word is read and written in the same clock, so that one port does. An
  // AND is the OR of inverted bits, inverted.
  logic [C-1:0] so_far, window;
  nj_ram #(.Words(Columns), .Bits(C)) u_windows (
    .clk_i, .write_i(take), .addr_i(column), .data_i(window), .data_o(so_far)
  );
  nj_or_lanes #(.N(C)) u_or (
    .a_i(s_data_i ^ Minimum), .b_i(so_far), .keep_i(!first), .y_o(window)
  );

  logic valid_q;
  logic [C-1:0] data_q;

  assign s_ready_o = !(valid_q && complete);
  assign m_valid_o = valid_q;
  assign m_data_o = data_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) valid_q <= 1'b0;
    else if (take && complete) valid_q <= 1'b1;
    else if (m_ready_i) valid_q <= 1'b0;
    if (take && complete) data_q <= window ^ Minimum;
  end
endmodule
