// Adds three words, weighted by a jet that may change from clock to clock, and a constant: an output across a window.
//
//   sum_o = (a_i & a_on_i) +- (c_i & c_on_i) +- 2 (b_i & !minus_c_i) + constant, modulo 2^Width
//
// minus_c_i comes with a, b, c; minus_b_i and constant_i come a clock later, with sum_o. Subtracting 2 b only inverts: the
// one that makes it a negation is the caller's. Two LUTs and carry places per bit. minus_c_i selects the kernel [1 0 -1].
module nj_jet3 #(
  parameter int unsigned Bits   = 6,  // of a word
  parameter bit          Signed = 1'b0,  // the words are two's complement
  parameter int unsigned Width  = 9,  // of the sum, at least Bits + 1
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic             clk_i,
  input  logic             ce_i,
  input  logic [Bits-1:0]  a_i,
  input  logic [Bits-1:0]  b_i,
  input  logic [Bits-1:0]  c_i,
  input  logic             a_on_i,
  input  logic             c_on_i,
  input  logic             minus_c_i,
  input  logic             minus_b_i,
  input  logic [Width-1:0] constant_i,
  output logic [Width-1:0] sum_o
);
  localparam int unsigned Outer = Width < Bits + 2 ? Width : Bits + 2;  // of a +- c
  if (Width < Bits + 1) begin : gen_bad_width
    $error("nj_jet3: Width = %0d, at least Bits + 1 = %0d", Width, Bits + 1);
  end
  function automatic logic [63:0] pair();  // {1, minus c, c on, a on, c, a}
    logic x;
    for (int i = 0; i < 64; i++) begin
      x = i[0] & i[2];
      pair[i] = i < 32 ? x : x ^ (i[1] & i[3]) ^ i[4];
    end
  endfunction
  function automatic logic [63:0] three();  // {1, save, minus b, constant, second, first}
    logic [2:0] x;
    for (int i = 0; i < 64; i++) begin
      x = {i[2], i[1] ^ i[3], i[0]};
      three[i] = i < 32 ? $countones(x) > 1 : (^x) ^ i[4];
    end
  endfunction

  logic [Outer-1:0] a, c, outer, outer_q;
  logic [Bits-1:0]  b_q;
  logic [Width-1:0] first, second;
  assign a = {{Outer-Bits{Signed && a_i[Bits-1]}}, a_i};
  assign c = {{Outer-Bits{Signed && c_i[Bits-1]}}, c_i};
  always_ff @(posedge clk_i) begin
    if (ce_i) begin
      outer_q <= outer;
      b_q     <= minus_c_i ? '0 : b_i;
    end
  end
  if (Width > Outer) begin : gen_extend
    assign first = {{Width-Outer{outer_q[Outer-1]}}, outer_q};
  end else begin : gen_whole
    assign first = outer_q;
  end
  if (Width > Bits + 1) begin : gen_upper
    assign second = {{Width-Bits-1{Signed && b_q[Bits-1]}}, b_q, 1'b0};
  end else begin : gen_no_upper
    assign second = {b_q, 1'b0};
  end

  if (Plain) begin : gen_plain
    assign outer = (a & {Outer{a_on_i}}) + ((c & {Outer{c_on_i}}) ^ {Outer{minus_c_i}}) + Outer'(minus_c_i);
    assign sum_o = first + (second ^ {Width{minus_b_i}}) + constant_i;
  end else begin : gen_cells
    /* verilator lint_off UNUSEDSIGNAL */
    logic [Outer-1:0] differ, takes, outer_carry;
    logic [Width-1:0] propagate, carry;
    logic [Width:0]   save;  // the last ones are beyond the sum
    /* verilator lint_on UNUSEDSIGNAL */
    for (genvar w = 0; w < int'(Outer); w++) begin : gen_outer
      nj_lut2 #(.Init(pair())) u_lut (
        .x_i({1'b1, minus_c_i, c_on_i, a_on_i, c[w], a[w]}), .o5_o(takes[w]), .o6_o(differ[w])
      );
    end
    nj_carry #(.Width(Outer)) u_outer (
      .carry_i(minus_c_i), .propagate_i(differ), .generate_i(takes), .sum_o(outer), .carry_o(outer_carry)
    );
    assign save[0] = 1'b0;
    for (genvar w = 0; w < int'(Width); w++) begin : gen_place
      nj_lut2 #(.Init(three())) u_lut (
        .x_i({1'b1, save[w], minus_b_i, constant_i[w], second[w], first[w]}), .o5_o(save[w+1]), .o6_o(propagate[w])
      );
    end
    nj_carry #(.Width(Width)) u_sum (
      .carry_i(1'b0), .propagate_i(propagate), .generate_i(save[Width-1:0]), .sum_o, .carry_o(carry)
    );
  end
endmodule
