// A module of digits in both of its forms, the chip's and plain arithmetic: from two clocks behind
// the first start on they put out the same. Module: 0 nj_digits, 1 nj_serial_add, 2 nj_serial_sum.
module nj_forms_properties #(
  parameter int unsigned Module    = 0,
  parameter int unsigned Digit     = 1,
  parameter int unsigned Bits      = 5,     // of nj_digits
  parameter bit          Signed    = 1'b0,
  parameter int unsigned RoundBits = 3,
  parameter int unsigned Shift     = 0,     // of nj_serial_add
  parameter logic [4:0]  Invert    = '0
) (
  input logic                 clk_i,
  input logic                 ce_i,
  input logic                 start_i,
  input logic [1:0]           on_i,
  input logic [RoundBits-1:0] round_i,
  input logic [Bits-1:0]      word_i,
  input logic [5*Digit-1:0]   x_i
);
  logic [Digit-1:0] plain, chip;
  logic started_q = 1'b0, first_q = 1'b0, known_q = 1'b0;

  if (Module == 0) begin : gen_digits
    nj_digits #(.Bits(Bits), .Signed(Signed), .Digit(Digit), .RoundBits(RoundBits), .Plain(1'b1)) u_plain (
      .clk_i, .ce_i, .word_i, .round_i, .digit_o(plain)
    );
    nj_digits #(.Bits(Bits), .Signed(Signed), .Digit(Digit), .RoundBits(RoundBits), .Plain(1'b0)) u_chip (
      .clk_i, .ce_i, .word_i, .round_i, .digit_o(chip)
    );
  end else if (Module == 1) begin : gen_add
    nj_serial_add #(.Digit(Digit), .Shift(Shift), .Invert(Invert[0]), .Plain(1'b1)) u_plain (
      .clk_i, .ce_i, .start_i, .a_on_i(on_i[0]), .b_on_i(on_i[1]), .a_i(x_i[0+:Digit]), .b_i(x_i[Digit+:Digit]), .sum_o(plain)
    );
    nj_serial_add #(.Digit(Digit), .Shift(Shift), .Invert(Invert[0]), .Plain(1'b0)) u_chip (
      .clk_i, .ce_i, .start_i, .a_on_i(on_i[0]), .b_on_i(on_i[1]), .a_i(x_i[0+:Digit]), .b_i(x_i[Digit+:Digit]), .sum_o(chip)
    );
  end else begin : gen_sum
    nj_serial_sum #(.Digit(Digit), .Invert(Invert), .Plain(1'b1)) u_plain (
      .clk_i, .ce_i, .start_i, .x_i, .sum_o(plain)
    );
    nj_serial_sum #(.Digit(Digit), .Invert(Invert), .Plain(1'b0)) u_chip (
      .clk_i, .ce_i, .start_i, .x_i, .sum_o(chip)
    );
  end

  always_ff @(posedge clk_i) begin
    if (ce_i) begin
      started_q <= started_q || start_i;
      first_q   <= started_q;
      known_q   <= first_q;
    end
    if (known_q) assert (plain == chip);
  end
endmodule
