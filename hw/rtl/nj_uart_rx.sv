// Receives bytes from an asynchronous serial line: a start bit, eight data bits, lowest first, one stop bit.
//
// A bit lasts 2^16 / Step clocks: Step = round(2^16 * baud / clock), at most 2^16 / 6. Bits are sampled in their
// middle, at most two clocks off. m_valid_o is high for the one clock in which m_data_o is a new byte; bad_stop_o
// instead when the stop bit was low, and the line has to be high again before a byte can begin.
module nj_uart_rx #(
  parameter int unsigned Step = 7864
) (
  input  logic       clk_i,
  input  logic       rst_i,
  input  logic       rx_i,  // of no clock
  output logic       m_valid_o,
  output logic [7:0] m_data_o,
  output logic       bad_stop_o
);
  if (Step < 1 || Step > 65536 / 6) begin : gen_bad_step
    $error("nj_uart_rx: Step = %0d, from 1 to %0d", Step, 65536 / 6);
  end

  logic [1:0] sync_q;
  logic line, high_q;
  assign line = sync_q[1];
  always_ff @(posedge clk_i) begin
    sync_q <= {sync_q[0], rx_i};
    high_q <= line;
  end

  logic busy_q, tick;
  logic [3:0] count_q;  // of samples: start bit, data bits, stop bit
  logic [15:0] phase_q, phase;
  assign {tick, phase} = {1'b0, phase_q} + 17'(Step);

  always_ff @(posedge clk_i) begin
    m_valid_o  <= 1'b0;
    bad_stop_o <= 1'b0;
    phase_q    <= busy_q ? phase : 16'h8000;  // half a bit to the middle of the start bit
    if (!busy_q) begin
      busy_q  <= high_q && !line;
      count_q <= '0;
    end else if (tick) begin
      count_q <= count_q + 1'b1;
      if (count_q == 4'd0 && line) busy_q <= 1'b0;  // no start bit, a glitch
      if (count_q == 4'd9) begin
        busy_q     <= 1'b0;
        m_valid_o  <= line;
        bad_stop_o <= !line;
      end else begin
        m_data_o <= {line, m_data_o[7:1]};
      end
    end
    if (rst_i) {busy_q, m_valid_o, bad_stop_o} <= '0;
  end
endmodule
