// Counts three bits in one dual-output LUT, for N lanes side by side.
//
//   s_o[n] + 2 * s_o[N+n] = sum over k of (x_i[k*N+n] ^ Invert[k*N+n])
module nj_count3 #(
  parameter int unsigned N = 1,
  parameter logic [3*N-1:0] Invert = '0,
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic [3*N-1:0] x_i,
  output logic [2*N-1:0] s_o
);
  function automatic logic [63:0] init(input int n);
    logic [2:0] x;
    for (int i = 0; i < 64; i++) begin
      x = 3'(i) ^ {Invert[2*int'(N)+n], Invert[int'(N)+n], Invert[n]};
      init[i] = i < 32 ? $countones(x) > 1 : ^x;
    end
  endfunction

  if (Plain) begin : gen_plain
    logic [N-1:0] a, b, c;
    assign {c, b, a} = x_i ^ Invert;
    assign s_o = {(a & b) | (c & (a | b)), a ^ b ^ c};
  end else begin : gen_cells
    for (genvar n = 0; n < int'(N); n++) begin : gen_lane
      nj_lut2 #(.Init(init(n))) u_lut (
        .x_i({3'b100, x_i[2*N+n], x_i[N+n], x_i[n]}), .o5_o(s_o[N+n]), .o6_o(s_o[n])
      );
    end
  end
endmodule
