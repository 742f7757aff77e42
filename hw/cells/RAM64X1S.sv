// Ports of a vendor cell, for tools that read RTL without the vendor's library.
/* verilator lint_off UNDRIVEN */
/* verilator lint_off UNUSEDSIGNAL */
(* blackbox *)
module RAM64X1S (
  input  logic WCLK,
  input  logic WE,
  input  logic A0, A1, A2, A3, A4, A5,
  input  logic D,
  output logic O
);
endmodule
