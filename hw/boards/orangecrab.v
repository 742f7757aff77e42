// The accelerator on an OrangeCrab (r0.2): a serial line on the pins RX (0) and TX (1) of its header, to a converter; the
// button resets. Red LED: a frame had another length; green: changes with every result; blue: lowest bit of the class.
// Trigger, encoder and reject are the pins 5, 6 and 9 of the header.
// With NJ_PLL defined the clock comes from module nj_pll (written by ecppll), else it is the board's 48 MHz.
module orangecrab (
  input  wire       clk_48mhz,
  input  wire       btn_n,
  input  wire       uart_rx,
  output wire       uart_tx,
  input  wire       trigger,
  input  wire       encoder,
  output wire       reject,
  output wire [2:0] led_n  // red, green, blue
);
  wire clk, locked, rst;
  wire [7:0] led;
`ifdef NJ_PLL
  nj_pll u_pll (.clk_i(clk_48mhz), .clk_o(clk), .locked(locked));
`else
  assign clk    = clk_48mhz;
  assign locked = 1'b1;
`endif
  assign led_n = ~{led[0], led[6], led[7]};

  nj_start u_start (.clk_i(clk), .hold_i(!btn_n || !locked), .rst_o(rst));
  nj_serial_accelerator u_serial (
    .clk_i(clk), .rst_i(rst), .rx_i(uart_rx), .tx_o(uart_tx), .led_o(led),
    .trigger_i(trigger), .encoder_i(encoder), .reject_o(reject)
  );
endmodule
