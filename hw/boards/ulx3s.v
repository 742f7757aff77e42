// The accelerator on a ULX3S: serial line of its USB socket US1, LEDs, button FIRE1 resets; trigger gp[0], encoder gn[0],
// reject gp[1].
// With NJ_PLL defined the clock comes from module nj_pll (written by ecppll), else it is the board's 25 MHz.
module ulx3s (
  input  wire       clk_25mhz,
  input  wire       btn_fire1,
  input  wire       ftdi_txd,   // from the computer
  output wire       ftdi_rxd,   // to the computer
  input  wire       trigger,
  input  wire       encoder,
  output wire       reject,
  output wire [7:0] led,
  output wire       wifi_gpio0  // low would have the ESP32 take the board over
);
  wire clk, locked, rst;
`ifdef NJ_PLL
  nj_pll u_pll (.clk_i(clk_25mhz), .clk_o(clk), .locked(locked));
`else
  assign clk    = clk_25mhz;
  assign locked = 1'b1;
`endif
  assign wifi_gpio0 = 1'b1;

  nj_start u_start (.clk_i(clk), .hold_i(btn_fire1 || !locked), .rst_o(rst));
  nj_serial_accelerator u_serial (
    .clk_i(clk), .rst_i(rst), .rx_i(ftdi_txd), .tx_o(ftdi_rxd), .led_o(led),
    .trigger_i(trigger), .encoder_i(encoder), .reject_o(reject)
  );
endmodule
