// Sends bytes over an asynchronous serial line: a start bit, eight data bits, lowest first, one stop bit.
//
// A bit lasts 2^16 / Step clocks on average and is off by less than a clock: Step = round(2^16 * baud / clock).
// Takes a byte when the one before is out, its stop bit included.
module nj_uart_tx #(
  parameter int unsigned Step = 7864
) (
  input  logic       clk_i,
  input  logic       rst_i,
  input  logic       s_valid_i,
  output logic       s_ready_o,
  input  logic [7:0] s_data_i,
  output logic       tx_o
);
  if (Step < 1 || Step > 65536) begin : gen_bad_step
    $error("nj_uart_tx: Step = %0d, from 1 to 65536", Step);
  end

  logic [3:0] left_q;  // bits to go, the one on the line included
  logic [8:0] bits_q;
  logic tick;
  logic [15:0] phase_q, phase;
  assign {tick, phase} = {1'b0, phase_q} + 17'(Step);
  assign s_ready_o = left_q == '0;
  assign tx_o      = bits_q[0];

  always_ff @(posedge clk_i) begin
    if (s_ready_o) begin
      phase_q <= '0;
      if (s_valid_i) begin
        bits_q <= {s_data_i, 1'b0};
        left_q <= 4'd10;
      end
    end else begin
      phase_q <= phase;
      if (tick) begin
        bits_q <= {1'b1, bits_q[8:1]};
        left_q <= left_q - 1'b1;
      end
    end
    if (rst_i) begin
      bits_q <= '1;
      left_q <= '0;
    end
  end
endmodule
