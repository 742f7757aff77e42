// Ports of a vendor cell, for tools that read RTL without the vendor's library.
/* verilator lint_off UNUSEDPARAM */
/* verilator lint_off UNDRIVEN */
/* verilator lint_off UNUSEDSIGNAL */
(* blackbox *)
module LUT6_2 #(
  parameter logic [63:0] INIT = '0
) (
  input  logic I0, I1, I2, I3, I4, I5,
  output logic O5, O6
);
endmodule
