// The digits of N words, the lowest first: in the clock after round r, digit_o is digit r of each word.
//
// Words go on beyond their last bit: two's complement with Signed, else unsigned. A LUT chooses one bit among four,
// or among two for two words; written as a cell, for abc9 spends four LUTs on it to spare the level that makes `at`.
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
  localparam logic [63:0] OneOfFour = 64'hff00f0f0ccccaaaa;
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
    /* verilator lint_off PINCONNECTEMPTY */
    for (genvar k = 0; k < int'(Digit); k++) begin : gen_place
      // bit k of the digits: so many that can differ, the last one stays
      localparam int unsigned Count = Last > unsigned'(k) ? (Last - unsigned'(k) + Digit - 1) / Digit + 1 : 1;
      localparam int unsigned Few   = Count > 4 ? (Count + 3) / 4 : Count;
      /* verilator lint_off UNUSEDSIGNAL */
      logic [3:0] at;
      logic [1:0] low, high;
      /* verilator lint_on UNUSEDSIGNAL */
      assign at   = nj_pkg::at_least(32'(round_i), int'(Count) - 1) ? 4'(Count - 1) : 4'(round_i);
      assign low  = Count > 4 && Count % 4 == 1 ? 2'(round_i) : at[1:0];
      assign high = Count > 4 ? at[3:2] : at[1:0];
      logic [N-1:0][3:0] few;  // of these the last choice is made
      for (genvar n = 0; n < int'(N); n++) begin : gen_few
        for (genvar g = 0; g < 4; g++) begin : gen_group
          logic [3:0] four;
          for (genvar i = 0; i < 4; i++) begin : gen_bit
            assign four[i] = word[n][(4*g+i)*Digit+k];
          end
          if (Count <= 4) begin : gen_direct
            assign few[n][g] = word[n][g*Digit+k];
          end else if (4 * g + 1 == int'(Count)) begin : gen_single
            assign few[n][g] = four[0];
          end else begin : gen_choose
            nj_lut2 #(.Init(OneOfFour)) u_choose (.x_i({low, four}), .o5_o(), .o6_o(few[n][g]));
          end
        end
      end
      for (genvar n = 0; n < int'(N); n += 2) begin : gen_last
        localparam int unsigned Next = n + 1 < int'(N) ? n + 1 : n;
        if (Few == 1) begin : gen_one
          assign chosen[n*Digit+k] = few[n][0];
          if (Next != unsigned'(n)) begin : gen_other
            assign chosen[Next*Digit+k] = few[Next][0];
          end
        end else if (Few == 2) begin : gen_two
          /* verilator lint_off UNUSEDSIGNAL */
          logic second;  // no word when their number is odd
          /* verilator lint_on UNUSEDSIGNAL */
          nj_lut2 #(.Init(64'hccccaaaaff00f0f0)) u_choose (
            .x_i({1'b1, high[0], few[Next][1:0], few[n][1:0]}), .o5_o(second), .o6_o(chosen[n*Digit+k])
          );
          if (Next != unsigned'(n)) begin : gen_other
            assign chosen[Next*Digit+k] = second;
          end
        end else begin : gen_more
          nj_lut2 #(.Init(OneOfFour)) u_first (.x_i({high, few[n]}), .o5_o(), .o6_o(chosen[n*Digit+k]));
          if (Next != unsigned'(n)) begin : gen_other
            nj_lut2 #(.Init(OneOfFour)) u_second (.x_i({high, few[Next]}), .o5_o(), .o6_o(chosen[Next*Digit+k]));
          end
        end
      end
    end
    /* verilator lint_on PINCONNECTEMPTY */
  end

  always_ff @(posedge clk_i) begin
    if (ce_i) digit_o <= chosen;
  end
endmodule
