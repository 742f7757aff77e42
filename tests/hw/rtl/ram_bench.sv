// nj_ram, or nj_deep_ram, with the stream ports the shared bench drives: a beat {data, address, write} goes in, the word found comes out.
module ram_bench #(
  parameter int unsigned Words = 16,
  parameter int unsigned Bits  = 8,
  parameter bit Plain = 1'b1,
  parameter bit Deep  = 1'b0,
  localparam int unsigned AddrBits = $clog2(Words)
) (
  input  logic                     clk_i,
  input  logic                     rst_i,
  input  logic                     s_valid_i,
  output logic                     s_ready_o,
  input  logic [Bits+AddrBits:0]   s_data_i,
  output logic                     m_valid_o,
  input  logic                     m_ready_i,
  output logic [Bits-1:0]          m_data_o
);
  logic take;
  logic [Bits-1:0] found;
  assign s_ready_o = !m_valid_o || m_ready_i;
  assign take = s_valid_i && s_ready_o;
  always_ff @(posedge clk_i) begin
    if (rst_i) m_valid_o <= 1'b0;
    else if (s_ready_o) m_valid_o <= s_valid_i;
    if (s_ready_o) m_data_o <= found;
  end
  if (Deep) begin : gen_deep
    nj_deep_ram #(.Words(Words), .Bits(Bits)) u_ram (
      .clk_i, .write_i(take && s_data_i[0]), .addr_i(s_data_i[1+:AddrBits]), .data_i(s_data_i[1+AddrBits+:Bits]),
      .data_o(found)
    );
  end else begin : gen_ram
    nj_ram #(.Words(Words), .Bits(Bits), .Plain(Plain)) u_ram (
      .clk_i, .write_i(take && s_data_i[0]), .addr_i(s_data_i[1+:AddrBits]), .data_i(s_data_i[1+AddrBits+:Bits]),
      .data_o(found)
    );
  end
endmodule
