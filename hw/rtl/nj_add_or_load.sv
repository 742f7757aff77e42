// Accumulates what is selected: sum_o = (first_i ? start_i : sum_i) + (on_i ? +-x_i : 0) + carry_i, modulo 2^Width.
//
// Subtracting only inverts: the one that makes it a negation is the caller's, as carry_i. A LUT and carry place per bit.
module nj_add_or_load #(
  parameter int unsigned Width = 8,
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic             first_i,
  input  logic [Width-1:0] start_i,
  input  logic [Width-1:0] sum_i,
  input  logic [Width-1:0] x_i,
  input  logic             on_i,
  input  logic             minus_i,
  input  logic             carry_i,
  output logic [Width-1:0] sum_o
);
  function automatic logic [63:0] init();  // {on, minus, x, first, start, sum}
    for (int i = 0; i < 64; i++) init[i] = (i[2] ? i[1] : i[0]) ^ (i[5] & (i[3] ^ i[4]));
  endfunction

  if (Plain) begin : gen_plain
    assign sum_o = (first_i ? start_i : sum_i) + ({Width{on_i}} & (x_i ^ {Width{minus_i}})) + Width'(carry_i);
  end else begin : gen_cells
    // o5_o reads on_i = 0, where o6_o is the first summand too
    /* verilator lint_off UNUSEDSIGNAL */
    logic [Width-1:0] propagate, held, carry;  // the last carry is beyond the sum
    /* verilator lint_on UNUSEDSIGNAL */
    for (genvar w = 0; w < int'(Width); w++) begin : gen_place
      nj_lut2 #(.Init(init())) u_lut (
        .x_i({on_i, minus_i, x_i[w], first_i, start_i[w], sum_i[w]}), .o5_o(held[w]), .o6_o(propagate[w])
      );
    end
    nj_carry #(.Width(Width)) u_carry (
      .carry_i, .propagate_i(propagate), .generate_i(held), .sum_o, .carry_o(carry)
    );
  end
endmodule
