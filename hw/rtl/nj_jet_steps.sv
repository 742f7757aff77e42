// The steps in which nj_jet_responses makes the nine 3x3 jets of every map, over a raster of pixels with its padding.
//
// Pixel by pixel, map by map (Words one after the other), and for 0, 1, 2 differences down, in turn:
//   steps 0 to 2  the jet down the new column c2, from p0, p2 and (not for one difference) p1, twice
//   step 3        c2 - c0 is put out, the negative of the jet with one difference across
//   step 4        c2 is kept in place of c0, and c0 added to it
//   steps 5, 6    2 c1 more, and 2 c1 less, are put out: only where the pixel completes a window
// where p0, p1, p2 are rows and c0, c1, c2 columns, from the oldest. 20 steps a map where a window is complete, 14 where
// not, one per clock of ce_i. A map begins when its pixel is there and, for a window, room_i says so. The pixel is taken
// with its last step. Outputs up to keep_row_o belong to the clock of the step, which reads an operand; those from first_o
// on to the clock behind it, which adds it.
module nj_jet_steps #(
  parameter int unsigned Height = 8,
  parameter int unsigned Width  = 8,
  parameter int unsigned Stride = 1,  // 1 or 2
  parameter int unsigned Pad    = 1,  // 0 or 1
  parameter int unsigned Words  = 4,
  localparam int unsigned High = Height + 2 * Pad,
  localparam int unsigned Wide = Width + 2 * Pad,
  localparam int unsigned XBits = unsigned'($clog2(Wide)),
  localparam int unsigned MapBits = Words > 1 ? unsigned'($clog2(Words)) : 1
) (
  input  logic               clk_i,
  input  logic               rst_i,
  input  logic               ce_i,
  input  logic               s_valid_i,
  output logic               s_ready_o,
  input  logic               room_i,
  output logic               done_o,     // the jets of a map are complete with what is written in the next clock
  output logic [XBits-1:0]   x_o,
  output logic [MapBits-1:0] map_o,
  output logic               row_o,      // which of the two rows that are kept is the older one
  output logic               framed_o,   // the frame
  output logic [1:0]         operand_o,  // what is read: a row that is kept, the other, the pixel, a column
  output logic [1:0]         order_o,    // differences down
  output logic               column_o,   // which of the two columns that are kept is read
  output logic               keep_column_o,  // the sum takes its place
  output logic               keep_row_o,     // what was read last, the pixel, takes the place of the older row's
  output logic               first_o,
  output logic               double_o,
  output logic               minus_o,
  output logic               load_o,     // the sum is kept
  output logic               put_o,      // the sum is a jet
  output logic [3:0]         index_o     // differences down, differences across
);
  if (Stride < 1 || Stride > 2 || Pad > 1 || High < 3 || Wide < 3) begin : gen_bad_shape
    $error("nj_jet_steps: Stride = %0d, Pad = %0d do not fit %0dx%0d", Stride, Pad, Height, Width);
  end
  localparam int unsigned YBits = unsigned'($clog2(High));

  // Steps are numbered so that their bits say what they do: of those that put out a jet, differences across.
  localparam logic [2:0] Older = 3'b000, Newest = 3'b001, Middle = 3'b010;  // p0, p2, p1
  localparam logic [2:0] Less = 3'b101, Keep = 3'b111, Double = 3'b100, Undo = 3'b110;

  logic [2:0] step_q, step_next;
  logic [1:0] order_q;
  logic [MapBits-1:0] map_q;
  logic [XBits-1:0] x_q;
  logic [YBits-1:0] y_q;
  logic go, emit, framed, order_end, map_end, pixel_end, row_end, last_row;

  assign emit = x_q >= XBits'(2) && y_q >= YBits'(2) && (Stride == 1 || (!x_q[0] && !y_q[0]));
  if (Pad > 0) begin : gen_padded
    assign framed = x_q != '0 && !row_end && y_q != '0 && !last_row;
  end else begin : gen_inside
    assign framed = 1'b1;
  end
  // while it waits, the first step is done again and again
  assign go        = ce_i && (step_q != Older || order_q != '0 || ((s_valid_i || !framed) && (room_i || !emit)));
  assign order_end = step_q == (emit ? Undo : Keep);
  assign map_end   = ce_i && order_end && order_q[1];
  assign pixel_end = map_end && map_q == MapBits'(Words - 1);
  assign row_end   = x_q == XBits'(Wide - 1);
  assign last_row  = y_q == YBits'(High - 1);
  assign s_ready_o = pixel_end && framed;
  assign done_o    = map_end && emit;

  always_comb begin
    case (step_q)
      Older:   step_next = Newest;
      Newest:  step_next = order_q[0] ? Less : Middle;
      Middle:  step_next = Less;
      Less:    step_next = Keep;
      Keep:    step_next = emit ? Double : Older;
      Double:  step_next = Undo;
      default: step_next = Older;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      step_q  <= Older;
      order_q <= '0;
      map_q   <= '0;
      x_q     <= '0;
      y_q     <= '0;
    end else begin
      if (go) step_q <= step_next;
      if (go && order_end) order_q <= {order_q[0], !(|order_q)};
      if (map_end) map_q <= pixel_end ? '0 : MapBits'(nj_pkg::next(32'(map_q)));
      if (pixel_end) x_q <= row_end ? '0 : XBits'(nj_pkg::next(32'(x_q)));
      if (pixel_end && row_end) y_q <= last_row ? '0 : YBits'(nj_pkg::next(32'(y_q)));
    end
  end

  assign x_o      = x_q;
  assign map_o    = map_q;
  assign row_o    = y_q[0];
  assign framed_o = framed;
  assign order_o  = order_q;
  assign column_o = x_q[0] ^ (step_q[2] && !step_q[0]);
  assign keep_column_o = ce_i && step_q == Keep;  // the column's jet is in the sum by then
  assign keep_row_o = ce_i && order_q[1] && step_q == Middle;  // its operand is the pixel
  always_comb begin
    case (step_q)
      Older:   operand_o = {1'b0, y_q[0]};
      Newest:  operand_o = 2'd2;
      Middle:  operand_o = {1'b0, !y_q[0]};
      default: operand_o = 2'd3;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (ce_i) begin
      first_o  <= step_q == Older;
      double_o <= step_q == Middle || step_q == Double || step_q == Undo;
      minus_o  <= step_q == Less || step_q == Undo || (step_q == Newest && order_q[0]) || (step_q == Middle && order_q[1]);
      load_o   <= !step_q[2] || step_q == Keep;
      put_o    <= emit && step_q[2] && step_q != Keep;
      index_o  <= {order_q, step_q[1:0]};
    end
  end
endmodule
