// Accumulates: sum_o = count_i + (first_i ? Start : sum_i), modulo 2^Width, one LUT and carry place a bit.
module nj_add_or_start #(
  parameter int unsigned Width     = 8,
  parameter int unsigned CountBits = 4,  // at most Width
  parameter logic [Width-1:0] Start = '0,
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic                 first_i,
  input  logic [Width-1:0]     sum_i,
  input  logic [CountBits-1:0] count_i,
  output logic [Width-1:0]     sum_o
);
  if (CountBits > Width) begin : gen_bad_bits
    $error("nj_add_or_start: CountBits = %0d, at most Width = %0d", CountBits, Width);
  end
  logic [Width-1:0] count;
  assign count = Width'(count_i);

  function automatic logic [63:0] init(input logic start);
    for (int i = 0; i < 64; i++) init[i] = i[0] ^ (i[2] ? start : i[1]);
  endfunction

  if (Plain) begin : gen_plain
    assign sum_o = count + (first_i ? Start : sum_i);
  end else begin : gen_cells
    /* verilator lint_off UNUSEDSIGNAL */
    logic [Width-1:0] propagate, carry, unused;
    /* verilator lint_on UNUSEDSIGNAL */
    for (genvar w = 0; w < int'(Width); w++) begin : gen_place
      nj_lut2 #(.Init(init(Start[w]))) u_lut (
        .x_i({3'b000, first_i, sum_i[w], count[w]}), .o5_o(unused[w]), .o6_o(propagate[w])
      );
    end
    nj_carry #(.Width(Width)) u_carry (
      .carry_i(1'b0), .propagate_i(propagate), .generate_i(count), .sum_o(sum_o), .carry_o(carry)
    );
  end
endmodule
