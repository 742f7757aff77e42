// The 1-D group of jet kernels over Taps samples, combinational: y_k = sum_i B(n,k)_i x_i, n = Taps - 1.
//
//   Taps 3 (4 adders)     [1 2 1]      [1 0 -1]       [1 -2 1]
//   Taps 5 (10 adders)    [1 4 6 4 1]  [1 2 0 -2 -1]  [1 0 -2 0 1]  [1 -2 0 2 -1]  [1 -4 6 -4 1]
//
// Samples and results are signed; x_i at bits [i*InBits +: InBits], y_k at [k*OutBits +: OutBits].
module nj_jet_axis #(
  parameter  int unsigned Taps    = 3,
  parameter  int unsigned InBits  = 2,
  localparam int unsigned OutBits = InBits + Taps - 1
) (
  input  logic [Taps*InBits-1:0]  x_i,
  output logic [Taps*OutBits-1:0] y_o
);
  typedef logic signed [OutBits-1:0] wide_t;
  wide_t x[Taps];
  for (genvar i = 0; i < int'(Taps); i++) begin : gen_extend
    assign x[i] = wide_t'($signed(x_i[i*InBits+:InBits]));
  end

  if (Taps == 3) begin : gen_three
    wide_t outer, smooth;
    assign outer  = x[0] + x[2];
    assign smooth = outer + (x[1] <<< 1);
    assign y_o    = {smooth - (x[1] <<< 2), x[0] - x[2], smooth};
  end else if (Taps == 5) begin : gen_five
    wide_t a, b, c, d, second, u;
    assign a      = x[0] + x[4];
    assign b      = x[0] - x[4];
    assign c      = x[1] + x[3];
    assign d      = x[1] - x[3];
    assign second = a - (x[2] <<< 1);
    assign u      = second + (x[2] <<< 3);
    assign y_o    = {u - (c <<< 2), b - (d <<< 1), second, b + (d <<< 1), u + (c <<< 2)};
  end else begin : gen_bad_taps
    $error("nj_jet_axis: Taps = %0d, 3 or 5", Taps);
  end
endmodule
