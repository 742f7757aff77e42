// Splits beats of Pixels pixels into single ones, the lowest first. Combinational from input to output, a pixel per clock.
module nj_camera_pixels #(
  parameter int unsigned Pixels = 2,  // 2 or more
  parameter int unsigned Bits   = 8   // of a pixel
) (
  input  logic                   clk_i,
  input  logic                   rst_i,
  input  logic                   s_valid_i,
  output logic                   s_ready_o,
  input  logic [Pixels*Bits-1:0] s_data_i,
  output logic                   m_valid_o,
  input  logic                   m_ready_i,
  output logic [Bits-1:0]        m_data_o
);
  localparam int unsigned PlaceBits = unsigned'($clog2(Pixels));

  if (Pixels < 2) begin : gen_check
    $error("nj_camera_pixels: Pixels = %0d, must be 2 or more", Pixels);
  end

  logic [PlaceBits-1:0] place_q;
  logic last;

  assign last = place_q == PlaceBits'(Pixels - 1);
  assign m_valid_o = s_valid_i;
  assign s_ready_o = m_ready_i && last;
  assign m_data_o = s_data_i[place_q*Bits+:Bits];

  always_ff @(posedge clk_i) begin
    if (s_valid_i && m_ready_i) place_q <= last ? '0 : place_q + 1'b1;
    if (rst_i) place_q <= '0;
  end
endmodule
