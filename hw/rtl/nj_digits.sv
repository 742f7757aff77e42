// Gives the digits of N words, the lowest first: in the clock after round r, digit_o is digit r of each word.
//
// Words are extended beyond their last bit: by the sign with Signed, else by zeros. nj_select chooses the bits: a LUT
// chooses one among four, or one among two for two words.
module nj_digits #(
  parameter int unsigned N         = 1,
  parameter int unsigned Bits      = 5,
  parameter bit          Signed    = 1'b0,
  parameter int unsigned Digit     = 1,
  parameter int unsigned RoundBits = 3,
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic                 clk_i,
  input  logic                 ce_i,
  input  logic [N*Bits-1:0]    word_i,
  input  logic [RoundBits-1:0] round_i,
  output logic [N*Digit-1:0]   digit_o  // of word n at [n*Digit +: Digit]
);
  localparam int unsigned Last = Signed ? Bits - 1 : Bits;  // the bit that goes on
  localparam int unsigned Wide = 16 * Digit;
  if (Last / Digit + 1 > 15) begin : gen_bad_digits
    $error("nj_digits: %0d digits, at most 15", Last / Digit + 1);
  end

  logic [Wide-1:0]    word [N];
  logic [N*Digit-1:0] chosen;
  for (genvar n = 0; n < int'(N); n++) begin : gen_word
    assign word[n] = {{Wide-Bits{Signed && word_i[n*Bits+Bits-1]}}, word_i[n*Bits+:Bits]};
  end

  if (Plain) begin : gen_plain
    for (genvar n = 0; n < int'(N); n++) begin : gen_digit
      assign chosen[n*Digit+:Digit] = Digit'({{Digit << RoundBits{word[n][Wide-1]}}, word[n]} >> (round_i * Digit));
    end
  end else begin : gen_cells
    for (genvar k = 0; k < int'(Digit); k++) begin : gen_place
      // bit k of the digits: the number that can differ; the last one stays
      localparam int unsigned Count = Last > unsigned'(k) ? (Last - unsigned'(k) + Digit - 1) / Digit + 1 : 1;
      localparam int unsigned IndexBits = Count > 1 ? unsigned'($clog2(Count)) : 1;
      /* verilator lint_off UNUSEDSIGNAL */
      logic [3:0] at;  // as many bits of it as choose
      /* verilator lint_on UNUSEDSIGNAL */
      logic [Count*N-1:0] bits;
      logic [N-1:0] bit_k;
      // a last one that is alone in its four is chosen whatever the lowest bits are, so these need not stay
      assign at[3:2] = nj_pkg::at_least(32'(round_i), int'(Count) - 1) ? 2'((Count - 1) >> 2) : 2'(round_i >> 2);
      assign at[1:0] = Count % 4 != 1 && nj_pkg::at_least(32'(round_i), int'(Count) - 1) ? 2'(Count - 1) : 2'(round_i);
      for (genvar n = 0; n < int'(N); n++) begin : gen_bit
        for (genvar i = 0; i < int'(Count); i++) begin : gen_digit
          assign bits[i*N+n] = word[n][i*Digit+k];
        end
        assign chosen[n*Digit+k] = bit_k[n];
      end
      nj_select #(.Ways(Count), .Bits(N)) u_select (.x_i(bits), .index_i(IndexBits'(at)), .y_o(bit_k));
    end
  end

  always_ff @(posedge clk_i) begin
    if (ce_i) digit_o <= chosen;
  end
endmodule
