// A word's digits, the lowest first: in the clock after round r, digit_o is digit r of the word, 0 beyond its last.
//
// With Signed the word's top bit is inverted: two's complement plus 2^(Bits-1), unsigned. A LUT chooses two bits
// among two digits, or one bit among four.
module nj_digits #(
  parameter int unsigned Bits      = 5,
  parameter bit          Signed    = 1'b0,
  parameter int unsigned Digit     = 1,
  parameter int unsigned RoundBits = 3,
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic                 clk_i,
  input  logic                 ce_i,
  input  logic [Bits-1:0]      word_i,
  input  logic [RoundBits-1:0] round_i,
  output logic [Digit-1:0]     digit_o
);
  localparam int unsigned Digits = (Bits + Digit - 1) / Digit;
  localparam int unsigned Groups = (Digits + 3) / 4;  // of four digits
  if (Digits > 16) begin : gen_bad_digits
    $error("nj_digits: %0d digits, at most 16", Digits);
  end

  logic [16*Digit-1:0] padded;
  logic [Digit-1:0]    chosen;
  always_comb begin
    padded           = '0;
    padded[0+:Bits]  = word_i;
    padded[Bits-1]  ^= Signed;
  end

  // of two digits: inputs {1, round, two bits' next digit and this}; of four: {round, bit of each}
  function automatic logic [63:0] init();
    for (int i = 0; i < 64; i++) begin
      if (Digits > 2) init[i] = |(4'(i) & (4'd1 << i[5:4]));
      else init[i] = i < 32 ? (i[4] ? i[3] : i[2]) : (i[4] ? i[1] : i[0]);
    end
  endfunction
  localparam logic [63:0] Init = init();

  if (Plain) begin : gen_plain
    assign chosen = Digit'(padded >> (round_i * Digit));
  end else if (Digits == 1) begin : gen_one
    assign chosen = padded[0+:Digit];
  end else if (Digits == 2) begin : gen_two
    for (genvar k = 0; k < int'(Digit); k += 2) begin : gen_pair
      localparam int unsigned Next = k + 1 < int'(Digit) ? k + 1 : k;
      /* verilator lint_off UNUSEDSIGNAL */
      logic other;  // no bit when their number is odd
      /* verilator lint_on UNUSEDSIGNAL */
      nj_lut2 #(.Init(Init)) u_choose (
        .x_i({1'b1, round_i[0], padded[Digit+Next], padded[Next], padded[Digit+k], padded[k]}),
        .o5_o(other), .o6_o(chosen[k])
      );
      if (k + 1 < int'(Digit)) begin : gen_other
        assign chosen[k+1] = other;
      end
    end
  end else begin : gen_many
    for (genvar k = 0; k < int'(Digit); k++) begin : gen_bit
      logic [3:0] group;
      for (genvar g = 0; g < 4; g++) begin : gen_group
        if (4 * g + 1 == int'(Digits)) begin : gen_last
          assign group[g] = padded[4*g*Digit+k];
        end else if (g < int'(Groups)) begin : gen_choose
          /* verilator lint_off UNUSEDSIGNAL */
          logic unused;
          /* verilator lint_on UNUSEDSIGNAL */
          nj_lut2 #(.Init(Init)) u_choose (
            .x_i({round_i[1:0], padded[(4*g+3)*Digit+k], padded[(4*g+2)*Digit+k], padded[(4*g+1)*Digit+k],
                  padded[4*g*Digit+k]}),
            .o5_o(unused), .o6_o(group[g])
          );
        end else begin : gen_none
          assign group[g] = 1'b0;
        end
      end
      if (Groups == 1) begin : gen_first
        assign chosen[k] = group[0];
      end else if (Groups == 2) begin : gen_second
        assign chosen[k] = group[{1'b0, round_i[2]}];
      end else begin : gen_fourth
        assign chosen[k] = group[round_i[3:2]];
      end
    end
  end

  logic ended;
  if ((1 << RoundBits) > Digits) begin : gen_ended
    assign ended = round_i >= RoundBits'(Digits);
  end else begin : gen_never
    assign ended = 1'b0;
  end
  always_ff @(posedge clk_i) begin
    if (ce_i) digit_o <= ended ? '0 : chosen;
  end
endmodule
