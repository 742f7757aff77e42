// The nine 3x3 jets of maps that follow each other, step by step as nj_jet_steps says, in one adder.
//
//   jet_o = the jet of index_i = {differences down, differences across} where put_i, in that clock. That of one
//   difference across is negative: right less left.
//
// x_i: the map's pixel at the clock of the steps that read it, element map_i of it; outside of the frame it reads as 0. Two
// rows of pixels, and two columns of jets down, are kept in LUT memory.
module nj_jet_responses #(
  parameter int unsigned InBits = 4,
  parameter bit          Signed = 1'b1,
  parameter int unsigned Wide   = 8,  // pixels of a row, padding included
  parameter int unsigned Words  = 4,  // maps
  localparam int unsigned XBits   = unsigned'($clog2(Wide)),
  localparam int unsigned MapBits = Words > 1 ? unsigned'($clog2(Words)) : 1,
  localparam int unsigned Bits    = InBits + (Signed ? 4 : 5)  // of a jet
) (
  input  logic                    clk_i,
  input  logic                    ce_i,
  input  logic [Words*InBits-1:0] x_i,
  input  logic [XBits-1:0]        column_x_i,
  input  logic [MapBits-1:0]      map_i,
  input  logic                    row_i,
  input  logic                    framed_i,
  input  logic [1:0]              operand_i,
  input  logic [1:0]              order_i,
  input  logic                    column_i,
  input  logic                    keep_column_i,
  input  logic                    keep_row_i,
  input  logic                    first_i,
  input  logic                    double_i,
  input  logic                    minus_i,
  input  logic                    load_i,
  output logic [Bits-1:0]         jet_o
);
  localparam int unsigned Down  = Bits - 2;  // bits of a jet down
  localparam int unsigned Shift = Words > 1 ? MapBits : 0;
  localparam int unsigned Kept  = ((Wide - 1) << Shift) + Words;  // pixels of a row

  logic [InBits-1:0] pixel;
  nj_select #(.Ways(Words), .Bits(InBits)) u_pixel (.x_i, .index_i(map_i), .y_o(pixel));

  logic [XBits+Shift-1:0] place;
  logic [2+Shift:0] column_place;
  if (Words > 1) begin : gen_places
    assign place        = {column_x_i, map_i};
    assign column_place = {order_i, map_i, column_i};
  end else begin : gen_place
    assign place        = column_x_i;
    assign column_place = {order_i, column_i};
  end

  logic [1:0][InBits-1:0] row;
  logic [Down-1:0] operand, operand_q;
  for (genvar r = 0; r < 2; r++) begin : gen_row
    nj_deep_ram #(.Words(Kept), .Bits(InBits)) u_row (
      .clk_i, .write_i(keep_row_i && row_i == 1'(r)), .addr_i(place), .data_i(operand_q[InBits-1:0]),
      .data_o(row[r])
    );
  end

  logic [Down-1:0] column;
  logic [Bits-1:0] sum, sum_q;
  nj_deep_ram #(.Words((2 << (1 + Shift)) + (Words << 1)), .Bits(Down)) u_columns (
    .clk_i, .write_i(keep_column_i), .addr_i(column_place), .data_i(sum_q[Down-1:0]), .data_o(column)
  );

  // the operand: all of one width, chosen in a LUT per bit
  function automatic logic [Down-1:0] wide(input logic [InBits-1:0] x);
    wide = {{Down-InBits{Signed && x[InBits-1]}}, x};
  endfunction
  nj_select #(.Ways(4), .Bits(Down)) u_operand (
    .x_i({column, wide(pixel), wide(row[1]), wide(row[0])}), .index_i(operand_i), .y_o(operand)
  );
  always_ff @(posedge clk_i) begin
    if (ce_i) begin
      operand_q <= operand;
      if (operand_i == 2'd2 && !framed_i) operand_q <= '0;
      if (load_i) sum_q <= sum;
    end
  end

  nj_add_double #(.Bits(Down), .Width(Bits)) u_add (
    .first_i, .sum_i(sum_q), .x_i(operand_q), .double_i, .minus_i, .sum_o(sum)
  );
  assign jet_o = sum;
endmodule
