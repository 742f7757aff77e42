// Memories of every kind that becomes a block RAM, side by side, all with contents: the same beats through this and
// through the cells Yosys makes of it must give the same. One answer a beat, a clock later; no back pressure. Only
// the first words differ, for Yosys takes its time over long loops.
module memories (
  input  logic         clk_i,
  input  logic         rst_i,
  input  logic         s_valid_i,
  output logic         s_ready_o,
  input  logic [127:0] s_data_i,
  output logic         m_valid_o,
  input  logic         m_ready_i,
  output logic [447:0] m_data_o
);
  logic [13:0] a, b;
  logic [71:0] d;
  logic [7:0] we;
  logic read, write, clear;

  assign s_ready_o = m_ready_i;
  assign {clear, write, read, we, d, b, a} = s_data_i[110:0];
  always_ff @(posedge clk_i) m_valid_o <= s_valid_i && !rst_i;

  simple #(.Width(36), .Bits(9)) u_simple_18 (
    .clk_i, .en_i(read), .we_i(write), .a_i(a[8:0]), .b_i(b[8:0]), .d_i(d[35:0]), .y_o(m_data_o[35:0]));
  simple #(.Width(72), .Bits(9)) u_simple_36 (
    .clk_i, .en_i(read), .we_i(write), .a_i(a[8:0]), .b_i(b[8:0]), .d_i(d), .y_o(m_data_o[107:36]));
  simple #(.Width(1), .Bits(14)) u_narrow (
    .clk_i, .en_i(read), .we_i(write), .a_i(a), .b_i(b), .d_i(d[7]), .y_o(m_data_o[108]));
  simple #(.Width(4), .Bits(12)) u_nibble (
    .clk_i, .en_i(read), .we_i(write), .a_i(a[11:0]), .b_i(b[11:0]), .d_i(d[5:2]), .y_o(m_data_o[112:109]));
  single #(.Lanes(2), .Bits(10), .Mode(0)) u_read_first (
    .clk_i, .en_i(read), .we_i(we[1:0]), .a_i(a[9:0]), .d_i(d[17:0]), .y_o(m_data_o[130:113]));
  single #(.Lanes(2), .Bits(10), .Mode(1)) u_write_first (
    .clk_i, .en_i(read), .we_i(we[1:0]), .a_i(a[9:0]), .d_i(d[17:0]), .y_o(m_data_o[148:131]));
  single #(.Lanes(2), .Bits(10), .Mode(2)) u_no_change (
    .clk_i, .en_i(read), .we_i({2{we[0]}}), .a_i(a[9:0]), .d_i(d[17:0]), .y_o(m_data_o[166:149]));
  single #(.Lanes(4), .Bits(10), .Mode(0)) u_lanes (
    .clk_i, .en_i(read), .we_i(we[3:0]), .a_i(a[9:0]), .d_i(d[35:0]), .y_o(m_data_o[202:167]));
  dual #(.Width(18), .Bits(10)) u_dual (
    .clk_i, .we_i(we[7:6]), .a_i(a[9:0]), .b_i(b[9:0]), .d_i(d[35:0]), .y_o(m_data_o[238:203]));
  tabled #(.Width(9), .Bits(11)) u_rom_9 (.clk_i, .en_i(read), .clear_i(clear), .a_i(a[10:0]), .y_o(m_data_o[247:239]));
  tabled #(.Width(36), .Bits(9)) u_rom_36 (.clk_i, .en_i(read), .clear_i(clear), .a_i(a[8:0]), .y_o(m_data_o[283:248]));
  tabled #(.Width(72), .Bits(9)) u_rom_72 (.clk_i, .en_i(read), .clear_i(clear), .a_i(a[8:0]), .y_o(m_data_o[355:284]));
  tabled #(.Width(2), .Bits(13)) u_rom_2 (.clk_i, .en_i(read), .clear_i(clear), .a_i(a[12:0]), .y_o(m_data_o[357:356]));
  assign m_data_o[447:358] = '0;
endmodule

// one port writes, one reads what was there before
module simple #(parameter int Width = 36, parameter int Bits = 9) (
  input logic clk_i, en_i, we_i, input logic [Bits-1:0] a_i, b_i, input logic [Width-1:0] d_i,
  output logic [Width-1:0] y_o
);
  (* ram_style = "block" *) logic [Width-1:0] cells [2**Bits];
  initial begin
    y_o = '0;
    cells = '{default: Width'(32'hB5A6_9C3D)};
    for (int i = 0; i < 64; i++) cells[i] = Width'({4{32'(i) * 32'h9E37_79B1}} >> (i % 7));
  end
  always_ff @(posedge clk_i) begin
    if (we_i) cells[b_i] <= d_i;
    if (en_i) y_o <= cells[a_i];
  end
endmodule

// one port, lanes of nine bits; what it reads while it writes: 0 the old, 1 the new, 2 nothing
module single #(parameter int Lanes = 2, parameter int Bits = 10, parameter int Mode = 0) (
  input logic clk_i, en_i, input logic [Lanes-1:0] we_i, input logic [Bits-1:0] a_i, input logic [9*Lanes-1:0] d_i,
  output logic [9*Lanes-1:0] y_o
);
  (* ram_style = "block" *) logic [9*Lanes-1:0] cells [2**Bits];
  initial begin
    y_o = '0;
    cells = '{default: (9*Lanes)'(64'h3C6E_F372_FE94_F82B)};
    for (int i = 0; i < 64; i++) cells[i] = (9*Lanes)'({4{32'(i) * 32'h85EB_CA6B}} >> (i % 5));
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      for (int l = 0; l < Lanes; l++) begin
        if (we_i[l]) cells[a_i][9*l+:9] <= d_i[9*l+:9];
        if (Mode == 1 && we_i[l]) y_o[9*l+:9] <= d_i[9*l+:9];
        else if (Mode != 2 || we_i == '0) y_o[9*l+:9] <= cells[a_i][9*l+:9];
      end
    end
  end
endmodule

// two ports that read and write; the test never writes one word with both
module dual #(parameter int Width = 18, parameter int Bits = 10) (
  input logic clk_i, input logic [1:0] we_i, input logic [Bits-1:0] a_i, b_i, input logic [2*Width-1:0] d_i,
  output logic [2*Width-1:0] y_o
);
  (* ram_style = "block" *) logic [Width-1:0] cells [2**Bits];
  initial begin
    y_o = '0;
    cells = '{default: Width'(32'hA54F_F53A)};
    for (int i = 0; i < 64; i++) cells[i] = Width'(32'(i) * 32'hC2B2_AE35 >> 9);
  end
  always @(posedge clk_i) begin
    if (we_i[0]) cells[a_i] <= d_i[Width-1:0];
    y_o[Width-1:0] <= cells[a_i];
    if (we_i[1]) cells[b_i] <= d_i[2*Width-1:Width];
    y_o[2*Width-1:Width] <= cells[b_i];
  end
endmodule

// a constant table with a synchronous reset of its output
module tabled #(parameter int Width = 9, parameter int Bits = 11) (
  input logic clk_i, en_i, clear_i, input logic [Bits-1:0] a_i, output logic [Width-1:0] y_o
);
  (* rom_style = "block" *) logic [Width-1:0] cells [2**Bits];
  initial begin
    y_o = Width'({72{1'b1}} / 7);
    cells = '{default: Width'(32'h71C6_4E6D)};
    for (int i = 0; i < 64; i++) cells[i] = Width'({4{32'(i) * 32'h27D4_EB2F}} >> (i % 3));
  end
  always_ff @(posedge clk_i) if (en_i) y_o <= clear_i ? Width'({72{1'b1}} / 5) : cells[a_i];
endmodule
