// Read-only memory: one clock of ce_i from address to data, two with Block.
//
// The words come from File ($readmemh, a line per word), or without one from Content, word 0 lowest. A tool looks for File
// from the folder that it runs in, and a simulation with +nj_root=DIR from DIR. One that does not find it ends with $fatal;
// $readmemh alone only warns, and all words are 0. Block: in block RAM, whose data come late in the clock and take one more
// register (which can be the RAM's own). Otherwise in LUTs, where constant bits of a word cost nothing.
module nj_rom #(
  parameter int unsigned Depth = 16,
  parameter int unsigned Bits  = 8,
  parameter bit          Block = 1'b0,
  // verilog_lint: waive explicit-parameter-storage-type
  parameter              File  = "",  // without a type: wrappers in Verilog-2005 have no strings
  localparam bit         FromFile = File != "",
  localparam int unsigned ContentBits = FromFile ? 1 : Depth * Bits,
  parameter bit [ContentBits-1:0] Content = '0,
  localparam int unsigned AddressBits = Depth > 1 ? unsigned'($clog2(Depth)) : 1
) (
  input  logic                   clk_i,
  input  logic                   ce_i,
  input  logic [AddressBits-1:0] address_i,
  output logic [Bits-1:0]        data_o
);
`ifdef SYNTHESIS
  `define NJ_ROM_FILE File
`else
  `define NJ_ROM_FILE found()
  function automatic string found();
    string root;
    int file;
    found = File;
    if ($value$plusargs("nj_root=%s", root)) found = {root, "/", found};
    file = $fopen(found, "r");
    if (file == 0) $fatal(1, "nj_rom: there is no memory file %s; say with +nj_root=DIR from which folder it is found", found);
    $fclose(file);
  endfunction
`endif

  if (Block) begin : gen_block
    (* rom_style = "block" *) logic [Bits-1:0] words [Depth];
    logic [Bits-1:0] word_q;
    if (FromFile) begin : gen_file
      initial $readmemh(`NJ_ROM_FILE, words);
    end else begin : gen_content
      initial for (int i = 0; i < int'(Depth); i++) words[i] = Content[i*Bits+:Bits];
    end
    always_ff @(posedge clk_i) if (ce_i) begin
      word_q <= words[address_i];
      data_o <= word_q;
    end
  end else if (FromFile) begin : gen_logic_file
    (* rom_style = "logic" *) logic [Bits-1:0] words [Depth];
    initial $readmemh(`NJ_ROM_FILE, words);
    always_ff @(posedge clk_i) if (ce_i) data_o <= words[address_i];
  end else begin : gen_logic
    logic [Bits-1:0] words [Depth];
    for (genvar i = 0; i < int'(Depth); i++) begin : gen_word
      assign words[i] = Content[i*Bits+:Bits];
    end
    always_ff @(posedge clk_i) if (ce_i) data_o <= words[address_i];
  end
endmodule
`undef NJ_ROM_FILE
