// nj_jet3 is its formula, with the second operands a clock later; nj_delay gives what came a period ago.
module nj_jet3_properties #(
  parameter int unsigned Bits   = 3,
  parameter bit          Signed = 1'b0,
  parameter int unsigned Width  = 6,
  parameter int unsigned Period = 3,
  parameter bit Plain = 1'b1
) (
  input logic             clk_i,
  input logic             ce_i,
  input logic             valid_i,
  input logic [Bits-1:0]  a_i,
  input logic [Bits-1:0]  b_i,
  input logic [Bits-1:0]  c_i,
  input logic             a_on_i,
  input logic             c_on_i,
  input logic             minus_c_i,
  input logic             minus_b_i,
  input logic [Width-1:0] constant_i
);
  logic [Width-1:0] sum, a, b, c, first_q, second_q;
  logic             seen_q = 1'b0;
  nj_jet3 #(.Bits(Bits), .Signed(Signed), .Width(Width), .Plain(Plain)) u_jet (
    .clk_i, .ce_i, .a_i, .b_i, .c_i, .a_on_i, .c_on_i, .minus_c_i, .minus_b_i, .constant_i, .sum_o(sum)
  );
  assign a = a_on_i ? Width'({{Width{Signed && a_i[Bits-1]}}, a_i}) : '0;
  assign b = minus_c_i ? '0 : Width'({{Width{Signed && b_i[Bits-1]}}, b_i, 1'b0});
  assign c = c_on_i ? Width'({{Width{Signed && c_i[Bits-1]}}, c_i}) : '0;

  // a word a round; those of the last two periods are kept
  localparam int unsigned RoundBits = $clog2(Period);
  logic [RoundBits-1:0] round_q = '0;
  logic                 valid_q = 1'b0;
  logic [1:0]           full_q = '0;
  logic [RoundBits-1:0] place_q = '0;
  logic [2*Bits-1:0]    past;
  logic [2*Period*Bits-1:0] kept_q;  // the latest word lowest
  nj_delay #(.Bits(Bits), .Taps(2), .Period(Period)) u_delay (
    .clk_i, .ce_i, .valid_i, .round_i(round_q), .x_i(a_i), .y_o(past)
  );

  always_ff @(posedge clk_i) begin
    if (ce_i) begin
      first_q  <= minus_c_i ? a - c : a + c;
      second_q <= b;
      seen_q   <= 1'b1;
      valid_q  <= valid_i;
      if (valid_i) round_q <= round_q == RoundBits'(Period - 1) ? '0 : round_q + 1'b1;
      if (valid_q) begin
        kept_q  <= (2*Period*Bits)'({kept_q, a_i});
        place_q <= place_q == RoundBits'(Period - 1) ? '0 : place_q + 1'b1;
        if (place_q == RoundBits'(Period - 1) && full_q != 2'd2) full_q <= full_q + 1'b1;
      end
    end
    if (seen_q) assert (sum == Width'(first_q + (minus_b_i ? ~second_q : second_q) + constant_i));
    if (valid_q && full_q > 2'd0) assert (past[0+:Bits] == kept_q[(Period-1)*Bits+:Bits]);
    if (valid_q && full_q > 2'd1) assert (past[Bits+:Bits] == kept_q[(2*Period-1)*Bits+:Bits]);
  end
endmodule
