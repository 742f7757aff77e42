// Line buffer and window, written plainly: a window per pixel once Kernel rows and columns are there, no padding.
//
//   m_data_o[(c*Kernel+r)*Bits +: Bits] = pixel (y - (Kernel-1) + r, x - (Kernel-1) + c)
//
// The pixel is in the window one clock after it was taken. Full throughput, no bubbles under stall.
module window #(
  parameter int Height = 8,
  parameter int Width  = 8,
  parameter int Bits   = 8,  // of a pixel, all channels
  parameter int Kernel = 3
) (
  input  logic                          clk_i,
  input  logic                          rst_i,
  input  logic                          s_valid_i,
  output logic                          s_ready_o,
  input  logic [Bits-1:0]               s_data_i,
  output logic                          m_valid_o,
  input  logic                          m_ready_i,
  output logic [Kernel*Kernel*Bits-1:0] m_data_o
);
  localparam int XBits = $clog2(Width);
  localparam int YBits = $clog2(Height);

  logic step;
  assign s_ready_o = !m_valid_o || m_ready_i;
  assign step      = s_ready_o && s_valid_i;

  // where we are
  logic [XBits-1:0] x_q;
  logic [YBits-1:0] y_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      x_q <= '0;
      y_q <= '0;
    end else if (step) begin
      x_q <= x_q == XBits'(Width - 1) ? '0 : x_q + 1'b1;
      if (x_q == XBits'(Width - 1)) y_q <= y_q == YBits'(Height - 1) ? '0 : y_q + 1'b1;
    end
  end

  // the last rows, the oldest in the low bits
  (* ram_style = "distributed" *) logic [(Kernel-1)*Bits-1:0] line [Width];
  logic [Kernel*Bits-1:0] column;
  assign column = {s_data_i, line[x_q]};
  always_ff @(posedge clk_i) if (step) line[x_q] <= column[Kernel*Bits-1:Bits];

  always_ff @(posedge clk_i) begin
    if (step) m_data_o <= {column, m_data_o[Kernel*Kernel*Bits-1:Kernel*Bits]};
    if (rst_i) m_valid_o <= 1'b0;
    else if (s_ready_o) m_valid_o <= step && x_q >= XBits'(Kernel - 1) && y_q >= YBits'(Kernel - 1);
  end
endmodule
