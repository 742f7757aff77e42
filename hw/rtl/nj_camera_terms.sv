// What each pixel of a beat adds to the sums of its block: Channels terms of TermBits bits, for nj_camera_bin.
//
//   a value keeps the upper 8 of its Depth bits
//   Values = 1, Mosaic = 0   its only term
//   Values = 1, Mosaic = 1   three terms, red, green, blue: the value in the place of its colour and 0 in the others. Cell
//                            says the colours of a 2x2 cell, two bits each (0 red, 1 green, 2 blue), that of the upper
//                            left lowest, then the upper right; a beat begins at an even column unless Pixels is 1
//   Values = 3, Channels = 3 the three values; of which order in the beat says Order, two bits each: which value is red
//                            (lowest), green, blue
//   Values = 3, Channels = 1 red + 2 green + blue, 10 bits
//
// Value v of pixel p lies at bits [(p * Values + v) * Depth +: Depth], the terms likewise. Combinational; step_i, a beat is
// taken, counts the places in lines of Beats beats, which matters for a mosaic only.
module nj_camera_terms #(
  parameter int unsigned Pixels   = 1,
  parameter int unsigned Values   = 1,
  parameter int unsigned Depth    = 8,
  parameter int unsigned Channels = 1,
  parameter bit          Mosaic   = 1'b0,
  parameter logic [7:0]  Cell     = 8'b10_01_01_00,
  parameter logic [5:0]  Order    = 6'b10_01_00,
  parameter int unsigned Beats    = 4,
  localparam int unsigned TermBits = Values == 3 && Channels == 1 ? 10 : 8
) (
  input  logic                                clk_i,
  input  logic                                rst_i,
  input  logic                                step_i,
  /* verilator lint_off UNUSEDSIGNAL */
  input  logic [Pixels*Values*Depth-1:0]      data_i,  // low bits of a deep value are not looked at
  /* verilator lint_on UNUSEDSIGNAL */
  output logic [Pixels*Channels*TermBits-1:0] terms_o
);
  if (!((Values == 1 && Channels == (Mosaic ? 3 : 1)) || (Values == 3 && !Mosaic && (Channels == 1 || Channels == 3)))
      || Depth < 8) begin : gen_check
    $error("nj_camera_terms: Values = %0d, Channels = %0d, Mosaic = %0d, Depth = %0d do not go together", Values, Channels,
           Mosaic, Depth);
  end

  logic row, column;  // odd ones, of the next beat's first pixel
  if (Mosaic) begin : gen_place
    localparam int unsigned XBits = Beats > 1 ? unsigned'($clog2(Beats)) : 1;
    logic [XBits-1:0] x_q;
    logic row_q, line_end;
    assign line_end = x_q == XBits'(Beats - 1);
    assign row = row_q;
    assign column = Pixels == 1 && x_q[0];
    always_ff @(posedge clk_i) begin
      if (step_i) begin
        x_q <= line_end ? '0 : x_q + 1'b1;
        if (line_end) row_q <= !row_q;
      end
      if (rst_i) {x_q, row_q} <= '0;
    end
  end else begin : gen_anywhere
    /* verilator lint_off UNUSEDSIGNAL */
    logic unused;
    assign unused = ^{clk_i, rst_i, step_i, row, column};
    /* verilator lint_on UNUSEDSIGNAL */
    assign {row, column} = '0;
  end

  for (genvar p = 0; p < int'(Pixels); p++) begin : gen_pixel
    logic [Values-1:0][7:0] value;
    for (genvar v = 0; v < int'(Values); v++) begin : gen_value
      assign value[v] = data_i[(p*Values+v)*Depth+Depth-8+:8];
    end
    logic [Channels-1:0][TermBits-1:0] term;
    if (Mosaic) begin : gen_mosaic
      logic [1:0] color;
      assign color = Cell[{row, column ^ p[0], 1'b0}+:2];
      for (genvar c = 0; c < 3; c++) begin : gen_color
        assign term[c] = color == 2'(c) ? value[0] : '0;
      end
    end else if (Values == 3) begin : gen_rgb
      logic [7:0] red, green, blue;
      assign red   = value[Order[1:0]];
      assign green = value[Order[3:2]];
      assign blue  = value[Order[5:4]];
      if (Channels == 3) begin : gen_three
        assign term = {blue, green, red};
      end else begin : gen_gray
        assign term[0] = 10'(red) + {1'b0, green, 1'b0} + 10'(blue);
      end
    end else begin : gen_plain
      assign term[0] = value[0];
    end
    assign terms_o[p*Channels*TermBits+:Channels*TermBits] = term;
  end
endmodule
