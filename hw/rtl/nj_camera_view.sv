// What a network sees of whole frames: the upper 8 bits, a region, means over blocks. See bnn/camera.py for the formula.
//
// nj_camera_crop, nj_camera_terms and nj_camera_bin one after the other. A beat of the camera has Pixels pixels of Values
// values of Depth bits, the first lowest. When Bin is a multiple of Pixels a beat is taken per clock; else the beats of the
// region are split into pixels (nj_camera_pixels), which takes Pixels clocks each. m_data_o: a pixel, 8 bits a channel.
module nj_camera_view #(
  parameter int unsigned Height   = 4,  // lines of a frame
  parameter int unsigned Beats    = 4,  // of a line
  parameter int unsigned Top      = 0,  // the region: lines, and beats of each
  parameter int unsigned Left     = 0,
  parameter int unsigned Rows     = 4,
  parameter int unsigned Columns  = 4,
  parameter int unsigned Pixels   = 1,
  parameter int unsigned Values   = 1,
  parameter int unsigned Depth    = 8,
  parameter int unsigned Channels = 1,
  parameter bit          Mosaic   = 1'b0,
  parameter logic [7:0]  Cell     = 8'b10_01_01_00,
  parameter logic [5:0]  Order    = 6'b10_01_00,
  parameter int unsigned Bin      = 2,
  parameter logic [Channels*16-1:0] Weight = 16'd4
) (
  input  logic                           clk_i,
  input  logic                           rst_i,
  input  logic                           s_valid_i,
  output logic                           s_ready_o,
  input  logic [Pixels*Values*Depth-1:0] s_data_i,
  output logic                           m_valid_o,
  input  logic                           m_ready_i,
  output logic [8*Channels-1:0]          m_data_o,
  output logic                           m_last_o
);
  localparam int unsigned PixelBits = Values * Depth;
  localparam int unsigned TermBits = Values == 3 && Channels == 1 ? 10 : 8;
  localparam int unsigned Together = Bin % Pixels == 0 ? Pixels : 1;  // pixels that are binned at once

  logic region_valid, region_ready;
  logic [Pixels*PixelBits-1:0] region;
  nj_camera_crop #(
    .Height(Height), .Beats(Beats), .Top(Top), .Left(Left), .Rows(Rows), .Columns(Columns),
    .DataBits(Pixels * PixelBits)
  ) u_crop (
    .clk_i, .rst_i, .s_valid_i, .s_ready_o, .s_data_i, .m_valid_o(region_valid), .m_ready_i(region_ready), .m_data_o(region)
  );

  logic part_valid, part_ready;
  logic [Together*PixelBits-1:0] part;
  if (Together == Pixels) begin : gen_whole
    assign part_valid = region_valid;
    assign region_ready = part_ready;
    assign part = region;
  end else begin : gen_split
    nj_camera_pixels #(.Pixels(Pixels), .Bits(PixelBits)) u_pixels (
      .clk_i, .rst_i, .s_valid_i(region_valid), .s_ready_o(region_ready), .s_data_i(region),
      .m_valid_o(part_valid), .m_ready_i(part_ready), .m_data_o(part)
    );
  end

  logic [Together*Channels*TermBits-1:0] terms;
  nj_camera_terms #(
    .Pixels(Together), .Values(Values), .Depth(Depth), .Channels(Channels), .Mosaic(Mosaic), .Cell(Cell), .Order(Order),
    .Beats(Columns * Pixels / Together)
  ) u_terms (
    .clk_i, .rst_i, .step_i(part_valid && part_ready), .data_i(part), .terms_o(terms)
  );
  nj_camera_bin #(
    .Bin(Bin), .Pixels(Together), .Rows(Rows / Bin), .Columns(Columns * Pixels / Bin), .Channels(Channels),
    .Bits(TermBits), .OutBits(8), .Weight(Weight)
  ) u_bin (
    .clk_i, .rst_i, .s_valid_i(part_valid), .s_ready_o(part_ready), .s_data_i(terms),
    .m_valid_o, .m_ready_i, .m_data_o, .m_last_o
  );
endmodule
