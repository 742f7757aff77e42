// One word of Ways, by its index: y_o = x_i[index_i*Bits +: Bits]; anything for an index that no word has.
//
// A tree of 4 to 1, a LUT per bit, and of 2 to 1, a LUT for two bits. It is written as cells, because abc9 spends up to
// twice as many LUTs to save a level. With Plain it works on whole words, which a simulator does fast.
module nj_select #(
  parameter int unsigned Ways = 6,
  parameter int unsigned Bits = 2,
  parameter bit Plain = nj_pkg::Plain,
  localparam int unsigned IndexBits = Ways > 1 ? unsigned'($clog2(Ways)) : 1
) (
  input  logic [Ways*Bits-1:0] x_i,
  input  logic [IndexBits-1:0] index_i,
  output logic [Bits-1:0]      y_o
);
  localparam int unsigned Levels = (unsigned'($clog2(Ways)) + 1) / 2;
  localparam logic [63:0] OneOfFour = 64'hff00f0f0ccccaaaa;
  localparam logic [63:0] OneOfTwo  = 64'hccccaaaaff00f0f0;  // o6_o of x_i[1:0], o5_o of x_i[3:2], by x_i[4]
  function automatic int unsigned words_of(int unsigned level);  // of words that are left
    words_of = (Ways + (1 << 2 * level) - 1) >> 2 * level;
  endfunction

  /* verilator lint_off PINCONNECTEMPTY */
  /* verilator lint_off UNUSEDSIGNAL */
  logic [2*Levels:0] digits;
  always_comb begin
    digits = '0;
    digits[IndexBits-1:0] = index_i;
  end
  for (genvar level = 0; level < int'(Levels); level++) begin : gen_level
    localparam int unsigned From = words_of(level);
    localparam int unsigned To   = words_of(level + 1);
    logic [1:0] index;
    assign index = digits[2*level+:2];
    logic [From*Bits-1:0] from;
    logic [To*Bits-1:0] chosen;
    if (level == 0) begin : gen_first
      assign from = x_i;
    end else begin : gen_next
      assign from = gen_level[level-1].chosen;
    end
    for (genvar g = 0; g < int'(To); g++) begin : gen_word
      localparam int unsigned Words = From - 4 * g > 4 ? 4 : From - 4 * g;
      logic [4*Bits-1:0] word;
      always_comb begin
        word = '0;
        word[Words*Bits-1:0] = from[4*g*Bits+:Words*Bits];
      end
      if (Words == 1) begin : gen_pass
        assign chosen[g*Bits+:Bits] = word[Bits-1:0];
      end else if (Plain && Words == 2) begin : gen_plain_two
        assign chosen[g*Bits+:Bits] = index[0] ? word[Bits+:Bits] : word[Bits-1:0];
      end else if (Plain) begin : gen_plain_four
        assign chosen[g*Bits+:Bits] = index[1] ? (index[0] ? word[3*Bits+:Bits] : word[2*Bits+:Bits])
                                               : (index[0] ? word[Bits+:Bits] : word[Bits-1:0]);
      end else if (Words == 2) begin : gen_two
        for (genvar b = 0; b < int'(Bits); b += 2) begin : gen_bits
          localparam int unsigned Next = b + 1 < int'(Bits) ? b + 1 : b;
          logic second;
          nj_lut2 #(.Init(OneOfTwo)) u_choose (
            .x_i({1'b1, index[0], word[Bits+Next], word[Next], word[Bits+b], word[b]}), .o5_o(second),
            .o6_o(chosen[g*Bits+b])
          );
          if (Next != unsigned'(b)) begin : gen_other
            assign chosen[g*Bits+Next] = second;
          end
        end
      end else begin : gen_four
        for (genvar b = 0; b < int'(Bits); b++) begin : gen_bit
          nj_lut2 #(.Init(OneOfFour)) u_choose (
            .x_i({index, word[3*Bits+b], word[2*Bits+b], word[Bits+b], word[b]}), .o5_o(),
            .o6_o(chosen[g*Bits+b])
          );
        end
      end
    end
  end
  if (Levels == 0) begin : gen_only
    assign y_o = x_i;
  end else begin : gen_last
    assign y_o = gen_level[Levels-1].chosen;
  end
  /* verilator lint_on UNUSEDSIGNAL */
  /* verilator lint_on PINCONNECTEMPTY */
endmodule
