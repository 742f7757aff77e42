// The UltraScale and UltraScale+ cell of this name as Yosys uses it, for the simulation of netlists; see nj_block_ram.
//
// Without output registers, cascade, ECC or inverted clocks: refused at elaboration, or without a port here.
// Simple dual port: port A reads and port B writes up to 72 bits, the low half through A's data pins.
module RAMB36E2 #(
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
  parameter logic [255:0] INIT_40 = '0, INIT_41 = '0, INIT_42 = '0, INIT_43 = '0,
  parameter logic [255:0] INIT_44 = '0, INIT_45 = '0, INIT_46 = '0, INIT_47 = '0,
  parameter logic [255:0] INIT_48 = '0, INIT_49 = '0, INIT_4A = '0, INIT_4B = '0,
  parameter logic [255:0] INIT_4C = '0, INIT_4D = '0, INIT_4E = '0, INIT_4F = '0,
  parameter logic [255:0] INIT_50 = '0, INIT_51 = '0, INIT_52 = '0, INIT_53 = '0,
  parameter logic [255:0] INIT_54 = '0, INIT_55 = '0, INIT_56 = '0, INIT_57 = '0,
  parameter logic [255:0] INIT_58 = '0, INIT_59 = '0, INIT_5A = '0, INIT_5B = '0,
  parameter logic [255:0] INIT_5C = '0, INIT_5D = '0, INIT_5E = '0, INIT_5F = '0,
  parameter logic [255:0] INIT_60 = '0, INIT_61 = '0, INIT_62 = '0, INIT_63 = '0,
  parameter logic [255:0] INIT_64 = '0, INIT_65 = '0, INIT_66 = '0, INIT_67 = '0,
  parameter logic [255:0] INIT_68 = '0, INIT_69 = '0, INIT_6A = '0, INIT_6B = '0,
  parameter logic [255:0] INIT_6C = '0, INIT_6D = '0, INIT_6E = '0, INIT_6F = '0,
  parameter logic [255:0] INIT_70 = '0, INIT_71 = '0, INIT_72 = '0, INIT_73 = '0,
  parameter logic [255:0] INIT_74 = '0, INIT_75 = '0, INIT_76 = '0, INIT_77 = '0,
  parameter logic [255:0] INIT_78 = '0, INIT_79 = '0, INIT_7A = '0, INIT_7B = '0,
  parameter logic [255:0] INIT_7C = '0, INIT_7D = '0, INIT_7E = '0, INIT_7F = '0,
  parameter logic [255:0] INITP_00 = '0, INITP_01 = '0, INITP_02 = '0, INITP_03 = '0,
  parameter logic [255:0] INITP_04 = '0, INITP_05 = '0, INITP_06 = '0, INITP_07 = '0,
  parameter logic [255:0] INITP_08 = '0, INITP_09 = '0, INITP_0A = '0, INITP_0B = '0,
  parameter logic [255:0] INITP_0C = '0, INITP_0D = '0, INITP_0E = '0, INITP_0F = '0,
  parameter logic [35:0] INIT_A = '0, INIT_B = '0, SRVAL_A = '0, SRVAL_B = '0,
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
  input  logic [14:0] ADDRARDADDR, ADDRBWRADDR,
  input  logic ADDRENA, ADDRENB, SLEEP,
  input  logic [31:0] DINADIN, DINBDIN,
  input  logic [3:0] DINPADINP, DINPBDINP,
  input  logic [3:0] WEA,
  input  logic [7:0] WEBWE,
  output logic [31:0] DOUTADOUT, DOUTBDOUT,
  output logic [3:0] DOUTPADOUTP, DOUTPBDOUTP
);
  localparam bit WideRead = READ_WIDTH_A == 72;
  localparam bit WideWrite = WRITE_WIDTH_B == 72;

  if (DOA_REG != 0 || DOB_REG != 0) begin : gen_registers
    $error("DOA_REG %0d, DOB_REG %0d: output registers are not modelled", DOA_REG, DOB_REG);
  end
  if (IS_CLKARDCLK_INVERTED || IS_CLKBWRCLK_INVERTED) begin : gen_clocks
    $error("an inverted clock is not modelled");
  end

  function automatic logic [71:0] joined(input logic [35:0] high, input logic [35:0] low);
    return {high[35:32], low[35:32], high[31:0], low[31:0]};
  endfunction

  logic [63:0] data [2], read_data [2];
  logic [7:0] parity [2], read_parity [2], we [2];
  logic [14:0] address [2];

  assign address = '{ADDRARDADDR, ADDRBWRADDR};
  assign we = '{8'(WEA), 8'(WEBWE)};
  assign data = '{64'(DINADIN), WideWrite ? 64'({DINBDIN, DINADIN}) : 64'(DINBDIN)};
  assign parity = '{8'(DINPADINP), WideWrite ? 8'({DINPBDINP, DINPADINP}) : 8'(DINPBDINP)};
  assign DOUTADOUT = read_data[0][31:0];
  assign DOUTPADOUTP = read_parity[0][3:0];
  assign DOUTBDOUT = WideRead ? read_data[0][63:32] : read_data[1][31:0];
  assign DOUTPBDOUTP = WideRead ? read_parity[0][7:4] : read_parity[1][3:0];

  nj_block_ram #(
    .Bytes      (4096),
    .Init       ({
      INIT_7F, INIT_7E, INIT_7D, INIT_7C, INIT_7B, INIT_7A, INIT_79, INIT_78,
      INIT_77, INIT_76, INIT_75, INIT_74, INIT_73, INIT_72, INIT_71, INIT_70,
      INIT_6F, INIT_6E, INIT_6D, INIT_6C, INIT_6B, INIT_6A, INIT_69, INIT_68,
      INIT_67, INIT_66, INIT_65, INIT_64, INIT_63, INIT_62, INIT_61, INIT_60,
      INIT_5F, INIT_5E, INIT_5D, INIT_5C, INIT_5B, INIT_5A, INIT_59, INIT_58,
      INIT_57, INIT_56, INIT_55, INIT_54, INIT_53, INIT_52, INIT_51, INIT_50,
      INIT_4F, INIT_4E, INIT_4D, INIT_4C, INIT_4B, INIT_4A, INIT_49, INIT_48,
      INIT_47, INIT_46, INIT_45, INIT_44, INIT_43, INIT_42, INIT_41, INIT_40,
      INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38,
      INIT_37, INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30,
      INIT_2F, INIT_2E, INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28,
      INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20,
      INIT_1F, INIT_1E, INIT_1D, INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18,
      INIT_17, INIT_16, INIT_15, INIT_14, INIT_13, INIT_12, INIT_11, INIT_10,
      INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09, INIT_08,
      INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02, INIT_01, INIT_00
    }),
    .InitParity ({
      INITP_0F, INITP_0E, INITP_0D, INITP_0C, INITP_0B, INITP_0A, INITP_09, INITP_08,
      INITP_07, INITP_06, INITP_05, INITP_04, INITP_03, INITP_02, INITP_01, INITP_00
    }),
    .ReadWidthA (READ_WIDTH_A),
    .ReadWidthB (READ_WIDTH_B),
    .WriteWidthA(WRITE_WIDTH_A),
    .WriteWidthB(WRITE_WIDTH_B),
    .WriteModeA (WRITE_MODE_A),
    .WriteModeB (WRITE_MODE_B),
    .StartA     (72'(WideRead ? joined(INIT_B, INIT_A) : 72'(INIT_A))),
    .StartB     (72'(INIT_B)),
    .ResetA     (72'(WideRead ? joined(SRVAL_B, SRVAL_A) : 72'(SRVAL_A))),
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
