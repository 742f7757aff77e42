// nj_digits: the digit of the round before, of words that go on beyond their last bit.
module nj_digits_properties #(
  parameter int unsigned N         = 2,
  parameter int unsigned Bits      = 5,
  parameter bit          Signed    = 1'b0,
  parameter int unsigned Digit     = 1,
  parameter int unsigned RoundBits = 3,
  parameter bit Plain = 1'b1
) (
  input logic                 clk_i,
  input logic                 ce_i,
  input logic [N*Bits-1:0]    word_i,
  input logic [RoundBits-1:0] round_i
);
  localparam int unsigned Wide = Digit << RoundBits;
  logic [N*Digit-1:0] digit, want, want_q;
  logic               seen_q = 1'b0;
  nj_digits #(
    .N(N), .Bits(Bits), .Signed(Signed), .Digit(Digit), .RoundBits(RoundBits), .Plain(Plain)
  ) u_digits (.clk_i, .ce_i, .word_i, .round_i, .digit_o(digit));
  for (genvar n = 0; n < int'(N); n++) begin : gen_word
    logic [Wide+Bits-1:0] word;
    assign word = {{Wide{Signed && word_i[n*Bits+Bits-1]}}, word_i[n*Bits+:Bits]};
    assign want[n*Digit+:Digit] = word[round_i*Digit+:Digit];
  end
  always_ff @(posedge clk_i) begin
    if (ce_i) begin
      want_q <= want;
      seen_q <= 1'b1;
    end
    if (seen_q) assert (digit == want_q);
  end
endmodule
