// nj_uart_frames before something that takes a pixel every Every clocks; the result is how many it took since the last.
// Every time the line in has been idle for 60 clocks, it falls for less than half a bit.
module slow_pixels #(
  parameter int unsigned Beats = 5,
  parameter int unsigned Every = 200,
  parameter int unsigned ResultBytes = 1
) (
  input  logic clk_i,
  input  logic rst_i,
  input  logic rx_i,
  output logic tx_o
);
  logic pixel_valid, pixel_last, result_valid, result_ready, take;
  logic [7:0] count_q, result_q, wait_q;
  logic [5:0] idle_q;
  always_ff @(posedge clk_i) idle_q <= rst_i || !rx_i ? '0 : idle_q + 1'b1;
  nj_uart_frames #(.Beats(Beats), .ResultBytes(ResultBytes), .Step(8192), .Pause(2000)) u_uart (
    .clk_i, .rst_i, .rx_i(rx_i && idle_q < 6'd61), .tx_o,
    .m_valid_o(pixel_valid), .m_ready_i(take), .m_data_o(), .m_last_o(pixel_last),
    .s_valid_i(result_valid), .s_ready_o(result_ready),
    .s_data_i((8*ResultBytes)'(result_q)), .s_broken_i(1'b0)
  );
  assign take = wait_q == '0 && !result_valid;
  always_ff @(posedge clk_i) begin
    if (wait_q != '0) wait_q <= wait_q - 1'b1;
    if (result_ready) result_valid <= 1'b0;
    if (pixel_valid && take) begin
      wait_q  <= 8'(Every);
      count_q <= pixel_last ? '0 : count_q + 1'b1;
      if (pixel_last) begin
        result_q     <= count_q + 1'b1;
        result_valid <= 1'b1;
      end
    end
    if (rst_i) {wait_q, count_q, result_valid} <= '0;
  end
endmodule
