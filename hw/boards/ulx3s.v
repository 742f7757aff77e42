// The accelerator on a ULX3S: serial line of its USB socket US1, LEDs, button FIRE1 resets.
// With NJ_PLL defined the clock comes from module nj_pll (written by ecppll), else it is the board's 25 MHz.
module ulx3s (
  input  wire       clk_25mhz,
  input  wire       btn_fire1,
  input  wire       ftdi_txd,   // from the computer
  output wire       ftdi_rxd,   // to the computer
  output wire [7:0] led,
  output wire       wifi_gpio0  // low would have the ESP32 take the board over
);
  wire clk, locked;
`ifdef NJ_PLL
  nj_pll u_pll (.clk_i(clk_25mhz), .clk_o(clk), .locked(locked));
`else
  assign clk    = clk_25mhz;
  assign locked = 1'b1;
`endif
  assign wifi_gpio0 = 1'b1;

  // reset until the clock has been good and the button up for 2^15 clocks
  reg [1:0]  hold_q = 2'b11;
  reg [15:0] wait_q = 16'd0;
  reg        rst_q  = 1'b1;
  always @(posedge clk) begin
    hold_q <= {hold_q[0], btn_fire1 || !locked};
    if (hold_q[1]) wait_q <= 16'd0;
    else if (!wait_q[15]) wait_q <= wait_q + 1'b1;
    rst_q <= !wait_q[15];
  end

  nj_serial_accelerator u_serial (.clk_i(clk), .rst_i(rst_q), .rx_i(ftdi_txd), .tx_o(ftdi_rxd), .led_o(led));
endmodule
