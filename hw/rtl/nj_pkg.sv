// Constants and functions that the modules share: what they are built for, and shift registers in place of counters.
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
  // The next of all values of so many bits, each once in a cycle: a shift register, of which one bit takes a LUT (two
  // above six bits). It replaces a counter where the order does not matter, as for addresses of a memory.
  function automatic logic [31:0] around(input logic [31:0] value, input int unsigned bits);
    logic [31:0] taps, ones;
    case (bits)
      1:       taps = 32'h001;
      2:       taps = 32'h003;
      3:       taps = 32'h006;
      4:       taps = 32'h00c;
      5:       taps = 32'h014;
      6:       taps = 32'h030;
      7:       taps = 32'h060;
      8:       taps = 32'h0b8;
      9:       taps = 32'h110;
      10:      taps = 32'h240;
      11:      taps = 32'h500;
      default: taps = 32'he08;  // 12
    endcase
    ones   = (32'd1 << bits) - 1;
    around = ((value << 1) | 32'(^(value & taps) ^ ((value & (ones >> 1)) == '0))) & ones;
  endfunction
  function automatic logic at_least(input logic [31:0] value, input int limit);
    at_least = 1'b1;
    for (int i = 0; i < 32; i++) begin
      at_least = limit[i] ? value[i] & at_least : value[i] | at_least;
    end
    if (limit <= 0) at_least = 1'b1;
  endfunction
endpackage
