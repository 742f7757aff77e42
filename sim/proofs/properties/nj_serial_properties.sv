// nj_serial_add and nj_serial_sum: words come digit by digit; each digit that leaves is that of the sum of the digits
// so far, whatever came before them. nj_serial_reach: with the last digit the word is compared.
module nj_serial_properties #(
  parameter int unsigned Digit  = 1,
  parameter int unsigned Digits = 3,  // of a word
  parameter int unsigned Shift  = 1,  // of nj_serial_add
  parameter logic [4:0]  Invert = 5'b01101,  // of nj_serial_sum; nj_serial_add subtracts where its bit 0 is set
  parameter int unsigned Start  = 3,
  parameter logic [Digit*Digits-1:0] Limit = '1,  // of nj_serial_reach, inverted where bit 1 of Invert is set
  parameter bit Plain = 1'b1
) (
  input logic               clk_i,
  input logic               ce_i,
  input logic               valid_i,  // may fall between words only
  input logic [1:0]         on_i,
  input logic [5*Digit-1:0] x_i
);
  localparam int unsigned Bits = Digit * Digits;
  localparam int unsigned Places = $clog2(Digits + 1);
  localparam int unsigned Latency = Digit == 1 ? 1 : 2;  // of nj_serial_sum

  logic [Places-1:0] place_q = '0;  // digits that came
  logic              begun_q = 1'b0, valid, last;
  logic [1:0]        on_q, on;
  logic [5*Bits-1:0] words_q, words;  // so far, with what comes now
  assign valid = begun_q && (valid_i || place_q != '0);
  assign last  = place_q == Places'(Digits - 1);
  assign on    = place_q == '0 ? on_i : on_q;
  always_comb begin
    words = place_q == '0 ? '0 : words_q;
    for (int k = 0; k < 5; k++) words[k*Bits+:Bits] |= Bits'(x_i[k*Digit+:Digit]) << (place_q * Digit);
  end

  logic [Digit-1:0] added, summed;
  nj_serial_add #(.Digit(Digit), .Shift(Shift), .Invert(Invert[0]), .Plain(Plain)) u_add (
    .clk_i, .ce_i, .start_i(!valid || last), .a_on_i(on[0]), .b_on_i(on[1]), .a_i(x_i[Digit-1:0]),
    .b_i(x_i[2*Digit-1:Digit]), .sum_o(added)
  );
  nj_serial_sum #(.Digit(Digit), .Invert(Invert), .Start(Start), .Plain(Plain)) u_sum (
    .clk_i, .ce_i, .start_i(!valid || last), .x_i, .sum_o(summed)
  );

  logic reach;
  nj_serial_reach #(
    .Digit(Digit), .Digits(Digits), .RoundBits(Places), .Limit(Limit), .Invert(Invert[1])
  ) u_reach (.clk_i, .ce_i, .round_i(place_q), .x_i(x_i[Digit-1:0]), .reach_o(reach));

  logic [Bits-1:0] want_added, want_summed, a, b;
  always_comb begin
    a = words[0+:Bits] & {Bits{on[0]}};
    b = words[Bits+:Bits] & {Bits{on[1]}};
    want_added  = Invert[0] ? a - (b << Shift) : a + (b << Shift);
    want_summed = Bits'(Start);
    for (int k = 0; k < 5; k++) want_summed += words[k*Bits+:Bits] ^ {Bits{Invert[k]}};
  end
  logic [Digit-1:0] added_q, summed_q [2];
  logic [2:0]       seen_q = '0;  // what came is valid so many clocks later
  always_ff @(posedge clk_i) begin
    if (ce_i) begin
      begun_q     <= 1'b1;  // the carries are reset by now
      place_q     <= !valid || last ? '0 : place_q + 1'b1;
      on_q        <= on;
      words_q     <= words;
      added_q     <= Digit'(want_added >> (place_q * Digit));
      summed_q[0] <= Digit'(want_summed >> (place_q * Digit));
      summed_q[1] <= summed_q[0];
      seen_q      <= {seen_q[1:0], valid};
    end
    if (valid && last) assert (reach == (($signed(words[0+:Bits]) >= $signed(Limit)) ^ Invert[1]));
    if (seen_q[0]) assert (added == added_q);
    if (seen_q[Latency-1]) assert (summed == summed_q[Latency-1]);
  end
endmodule
