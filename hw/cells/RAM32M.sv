// Ports of a vendor cell, for tools that read RTL without the vendor's library.
/* verilator lint_off UNDRIVEN */
/* verilator lint_off UNUSEDSIGNAL */
(* blackbox *)
module RAM32M (
  input  logic       WCLK,
  input  logic       WE,
  input  logic [4:0] ADDRA, ADDRB, ADDRC, ADDRD,
  input  logic [1:0] DIA, DIB, DIC, DID,
  output logic [1:0] DOA, DOB, DOC, DOD
);
endmodule
