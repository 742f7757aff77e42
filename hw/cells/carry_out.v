// After mapping: a carry that leaves its chain does so as CO of its place, not as O of a further place with S = 0.
// abc9 takes the two for the same and picks either; the second one takes the LUT in front of that place.
module CARRY4 (output [3:0] CO, output [3:0] O, input CI, input CYINIT, input [3:0] DI, input [3:0] S);
  parameter _TECHMAP_CONSTMSK_S_ = 4'b0000;
  parameter _TECHMAP_CONSTVAL_S_ = 4'b0000;
  wire [3:0] sum;
  \$__NJ_CARRY4 _TECHMAP_REPLACE_ (.CO(CO), .O(sum), .CI(CI), .CYINIT(CYINIT), .DI(DI), .S(S));
  assign O[0] = sum[0];
  genvar i;
  generate
    for (i = 1; i < 4; i = i + 1) begin : gen_place
      if (_TECHMAP_CONSTMSK_S_[i] === 1'b1 && _TECHMAP_CONSTVAL_S_[i] === 1'b0) assign O[i] = CO[i-1];
      else assign O[i] = sum[i];
    end
  endgenerate
endmodule
