// The UltraScale and UltraScale+ cell of this name as Yosys uses it, for the simulation of netlists; see nj_block_ram.
//
// Without output registers, cascade or inverted clocks: refused at elaboration, or without a port here.
// Simple dual port: port A reads and port B writes up to 36 bits, the low half through A's data pins.
module RAMB18E2 #(
  parameter logic [255:0] INIT_00 = '0, INIT_01 = '0, INIT_02 = '0, INIT_03 = '0,
  parameter logic [255:0] INIT_04 = '0, INIT_05 = '0, INIT_06 = '0, INIT_07 = '0,
  parameter logic [255:0] INIT_08 = '0, INIT_09 = '0, INIT_0A = '0, INIT_0B = '0,
  parameter logic [255:0] INIT_0C = '0, INIT_0D = '0, INIT_0E = '0, INIT_0F = '0,
  parameter logic [255:0] INIT_10 = '0, INIT_11 = '0, INIT_12 = '0, INIT_13 = '0,
  parameter logic [255:0] INIT_14 = '0, INIT_15 = '0, INIT_16 = '0, INIT_17 = '0,
  parameter logic [255:0] INIT_18 = '0, INIT_19 = '0, INIT_1A = '0, INIT_1B = '0,
  parameter logic [255:0] INIT_1C = '0, INIT_1D = '0, INIT_1E = '0, INIT_1F = '0,
  parameter logic [255:0] INIT_20 = '0, INIT_21 = '0, INIT_22 = '0, INIT_23 = '0,
  parameter logic [255:0] INIT_24 = '0, INIT_25 = '0, INIT_26 = '0, INIT_27 = '0,
  parameter logic [255:0] INIT_28 = '0, INIT_29 = '0, INIT_2A = '0, INIT_2B = '0,
  parameter logic [255:0] INIT_2C = '0, INIT_2D = '0, INIT_2E = '0, INIT_2F = '0,
  parameter logic [255:0] INIT_30 = '0, INIT_31 = '0, INIT_32 = '0, INIT_33 = '0,
  parameter logic [255:0] INIT_34 = '0, INIT_35 = '0, INIT_36 = '0, INIT_37 = '0,
  parameter logic [255:0] INIT_38 = '0, INIT_39 = '0, INIT_3A = '0, INIT_3B = '0,
  parameter logic [255:0] INIT_3C = '0, INIT_3D = '0, INIT_3E = '0, INIT_3F = '0,
  parameter logic [255:0] INITP_00 = '0, INITP_01 = '0, INITP_02 = '0, INITP_03 = '0,
  parameter logic [255:0] INITP_04 = '0, INITP_05 = '0, INITP_06 = '0, INITP_07 = '0,
  parameter logic [17:0] INIT_A = '0, INIT_B = '0, SRVAL_A = '0, SRVAL_B = '0,
  parameter int READ_WIDTH_A = 0, READ_WIDTH_B = 0, WRITE_WIDTH_A = 0, WRITE_WIDTH_B = 0, DOA_REG = 0, DOB_REG = 0,
  parameter WRITE_MODE_A = "WRITE_FIRST", WRITE_MODE_B = "WRITE_FIRST",
  parameter CLOCK_DOMAINS = "INDEPENDENT",
  parameter bit IS_CLKARDCLK_INVERTED = 1'b0, IS_CLKBWRCLK_INVERTED = 1'b0,
  parameter bit IS_ENARDEN_INVERTED = 1'b0, IS_ENBWREN_INVERTED = 1'b0,
  parameter bit IS_RSTRAMARSTRAM_INVERTED = 1'b0, IS_RSTRAMB_INVERTED = 1'b0,
  parameter bit IS_RSTREGARSTREG_INVERTED = 1'b0, IS_RSTREGB_INVERTED = 1'b0
) (
  input  logic CLKARDCLK, CLKBWRCLK,
  input  logic ENARDEN, ENBWREN,
  input  logic REGCEAREGCE, REGCEB, RSTREGARSTREG, RSTREGB,
  input  logic RSTRAMARSTRAM, RSTRAMB,
  input  logic [13:0] ADDRARDADDR, ADDRBWRADDR,
  input  logic ADDRENA, ADDRENB, SLEEP,
  input  logic [15:0] DINADIN, DINBDIN,
  input  logic [1:0] DINPADINP, DINPBDINP,
  input  logic [1:0] WEA,
  input  logic [3:0] WEBWE,
  output logic [15:0] DOUTADOUT, DOUTBDOUT,
  output logic [1:0] DOUTPADOUTP, DOUTPBDOUTP
);
  localparam bit WideRead = READ_WIDTH_A == 36;
  localparam bit WideWrite = WRITE_WIDTH_B == 36;

  if (DOA_REG != 0 || DOB_REG != 0) begin : gen_registers
    $error("DOA_REG %0d, DOB_REG %0d: output registers are not modelled", DOA_REG, DOB_REG);
  end
  if (IS_CLKARDCLK_INVERTED || IS_CLKBWRCLK_INVERTED) begin : gen_clocks
    $error("an inverted clock is not modelled");
  end

  function automatic logic [35:0] joined(input logic [17:0] high, input logic [17:0] low);
    return {high[17:16], low[17:16], high[15:0], low[15:0]};
  endfunction

  logic [63:0] data [2], read_data [2];
  logic [7:0] parity [2], read_parity [2], we [2];
  logic [13:0] address [2];

  assign address = '{ADDRARDADDR, ADDRBWRADDR};
  assign we = '{8'(WEA), 8'(WEBWE)};
  assign data = '{64'(DINADIN), WideWrite ? 64'({DINBDIN, DINADIN}) : 64'(DINBDIN)};
  assign parity = '{8'(DINPADINP), WideWrite ? 8'({DINPBDINP, DINPADINP}) : 8'(DINPBDINP)};
  assign DOUTADOUT = read_data[0][15:0];
  assign DOUTPADOUTP = read_parity[0][1:0];
  assign DOUTBDOUT = WideRead ? read_data[0][31:16] : read_data[1][15:0];
  assign DOUTPBDOUTP = WideRead ? read_parity[0][3:2] : read_parity[1][1:0];

  nj_block_ram #(
    .Bytes      (2048),
    .Init       ({
      INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38,
      INIT_37, INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30,
      INIT_2F, INIT_2E, INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28,
      INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20,
      INIT_1F, INIT_1E, INIT_1D, INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18,
      INIT_17, INIT_16, INIT_15, INIT_14, INIT_13, INIT_12, INIT_11, INIT_10,
      INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09, INIT_08,
      INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02, INIT_01, INIT_00
    }),
    .InitParity ({INITP_07, INITP_06, INITP_05, INITP_04, INITP_03, INITP_02, INITP_01, INITP_00}),
    .ReadWidthA (READ_WIDTH_A),
    .ReadWidthB (READ_WIDTH_B),
    .WriteWidthA(WRITE_WIDTH_A),
    .WriteWidthB(WRITE_WIDTH_B),
    .WriteModeA (WRITE_MODE_A),
    .WriteModeB (WRITE_MODE_B),
    .StartA     (72'(WideRead ? joined(INIT_B, INIT_A) : 36'(INIT_A))),
    .StartB     (72'(INIT_B)),
    .ResetA     (72'(WideRead ? joined(SRVAL_B, SRVAL_A) : 36'(SRVAL_A))),
    .ResetB     (72'(SRVAL_B))
  ) u_block_ram (
    .clk_a_i  (CLKARDCLK),
    .clk_b_i  (CLKBWRCLK),
    .en_i     ({ENBWREN ^ IS_ENBWREN_INVERTED, ENARDEN ^ IS_ENARDEN_INVERTED}),
    .rst_i    ({RSTRAMB ^ IS_RSTRAMB_INVERTED, RSTRAMARSTRAM ^ IS_RSTRAMARSTRAM_INVERTED}),
    .address_i(address),
    .we_i     (we),
    .data_i   (data),
    .parity_i (parity),
    .data_o   (read_data),
    .parity_o (read_parity)
  );
endmodule
