// nj_ram with any number of words: banks of 64, of which one is written and one read.
//
// data_o is the word at addr_i before this clock's write, in the same clock.
module nj_deep_ram #(
  parameter int unsigned Words = 160,
  parameter int unsigned Bits  = 8,
  localparam int unsigned AddrBits = Words > 1 ? unsigned'($clog2(Words)) : 1
) (
  input  logic                clk_i,
  input  logic                write_i,
  input  logic [AddrBits-1:0] addr_i,
  input  logic [Bits-1:0]     data_i,
  output logic [Bits-1:0]     data_o
);
  localparam int unsigned Banks = (Words + 63) / 64;

  if (Banks == 1) begin : gen_one
    nj_ram #(.Words(Words), .Bits(Bits)) u_ram (.clk_i, .write_i, .addr_i, .data_i, .data_o);
  end else begin : gen_banks
    localparam int unsigned BankBits = unsigned'($clog2(Banks));
    logic [Banks*Bits-1:0] words;
    logic [BankBits-1:0] bank;
    assign bank = addr_i[AddrBits-1:6];
    for (genvar b = 0; b < int'(Banks); b++) begin : gen_bank
      localparam int unsigned Rest = Words - 64 * b;
      localparam int unsigned Held = Rest < 64 ? Rest : 64;
      localparam int unsigned HeldBits = Held > 1 ? unsigned'($clog2(Held)) : 1;
      nj_ram #(.Words(Held), .Bits(Bits)) u_ram (
        .clk_i, .write_i(write_i && bank == BankBits'(b)), .addr_i(addr_i[HeldBits-1:0]), .data_i,
        .data_o(words[b*Bits+:Bits])
      );
    end
    nj_select #(.Ways(Banks), .Bits(Bits)) u_select (.x_i(words), .index_i(bank), .y_o(data_o));
  end
endmodule
