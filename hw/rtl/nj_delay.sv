// Delays words by whole periods: word r of a period comes out in the clock after round_i = r, beside the words of the
// same round in the Taps periods before.
//
//   y_o[k] = x_i of the same round, k+1 periods ago
//
// The memory is read where it is written next, so that a LUT holds two bits of up to 32 rounds.
module nj_delay #(
  parameter int unsigned Bits   = 8,
  parameter int unsigned Taps   = 2,
  parameter int unsigned Period = 16,
  localparam int unsigned RoundBits = unsigned'($clog2(Period))
) (
  input  logic                 clk_i,
  input  logic                 ce_i,
  input  logic                 valid_i,  // the clock is one of a period's
  input  logic [RoundBits-1:0] round_i,
  input  logic [Bits-1:0]      x_i,
  output logic [Taps*Bits-1:0] y_o  // of k+1 periods ago at [k*Bits +: Bits]
);
  logic [RoundBits-1:0] address_q;
  logic                 valid_q;
  (* ram_style = "distributed" *) logic [Taps*Bits-1:0] line [Period];
  /* verilator lint_off UNUSEDSIGNAL */
  logic [(Taps+1)*Bits-1:0] all;  // the oldest is dropped
  /* verilator lint_on UNUSEDSIGNAL */
  assign y_o = line[address_q];
  assign all = {y_o, x_i};
  // Its initial value keeps Yosys from putting this register into the memory, which would take a second port.
  // Such a value goes with always, not with always_ff; one where it is declared is a warning of Verilator.
  initial address_q = '0;
  always @(posedge clk_i) if (ce_i) address_q <= round_i;
  always_ff @(posedge clk_i) begin
    if (ce_i) begin
      valid_q <= valid_i;
      if (valid_q) line[address_q] <= all[Taps*Bits-1:0];
    end
  end
endmodule
