// Compares unsigned words with constants, for N lanes side by side; a LUT and a carry place decide five bits.
//
//   lane n: reach_o[n] = (x >= Limit) ^ Invert        bit w of x is x_i[w*N+n]
module nj_reach #(
  parameter int unsigned N      = 1,
  parameter int unsigned Width  = 8,
  parameter logic [N*(Width+1)-1:0] Limit = '0,  // of lane n at [n*(Width+1) +: Width+1]; 2^Width is never reached
  parameter logic [N-1:0] Invert = '0,
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic [Width*N-1:0] x_i,
  output logic [N-1:0]       reach_o
);
  localparam int unsigned Groups = (Width + 4) / 5;
  function automatic logic [63:0] init(input int n, input int g);
    logic [4:0] limit;
    limit = 5'((Limit >> (n * int'(Width + 1))) >> (5 * g));
    if (g == int'(Groups) - 1) limit &= 5'((1 << (int'(Width) - 5 * g)) - 1);
    for (int i = 0; i < 64; i++) init[i] = i >= 32 ? 5'(i) == limit : Invert[n] ? 5'(i) < limit : 5'(i) > limit;
  endfunction

  if (Plain && N == 1) begin : gen_word
    /* verilator lint_off UNSIGNED */
    assign reach_o = ({1'b0, x_i} >= Limit) ^ Invert;
    /* verilator lint_on UNSIGNED */
  end else if (Plain) begin : gen_plain
    logic [N-1:0] limit [Width+1];
    logic [N-1:0] reach [Width+1];
    assign reach[0] = '1;
    for (genvar w = 0; w <= int'(Width); w++) begin : gen_limit
      for (genvar n = 0; n < int'(N); n++) begin : gen_lane
        assign limit[w][n] = Limit[n*(Width+1)+w];
      end
    end
    for (genvar w = 0; w < int'(Width); w++) begin : gen_place
      assign reach[w+1] = (x_i[w*N+:N] & ~limit[w]) | (reach[w] & (x_i[w*N+:N] | ~limit[w]));
    end
    assign reach_o = (reach[Width] & ~limit[Width]) ^ Invert;
  end else begin : gen_cells
    for (genvar n = 0; n < int'(N); n++) begin : gen_lane
      logic [5*Groups-1:0] x;
      logic [Groups-1:0]   equal, beyond;
      /* verilator lint_off UNUSEDSIGNAL */
      logic [Groups-1:0]   unused, carry;
      /* verilator lint_on UNUSEDSIGNAL */
      for (genvar w = 0; w < int'(5 * Groups); w++) begin : gen_place
        if (w < int'(Width)) begin : gen_bit
          assign x[w] = x_i[w*N+n];
        end else begin : gen_none
          assign x[w] = 1'b0;
        end
      end
      for (genvar g = 0; g < int'(Groups); g++) begin : gen_group
        nj_lut2 #(.Init(init(n, g))) u_lut (.x_i({1'b1, x[5*g+:5]}), .o5_o(beyond[g]), .o6_o(equal[g]));
      end
      nj_carry #(.Width(Groups)) u_carry (
        .carry_i(!Invert[n]), .propagate_i(equal), .generate_i(beyond), .sum_o(unused), .carry_o(carry)
      );
      assign reach_o[n] = Limit[n*(Width+1)+Width] ? Invert[n] : carry[Groups-1];
    end
  end
endmodule
