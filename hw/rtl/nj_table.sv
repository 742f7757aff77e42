// Looks each byte up in the table of its channel, as a quantizer of pixels does.
//
//   element c of m_data_o = Table[c][element c of s_data_i]          Table[c][x] at bits [(256*c + x)*OutBits +: OutBits]
//
// A beat per clock, one clock later. A bit of an element takes at most 4 LUTs, or 2 when the table is a threshold.
module nj_table #(
  parameter int unsigned C       = 1,
  parameter int unsigned OutBits = 1,
  parameter logic [C*256*OutBits-1:0] Table = '0
) (
  input  logic                 clk_i,
  input  logic                 rst_i,
  input  logic                 s_valid_i,
  output logic                 s_ready_o,
  input  logic [C*8-1:0]       s_data_i,
  output logic                 m_valid_o,
  input  logic                 m_ready_i,
  output logic [C*OutBits-1:0] m_data_o
);
  assign s_ready_o = !m_valid_o || m_ready_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) m_valid_o <= 1'b0;
    else if (s_ready_o) m_valid_o <= s_valid_i;
  end

  for (genvar c = 0; c < int'(C); c++) begin : gen_channel
    localparam logic [256*OutBits-1:0] Row = Table[c*256*OutBits+:256*OutBits];
    always_ff @(posedge clk_i) begin
      if (s_valid_i && s_ready_o) m_data_o[c*OutBits+:OutBits] <= Row[32'(s_data_i[c*8+:8])*OutBits+:OutBits];
    end
  end
endmodule
