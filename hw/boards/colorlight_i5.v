// The accelerator on a Colorlight i5 (v7.0) in its extension board: serial line of the board's debugger, button resets, the LED
// changes with every result; trigger, encoder and reject are the first three pins of PMOD E.
// With NJ_PLL defined the clock comes from module nj_pll (written by ecppll), else it is the board's 25 MHz.
module colorlight_i5 (
  input  wire clk_25mhz,
  input  wire btn_n,
  input  wire uart_rx,  // from the computer
  output wire uart_tx,
  input  wire trigger,
  input  wire encoder,
  output wire reject,
  output wire led_n
);
  wire clk, locked, rst;
  wire [7:0] led;
`ifdef NJ_PLL
  nj_pll u_pll (.clk_i(clk_25mhz), .clk_o(clk), .locked(locked));
`else
  assign clk    = clk_25mhz;
  assign locked = 1'b1;
`endif
  assign led_n = !led[6];

  nj_start u_start (.clk_i(clk), .hold_i(!btn_n || !locked), .rst_o(rst));
  nj_serial_accelerator u_serial (
    .clk_i(clk), .rst_i(rst), .rx_i(uart_rx), .tx_o(uart_tx), .led_o(led),
    .trigger_i(trigger), .encoder_i(encoder), .reject_o(reject)
  );
endmodule
