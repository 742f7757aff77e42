// After carry_out.v: back to the vendor's cell.
module \$__NJ_CARRY4 (output [3:0] CO, output [3:0] O, input CI, input CYINIT, input [3:0] DI, input [3:0] S);
  CARRY4 _TECHMAP_REPLACE_ (.CO(CO), .O(O), .CI(CI), .CYINIT(CYINIT), .DI(DI), .S(S));
endmodule
