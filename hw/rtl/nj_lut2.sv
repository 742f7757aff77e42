// One LUT with two outputs: o5_o is any function of x_i[4:0], o6_o the same for x_i[5] = 0 and any other for 1.
module nj_lut2 #(
  parameter logic [63:0] Init = '0  // o6_o = Init[x_i], o5_o = Init[x_i[4:0]]
) (
  input  logic [5:0] x_i,
  output logic       o5_o,
  output logic       o6_o
);
`ifdef NJ_GENERIC
  assign o5_o = Init[{1'b0, x_i[4:0]}];
  assign o6_o = Init[x_i];
`else
  LUT6_2 #(.INIT(Init)) u_lut (
    .I0(x_i[0]), .I1(x_i[1]), .I2(x_i[2]), .I3(x_i[3]), .I4(x_i[4]), .I5(x_i[5]), .O5(o5_o), .O6(o6_o)
  );
`endif
endmodule
