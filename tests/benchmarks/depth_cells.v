// Yosys' model of a dual-output LUT has no delays, and a half of one need not depend on all inputs that are connected:
// as two LUTs, from which `opt_lut_ins` then takes what they do not depend on.
module LUT6_2 (output O6, output O5, input I0, I1, I2, I3, I4, I5);
  parameter [63:0] INIT = 0;
  LUT6 #(.INIT(INIT)) u_six (.O(O6), .I0(I0), .I1(I1), .I2(I2), .I3(I3), .I4(I4), .I5(I5));
  LUT5 #(.INIT(INIT[31:0])) u_five (.O(O5), .I0(I0), .I1(I1), .I2(I2), .I3(I3), .I4(I4));
endmodule

// A register that is counted as the block RAM's before it.
module depth_register (input C, input CE, input R, input D, output Q);
  parameter INIT = 0;
  parameter IS_C_INVERTED = 0;
  parameter IS_D_INVERTED = 0;
  parameter IS_R_INVERTED = 0;
  assign Q = D;
endmodule
