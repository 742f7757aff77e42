// Adds two words that come in digits, the lowest first: sum_o = a_i + ((b_i << Shift) ^ Invert) + Invert.
//
// Digit bits per clock of ce_i, one LUT each; sum_o is a clock later. start_i goes with the last digit of a word and
// with every clock on which none comes: what is carried and shifted over does not reach the next word. Where a_on_i
// or b_on_i is low, that word is 0.
module nj_serial_add #(
  parameter int unsigned Digit  = 1,
  parameter int unsigned Shift  = 0,
  parameter bit          Invert = 1'b0,  // subtract b
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic             clk_i,
  input  logic             ce_i,
  input  logic             start_i,
  input  logic             a_on_i,
  input  logic             b_on_i,
  input  logic [Digit-1:0] a_i,
  input  logic [Digit-1:0] b_i,
  output logic [Digit-1:0] sum_o
);
  function automatic logic [63:0] init();  // {1, b on, a on, carry, b, a}
    logic [2:0] x;
    for (int i = 0; i < 64; i++) begin
      x = {i[2], (i[1] & i[4]) ^ Invert, i[0] & i[3]};
      init[i] = i < 32 ? $countones(x) > 1 : ^x;
    end
  endfunction
  logic             carry_q, carry;
  logic [Digit-1:0] sum, shifted;
  if (Plain) begin : gen_plain
    assign {carry, sum} = {1'b0, a_i & {Digit{a_on_i}}} + {1'b0, (shifted & {Digit{b_on_i}}) ^ {Digit{Invert}}}
                        + (Digit + 1)'(carry_q);
  end else begin : gen_cells
    logic [Digit:0] chain;
    assign chain[0] = carry_q;
    assign carry    = chain[Digit];
    for (genvar i = 0; i < int'(Digit); i++) begin : gen_bit
      nj_lut2 #(.Init(init())) u_add (
        .x_i({1'b1, b_on_i, a_on_i, chain[i], shifted[i], a_i[i]}), .o5_o(chain[i+1]), .o6_o(sum[i])
      );
    end
  end

  if (Shift > 0) begin : gen_shift
    logic [Shift-1:0] over_q;  // bits of b that belong to later digits, the lowest first
    logic [Digit+Shift-1:0] wide;
    assign wide    = {b_i, over_q};
    assign shifted = wide[Digit-1:0];
    always_ff @(posedge clk_i) begin
      if (ce_i) over_q <= start_i ? '0 : wide[Digit+:Shift];
    end
  end else begin : gen_no_shift
    assign shifted = b_i;
  end

  always_ff @(posedge clk_i) begin
    if (ce_i) begin
      carry_q <= start_i ? Invert : carry;
      sum_o   <= sum;
    end
  end
endmodule
