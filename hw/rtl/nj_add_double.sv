// A step of a jet: sum_o = (first_i ? 0 : sum_i) +- (double_i ? 2 x_i : x_i), modulo 2^Width; x_i is two's complement.
//
// A LUT and carry place per bit.
module nj_add_double #(
  parameter int unsigned Bits  = 6,  // of x_i
  parameter int unsigned Width = 8,  // above Bits
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic             first_i,
  input  logic [Width-1:0] sum_i,
  input  logic [Bits-1:0]  x_i,
  input  logic             double_i,
  input  logic             minus_i,
  output logic [Width-1:0] sum_o
);
  if (Bits >= Width) begin : gen_bad_width
    $error("nj_add_double: Bits = %0d must be below Width = %0d", Bits, Width);
  end
  function automatic logic [63:0] init();  // {sum, first, minus, double, x one place below, x}
    for (int i = 0; i < 64; i++) init[i] = (i[2] ? i[1] : i[0]) ^ i[3] ^ (i[5] & !i[4]);
  endfunction

  logic [Width:0] x;  // x[w+1] is place w
  assign x = {{Width-Bits{x_i[Bits-1]}}, x_i, 1'b0};

  if (Plain) begin : gen_plain
    logic [Width-1:0] term;
    assign term  = (double_i ? x[Width-1:0] : x[Width:1]) ^ {Width{minus_i}};
    assign sum_o = (first_i ? '0 : sum_i) + term + Width'(minus_i);
  end else begin : gen_cells
    // o5_o reads sum_i = 0, where o6_o is the second summand too
    /* verilator lint_off UNUSEDSIGNAL */
    logic [Width-1:0] propagate, term, carry;  // the last carry is beyond the sum
    /* verilator lint_on UNUSEDSIGNAL */
    for (genvar w = 0; w < int'(Width); w++) begin : gen_place
      nj_lut2 #(.Init(init())) u_lut (
        .x_i({sum_i[w], first_i, minus_i, double_i, x[w], x[w+1]}), .o5_o(term[w]), .o6_o(propagate[w])
      );
    end
    nj_carry #(.Width(Width)) u_carry (
      .carry_i(minus_i), .propagate_i(propagate), .generate_i(term), .sum_o, .carry_o(carry)
    );
  end
endmodule
