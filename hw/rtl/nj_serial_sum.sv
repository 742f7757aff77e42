// Sum of up to five words that come in digits, the lowest first: sum_o = sum over k of (x_i[k] ^ Invert[k]).
//
// Digit bits per clock of ce_i, two LUTs each; sum_o is a clock later. start_i as in nj_serial_add. What is
// subtracted is inverted, the ones that make it a negation are the caller's.
module nj_serial_sum #(
  parameter int unsigned Digit  = 1,
  parameter logic [4:0]  Invert = 5'b00000,
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic               clk_i,
  input  logic               ce_i,
  input  logic               start_i,
  input  logic [5*Digit-1:0] x_i,  // word k at [k*Digit +: Digit]
  output logic [Digit-1:0]   sum_o
);
  logic [Digit-1:0] sum;
  if (Plain) begin : gen_plain
    logic [2:0]       carry_q;
    logic [Digit+2:0] total;
    always_comb begin
      total = (Digit + 3)'(carry_q);
      for (int k = 0; k < 5; k++) total += (Digit + 3)'(x_i[k*Digit+:Digit] ^ {Digit{Invert[k]}});
    end
    assign sum = total[Digit-1:0];
    always_ff @(posedge clk_i) if (ce_i) carry_q <= start_i ? '0 : total[Digit+:3];
  end else begin : gen_cells
    logic [Digit-1:0] twos, fours;
    logic             twos_q;   // of the digit before, its highest place
    logic [1:0]       fours_q;  // of the two places before this digit's
    for (genvar i = 0; i < int'(Digit); i++) begin : gen_place
      logic one, two;  // what the places below carry here
      if (i == 0) begin : gen_first
        assign {two, one} = {fours_q[0], twos_q};
      end else if (i == 1) begin : gen_second
        assign {two, one} = {fours_q[1], twos[0]};
      end else begin : gen_other
        assign {two, one} = {fours[i-2], twos[i-1]};
      end
      nj_count7 #(.N(1), .Invert({2'b00, Invert}), .Plain(1'b0)) u_count (
        .x_i({two, one, x_i[4*Digit+i], x_i[3*Digit+i], x_i[2*Digit+i], x_i[Digit+i], x_i[i]}),
        .s_o({fours[i], twos[i], sum[i]})
      );
    end

    /* verilator lint_off UNUSEDSIGNAL */
    logic [Digit+1:0] over;  // the lowest ones were used
    /* verilator lint_on UNUSEDSIGNAL */
    assign over = {fours, fours_q};
    always_ff @(posedge clk_i) begin
      if (ce_i) begin
        twos_q  <= start_i ? 1'b0 : twos[Digit-1];
        fours_q <= start_i ? 2'b00 : over[Digit+:2];
      end
    end
  end
  always_ff @(posedge clk_i) if (ce_i) sum_o <= sum;
endmodule
