// Counts ones: count_o = sum of bits_i, combinational.
//
// Six bits become a three-bit number in three LUT6 without a carry chain; the compressors work side by side on slices
// of the input. A tree adds the numbers. LUT by Yosys on xc7, in brackets a plain sum: 15 (19) for 16
// bits, 28 (43) for 32, 108 (146) for 96, 357 (478) for 288.
module nj_popcount #(
  parameter int unsigned Width = 16,
  localparam int unsigned CountBits = unsigned'($clog2(Width + 1))
) (
  input  logic [Width-1:0]     bits_i,
  output logic [CountBits-1:0] count_o
);
  localparam int unsigned Groups = (Width + 5) / 6;

  logic [6*Groups-1:0] all;
  logic [Groups-1:0] a, b, c, d, e, f;  // one bit of each group in each
  logic [Groups-1:0] sum_abc, carry_abc, sum_def, carry_def, carry, ones, twos, fours;

  always_comb begin
    all = '0;
    all[Width-1:0] = bits_i;
    {f, e, d, c, b, a} = all;
    sum_abc = a ^ b ^ c;
    carry_abc = (a & b) | (a & c) | (b & c);
    sum_def = d ^ e ^ f;
    carry_def = (d & e) | (d & f) | (e & f);
    carry = sum_abc & sum_def;
    ones = sum_abc ^ sum_def;
    twos = carry_abc ^ carry_def ^ carry;
    fours = (carry_abc & carry_def) | (carry_abc & carry) | (carry_def & carry);
  end

  // node[i] = node[2i] + node[2i+1], the leaves are the groups: the root is the sum whatever their number.
  logic [CountBits-1:0] node [2*Groups];
  assign node[0] = '0;
  for (genvar i = 0; i < Groups; i++) begin : gen_leaf
    assign node[Groups+i] = CountBits'({fours[i], twos[i], ones[i]});
  end
  for (genvar i = 1; i < Groups; i++) begin : gen_sum
    assign node[i] = node[2*i] + node[2*i+1];
  end
  assign count_o = node[1];
endmodule
