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
endpackage
