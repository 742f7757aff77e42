// Carry chain: sum_o[i] = propagate_i[i] ^ carry[i], carry[i+1] = propagate_i[i] ? carry[i] : generate_i[i].
module nj_carry #(
  parameter int unsigned Width = 4
) (
  input  logic             carry_i,
  input  logic [Width-1:0] propagate_i,
  input  logic [Width-1:0] generate_i,
  output logic [Width-1:0] sum_o,
  output logic [Width-1:0] carry_o  // out of each place
);
`ifdef NJ_GENERIC
  logic [Width:0] carry;
  assign carry[0] = carry_i;
  for (genvar i = 0; i < int'(Width); i++) begin : gen_place
    assign carry[i+1] = propagate_i[i] ? carry[i] : generate_i[i];
  end
  assign sum_o   = propagate_i ^ carry[Width-1:0];
  assign carry_o = carry[Width:1];
`else
  localparam int unsigned Slices = (Width + 3) / 4;
  logic [4*Slices-1:0] s, d;
  /* verilator lint_off UNUSEDSIGNAL */
  logic [4*Slices-1:0] o, co;  // places beyond Width
  /* verilator lint_on UNUSEDSIGNAL */
  always_comb begin
    s = '0;
    d = '0;
    s[Width-1:0] = propagate_i;
    d[Width-1:0] = generate_i;
  end
  assign sum_o   = o[Width-1:0];
  assign carry_o = co[Width-1:0];
  for (genvar i = 0; i < int'(Slices); i++) begin : gen_slice
    if (i == 0) begin : gen_first
      CARRY4 u_carry (.CI(1'b0), .CYINIT(carry_i), .S(s[3:0]), .DI(d[3:0]), .O(o[3:0]), .CO(co[3:0]));
    end else begin : gen_next
      CARRY4 u_carry (
        .CI(co[4*i-1]), .CYINIT(1'b0), .S(s[4*i+:4]), .DI(d[4*i+:4]), .O(o[4*i+:4]), .CO(co[4*i+:4])
      );
    end
  end
`endif
endmodule
