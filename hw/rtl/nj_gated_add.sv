// Adds two words, each added, subtracted or left out: sum_o = (a_on_i ? +-a_i : 0) + (b_on_i ? +-b_i : 0), modulo 2^Width.
//
// Subtracting only inverts here: the caller gives the ones that make it a negation as carry_i, one per adder, and
// elsewhere. A LUT and carry place per bit: the inputs that leave a word out and invert it are the LUT's.
module nj_gated_add #(
  parameter int unsigned Width = 8,
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic [Width-1:0] a_i,
  input  logic             a_on_i,
  input  logic             a_minus_i,
  input  logic [Width-1:0] b_i,
  input  logic             b_on_i,
  input  logic             b_minus_i,
  input  logic             carry_i,
  output logic [Width-1:0] sum_o
);
  function automatic logic [63:0] init();  // {b on, b minus, b, a minus, a on, a}
    logic share;
    for (int i = 0; i < 64; i++) begin
      share   = i[1] & (i[0] ^ i[2]);
      init[i] = share ^ (i[5] & (i[3] ^ i[4]));
    end
  endfunction

  if (Plain) begin : gen_plain
    logic [Width-1:0] a, b;
    assign a = {Width{a_on_i}} & (a_i ^ {Width{a_minus_i}});
    assign b = {Width{b_on_i}} & (b_i ^ {Width{b_minus_i}});
    assign sum_o = a + b + Width'(carry_i);
  end else begin : gen_cells
    // o5_o reads b_on_i = 0, where o6_o is a's share too
    /* verilator lint_off UNUSEDSIGNAL */
    logic [Width-1:0] propagate, share, carry;  // the last is beyond the sum
    /* verilator lint_on UNUSEDSIGNAL */
    for (genvar w = 0; w < int'(Width); w++) begin : gen_place
      nj_lut2 #(.Init(init())) u_lut (
        .x_i({b_on_i, b_minus_i, b_i[w], a_minus_i, a_on_i, a_i[w]}), .o5_o(share[w]), .o6_o(propagate[w])
      );
    end
    nj_carry #(.Width(Width)) u_carry (
      .carry_i, .propagate_i(propagate), .generate_i(share), .sum_o, .carry_o(carry)
    );
  end
endmodule
