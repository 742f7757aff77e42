// Memory with one port: data_o is the word at addr_i before this clock's write, in the same clock.
//
// Up to 64 words are written as cells of the chip: eight bits take four LUTs up to 32 words, eight beyond. Yosys finds
// these cells itself, except where addr_i is a register: it moves that into the memory, which then takes a second port.
module nj_ram #(
  parameter int unsigned Words = 16,
  parameter int unsigned Bits  = 8,
  parameter bit Plain = nj_pkg::Plain,
  localparam int unsigned AddrBits = Words > 1 ? unsigned'($clog2(Words)) : 1
) (
  input  logic                clk_i,
  input  logic                write_i,
  input  logic [AddrBits-1:0] addr_i,
  input  logic [Bits-1:0]     data_i,
  output logic [Bits-1:0]     data_o
);
  if (Plain || Words > 64) begin : gen_plain
    (* ram_style = "distributed" *) logic [Bits-1:0] words [Words];
    assign data_o = words[addr_i];
    always_ff @(posedge clk_i) if (write_i) words[addr_i] <= data_i;
  end else if (Words <= 32) begin : gen_32
    localparam int unsigned Cells = (Bits + 7) / 8;
    logic [4:0]         addr;
    logic [8*Cells-1:0] in;
    /* verilator lint_off UNUSEDSIGNAL */
    logic [8*Cells-1:0] out;  // of the last cell only what there is to keep
    /* verilator lint_on UNUSEDSIGNAL */
    always_comb begin
      {addr, in}         = '0;
      addr[AddrBits-1:0] = addr_i;
      in[Bits-1:0]       = data_i;
    end
    assign data_o = out[Bits-1:0];
    for (genvar i = 0; i < int'(Cells); i++) begin : gen_cell
      RAM32M u_ram (
        .WCLK(clk_i), .WE(write_i), .ADDRA(addr), .ADDRB(addr), .ADDRC(addr), .ADDRD(addr),
        .DIA(in[8*i+:2]), .DIB(in[8*i+2+:2]), .DIC(in[8*i+4+:2]), .DID(in[8*i+6+:2]),
        .DOA(out[8*i+:2]), .DOB(out[8*i+2+:2]), .DOC(out[8*i+4+:2]), .DOD(out[8*i+6+:2])
      );
    end
  end else begin : gen_64
    logic [5:0] a;
    assign a = addr_i;
    for (genvar i = 0; i < int'(Bits); i++) begin : gen_bit
      RAM64X1S u_ram (
        .WCLK(clk_i), .WE(write_i), .A0(a[0]), .A1(a[1]), .A2(a[2]), .A3(a[3]), .A4(a[4]), .A5(a[5]),
        .D(data_i[i]), .O(data_o[i])
      );
    end
  end
endmodule
