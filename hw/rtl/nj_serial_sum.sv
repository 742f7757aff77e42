// Adds up to five words that come in digits, the lowest first: sum_o = Start + sum over k of (x_i[k] ^ Invert[k]).
//
// Digit bits per clock of ce_i. With one bit, sum_o is a clock later and takes two LUTs; with more it is two clocks
// later, and takes two LUTs a bit and two for the carries: three words are added, then the other two to their sum.
// start_i as in nj_serial_add. Words to be subtracted are only inverted; the caller adds the ones that make it a negation.
module nj_serial_sum #(
  parameter int unsigned Digit  = 1,
  parameter logic [4:0]  Invert = 5'b00000,
  parameter int unsigned Start  = 0,  // at most 3
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic               clk_i,
  input  logic               ce_i,
  input  logic               start_i,
  input  logic [5*Digit-1:0] x_i,  // word k at [k*Digit +: Digit]
  output logic [Digit-1:0]   sum_o
);
  if (Start > 3) begin : gen_bad_start
    $error("nj_serial_sum: Start = %0d, at most 3", Start);
  end
  if (Digit == 1) begin : gen_bit
    // weight of what is carried: 1 now and 1 a clock later, then 1 now
    logic       sum, twos, fours, twos_q;
    logic [1:0] fours_q;
    nj_count7 #(.N(1), .Invert({2'b00, Invert}), .Plain(Plain)) u_count (
      .x_i({fours_q[0], twos_q, x_i}), .s_o({fours, twos, sum})
    );
    always_ff @(posedge clk_i) begin
      if (ce_i) begin
        twos_q  <= start_i ? Start[0] : twos;
        fours_q <= start_i ? {Start[1], 1'b0} : {fours, fours_q[1]};
        sum_o   <= sum;
      end
    end
  end else begin : gen_digit
    logic [Digit-1:0]   sum;
    logic [2*Digit-1:0] others_q;
    logic               start_q;
    nj_serial_add3 #(.Digit(Digit), .Invert(Invert[2:0]), .Start(Start > 2 ? 2 : Start), .Plain(Plain)) u_first (
      .clk_i, .ce_i, .start_i, .x_i(x_i[3*Digit-1:0]), .sum_o(sum)
    );
    always_ff @(posedge clk_i) begin
      if (ce_i) begin
        others_q <= x_i[5*Digit-1:3*Digit];
        start_q  <= start_i;
      end
    end
    nj_serial_add3 #(
      .Digit(Digit), .Invert({Invert[4:3], 1'b0}), .Start(Start > 2 ? 1 : 0), .Plain(Plain)
    ) u_second (.clk_i, .ce_i, .start_i(start_q), .x_i({others_q, sum}), .sum_o);
  end
endmodule
