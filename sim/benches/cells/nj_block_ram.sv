// What a Xilinx block RAM does, as far as Yosys uses one: for the simulation of netlists, not for synthesis.
//
// Bytes of eight bits and a parity bit; the addresses count bits, parity apart. A port of width 1, 2 or 4 reads
// and writes that many bits of a byte, one of width 9*n reads and writes n bytes in a row. Width 0: not used.
// At a clock edge with en_i: bytes with their we_i are written; the output takes what was stored (READ_FIRST), what
// is being written (WRITE_FIRST) or, where something is written, stays (NO_CHANGE); rst_i puts Reset there instead.
// Where the other port writes what this one reads, the outputs are the old values when that port is READ_FIRST,
// and in a chip undefined otherwise: here they are inverted, so that nothing works by luck. This is looked at on
// this port's clock, so it holds for two ports of one clock.
//
// Start and Reset, as INIT_A and SRVAL_A of a chip: the data bits, above them a parity bit for each byte.
module nj_block_ram #(
  parameter int unsigned         Bytes       = 2048,
  parameter logic [8*Bytes-1:0]  Init        = '0,
  parameter logic [Bytes-1:0]    InitParity  = '0,
  parameter int unsigned         ReadWidthA  = 9,
  parameter int unsigned         ReadWidthB  = 9,
  parameter int unsigned         WriteWidthA = 9,
  parameter int unsigned         WriteWidthB = 9,
  parameter                      WriteModeA  = "WRITE_FIRST",
  parameter                      WriteModeB  = "WRITE_FIRST",
  parameter logic [71:0]         StartA      = '0,
  parameter logic [71:0]         StartB      = '0,
  parameter logic [71:0]         ResetA      = '0,
  parameter logic [71:0]         ResetB      = '0,
  localparam int unsigned        AddressBits = $clog2(8 * Bytes)
) (
  input  logic                   clk_a_i,
  input  logic                   clk_b_i,
  input  logic [1:0]             en_i,  // A, B from here on
  input  logic [1:0]             rst_i,
  input  logic [AddressBits-1:0] address_i [2],
  input  logic [7:0]             we_i [2],
  input  logic [63:0]            data_i [2],
  input  logic [7:0]             parity_i [2],
  output logic [63:0]            data_o [2],
  output logic [7:0]             parity_o [2]
);
  function automatic bit known_width(input int unsigned width);
    return width inside {0, 1, 2, 4, 9, 18, 36, 72};
  endfunction

  if (!known_width(ReadWidthA) || !known_width(ReadWidthB) || !known_width(WriteWidthA) || !known_width(WriteWidthB))
  begin : gen_bad_width
    $error("read widths %0d and %0d, write widths %0d and %0d: not all can be had", ReadWidthA, ReadWidthB,
           WriteWidthA, WriteWidthB);
  end

  // two ports write it
  // verilator lint_off MULTIDRIVEN
  logic [8:0] stored [Bytes];  // parity, data
  // verilator lint_on MULTIDRIVEN

  initial for (int i = 0; i < Bytes; i++) stored[i] = {InitParity[i], Init[8*i+:8]};

  // data bits of one access, so that an address without as many low bits is where it begins
  function automatic int unsigned span(input int unsigned width);
    return width < 9 ? (width == 0 ? 1 : width) : width / 9 * 8;
  endfunction

  function automatic logic [AddressBits-1:0] aligned(input logic [AddressBits-1:0] address, input int unsigned bits);
    return address & ~AddressBits'(bits - 1);
  endfunction

  for (genvar p = 0; p < 2; p++) begin : gen_port
    localparam int unsigned Other = 1 - p;
    localparam int unsigned ReadWidth = p == 0 ? ReadWidthA : ReadWidthB;
    localparam int unsigned WriteWidth = p == 0 ? WriteWidthA : WriteWidthB;
    localparam int unsigned OtherWrites = p == 0 ? WriteWidthB : WriteWidthA;
    localparam bit ReadFirst = p == 0 ? WriteModeA == "READ_FIRST" : WriteModeB == "READ_FIRST";
    localparam bit WriteFirst = p == 0 ? WriteModeA == "WRITE_FIRST" : WriteModeB == "WRITE_FIRST";
    localparam bit NoChange = p == 0 ? WriteModeA == "NO_CHANGE" : WriteModeB == "NO_CHANGE";
    localparam bit OtherReadFirst = p == 0 ? WriteModeB == "READ_FIRST" : WriteModeA == "READ_FIRST";
    localparam logic [71:0] Start = p == 0 ? StartA : StartB;
    localparam logic [71:0] Reset = p == 0 ? ResetA : ResetB;
    localparam int unsigned Widest = span(ReadWidth) > span(OtherWrites) ? span(ReadWidth) : span(OtherWrites);

    if (!ReadFirst && !WriteFirst && !NoChange) begin : gen_bad_mode
      $error("write mode of port %0d is none of the three", p);
    end
    if (WriteFirst && ReadWidth != 0 && WriteWidth != 0 && ReadWidth != WriteWidth) begin : gen_bad_mix
      $error("WRITE_FIRST with read width %0d and write width %0d is not modelled", ReadWidth, WriteWidth);
    end

    logic clk, writes, clash;
    logic [71:0] out_q;  // parity, data
    logic [AddressBits-1:0] from, to;  // the first bit read, the first bit written
    logic [63:0] old_data, new_data;
    logic [7:0] old_parity, new_parity;

    assign clk = p == 0 ? clk_a_i : clk_b_i;
    assign from = aligned(address_i[p], span(ReadWidth));
    assign to = aligned(address_i[p], span(WriteWidth));
    assign writes = WriteWidth != 0 && we_i[p] != '0;
    assign clash = OtherWrites != 0 && !OtherReadFirst && en_i[Other] && we_i[Other] != '0
                   && aligned(address_i[p], Widest) == aligned(address_i[Other], Widest);

    always_comb begin
      old_data = '0;
      old_parity = '0;
      if (ReadWidth >= 9) begin
        for (int unsigned i = 0; i < ReadWidth / 9; i++)
          {old_parity[i], old_data[8*i+:8]} = stored[(AddressBits-3)'(from[AddressBits-1:3] + i)];
      end else begin
        for (int unsigned i = 0; i < ReadWidth; i++) old_data[i] = stored[from[AddressBits-1:3]][4'(from[2:0]) + 4'(i)];
      end
      new_data = old_data;
      new_parity = old_parity;
      if (WriteFirst && WriteWidth >= 9) begin
        for (int unsigned i = 0; i < ReadWidth / 9; i++)
          if (we_i[p][i]) {new_parity[i], new_data[8*i+:8]} = {parity_i[p][i], data_i[p][8*i+:8]};
      end else if (WriteFirst && we_i[p][0]) begin
        for (int unsigned i = 0; i < WriteWidth && i < ReadWidth; i++) new_data[i] = data_i[p][i];
      end
    end

    always_ff @(posedge clk) begin
      if (en_i[p]) begin
        if (WriteWidth >= 9) begin
          for (int unsigned i = 0; i < WriteWidth / 9; i++)
            if (we_i[p][i])
              stored[(AddressBits-3)'(to[AddressBits-1:3] + i)] <= {parity_i[p][i], data_i[p][8*i+:8]};
        end else if (we_i[p][0]) begin
          for (int unsigned i = 0; i < WriteWidth; i++)
            stored[to[AddressBits-1:3]][4'(to[2:0]) + 4'(i)] <= data_i[p][i];
        end
        if (rst_i[p]) out_q <= output_bits(Reset, ReadWidth);
        else if (!(NoChange && writes)) out_q <= clash ? ~{new_parity, new_data} : {new_parity, new_data};
      end
    end

    initial out_q = output_bits(Start, ReadWidth);
    assign {parity_o[p], data_o[p]} = out_q;
  end

  function automatic logic [71:0] output_bits(input logic [71:0] value, input int unsigned width);
    logic [71:0] bits = '0;
    if (width < 9) bits[3:0] = value[3:0];
    else
      for (int unsigned i = 0; i < width / 9; i++) begin
        bits[8*i+:8] = value[8*i+:8];
        bits[64+i] = value[8*(width/9)+i];
      end
    return bits;
  endfunction
endmodule
