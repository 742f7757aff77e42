// Gives a, or a OR b, bit by bit: y = a | (keep ? b : 0). Two bits per LUT; Yosys would take a LUT per bit.
module nj_or_lanes #(
  parameter int unsigned N = 2,
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic [N-1:0] a_i,
  input  logic [N-1:0] b_i,
  input  logic         keep_i,
  output logic [N-1:0] y_o
);
  if (Plain) begin : gen_plain
    assign y_o = a_i | (keep_i ? b_i : '0);
  end else begin : gen_cells
    for (genvar n = 0; n < int'(N); n += 2) begin : gen_lut
      /* verilator lint_off UNUSEDSIGNAL */
      logic a, b, other;  // no second bit when their number is odd
      /* verilator lint_on UNUSEDSIGNAL */
      if (n + 1 < int'(N)) begin : gen_two
        assign {a, b}   = {a_i[n+1], b_i[n+1]};
        assign y_o[n+1] = other;
      end else begin : gen_one
        assign {a, b} = 2'b00;
      end
      // x = {1, keep, b, a, b_i[n], a_i[n]}: o6 = x[0] | x[4]&x[1], o5 = x[2] | x[4]&x[3]
      nj_lut2 #(.Init(64'hEEEE_AAAA_FFF0_F0F0)) u_lut (
        .x_i({1'b1, keep_i, b, a, b_i[n], a_i[n]}), .o5_o(other), .o6_o(y_o[n])
      );
    end
  end
endmodule
