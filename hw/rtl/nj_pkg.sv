// What the modules are built for.
//
// NJ_GENERIC defined (simulation, other chips than Xilinx'): the compressors are plain arithmetic. Otherwise they
// are dual-output LUTs and carry chains of 7 series and UltraScale+ (Vivado maps a CARRY4 to half a CARRY8). Both
// are proved equal, see sim/README.md.
package nj_pkg;
  /* verilator lint_off UNUSEDPARAM */
`ifdef NJ_GENERIC
  localparam bit Plain = 1'b1;
`else
  localparam bit Plain = 1'b0;
`endif
  /* verilator lint_on UNUSEDPARAM */

  // Counting and comparing with a constant in LUTs: up to six bits take no carry chain, which costs a LUT a bit.
  function automatic logic [31:0] next(input logic [31:0] value);
    logic ones;
    ones = 1'b1;
    for (int i = 0; i < 32; i++) begin
      next[i] = value[i] ^ ones;
      ones   &= value[i];
    end
  endfunction
  function automatic logic at_least(input logic [31:0] value, input int limit);
    at_least = 1'b1;
    for (int i = 0; i < 32; i++) begin
      at_least = limit[i] ? value[i] & at_least : value[i] | at_least;
    end
    if (limit <= 0) at_least = 1'b1;
  endfunction
endpackage
