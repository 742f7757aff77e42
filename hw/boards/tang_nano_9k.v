// The accelerator on a Tang Nano 9K: serial line of its USB socket, button S1 resets (it is low when pressed). LEDs 0 to 3:
// the lowest bits of the class, LED 4 changes with every result, LED 5 tells of a frame of another length.
module tang_nano_9k (
  input  wire       clk_27mhz,
  input  wire       btn_n,
  input  wire       uart_rx,  // from the computer
  output wire       uart_tx,
  input  wire       trigger,
  input  wire       encoder,
  output wire       reject,
  output wire [5:0] led_n
);
  wire rst;
  wire [7:0] led;
  assign led_n = ~{led[7:6], led[3:0]};

  nj_start u_start (.clk_i(clk_27mhz), .hold_i(!btn_n), .rst_o(rst));
  nj_serial_accelerator u_serial (
    .clk_i(clk_27mhz), .rst_i(rst), .rx_i(uart_rx), .tx_o(uart_tx), .led_o(led),
    .trigger_i(trigger), .encoder_i(encoder), .reject_o(reject)
  );
endmodule
