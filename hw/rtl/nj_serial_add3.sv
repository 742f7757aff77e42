// Adds three words that come in digits, the lowest first: sum_o = Start + sum over k of (x_i[k] ^ Invert[k]).
//
// Digit bits per clock of ce_i: one LUT with its carry place for each, and one more for the carry; sum_o comes a clock
// later. start_i as in nj_serial_add. The LUT's other output is what its three bits carry, as in nj_add3.
module nj_serial_add3 #(
  parameter int unsigned Digit  = 2,
  parameter logic [2:0]  Invert = 3'b000,
  parameter int unsigned Start  = 0,  // at most 2
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic               clk_i,
  input  logic               ce_i,
  input  logic               start_i,
  input  logic [3*Digit-1:0] x_i,  // word k at [k*Digit +: Digit]
  output logic [Digit-1:0]   sum_o
);
  if (Start > 2) begin : gen_bad_start
    $error("nj_serial_add3: Start = %0d, at most 2", Start);
  end
  function automatic logic [63:0] init();
    logic [2:0] x;
    for (int i = 0; i < 64; i++) begin
      x = 3'(i) ^ Invert;
      init[i] = i < 32 ? $countones(x) > 1 : (^x) ^ i[3];
    end
  endfunction

  logic [1:0]       carried_q, carried;  // two of the lowest place's weight
  logic [Digit-1:0] sum;
  if (Plain) begin : gen_plain
    logic [Digit+1:0] total;
    always_comb begin
      total = (Digit + 2)'(carried_q[0]) + (Digit + 2)'(carried_q[1]);
      for (int k = 0; k < 3; k++) total += (Digit + 2)'(x_i[k*Digit+:Digit] ^ {Digit{Invert[k]}});
    end
    assign sum     = total[Digit-1:0];
    assign carried = {total[Digit+1], total[Digit] | total[Digit+1]};  // 0, 1 or 2
  end else begin : gen_cells
    // place 0 puts carried_q[1] on the chain
    logic [Digit:0] propagate, sums, save, carry;
    assign {propagate[0], save[0]} = {1'b0, carried_q[0]};
    for (genvar i = 0; i < int'(Digit); i++) begin : gen_place
      nj_lut2 #(.Init(init())) u_lut (
        .x_i({2'b10, save[i], x_i[2*Digit+i], x_i[Digit+i], x_i[i]}), .o5_o(save[i+1]), .o6_o(propagate[i+1])
      );
    end
    nj_carry #(.Width(Digit + 1)) u_carry (
      .carry_i(1'b0), .propagate_i(propagate), .generate_i({save[Digit-1:0], carried_q[1]}), .sum_o(sums),
      .carry_o(carry)
    );
    assign sum     = sums[Digit:1];
    assign carried = {carry[Digit], save[Digit]};
    /* verilator lint_off UNUSEDSIGNAL */
    logic unused;
    assign unused = ^{sums[0], carry[Digit-1:0]};
    /* verilator lint_on UNUSEDSIGNAL */
  end
  always_ff @(posedge clk_i) begin
    if (ce_i) begin
      carried_q <= start_i ? {Start > 1, Start > 0} : carried;
      sum_o     <= sum;
    end
  end
endmodule
