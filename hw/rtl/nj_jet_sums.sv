// Sums of jets that a memory selects, output by output, thresholded and collected into one beat per window.
//
//   sum  = Constant[output] + sum over the maps of the selected jet, added, subtracted or left out
//   m_data_o = the first Outputs results: sum >= 0 when Thresholded, else the sum in OutBits; output 0 lowest
//
// The maps come in Words words of Slots each, whose jets are written into one half of a memory while the other is read. A
// step is a word and a group of Lanes outputs, one per clock of advance_o while the word's jets are there; the groups count
// faster, and their sums wait in LUT memory. full_i: how many words' jets are there. used_o: the last step of a word.
// The memory of selections has a line per step, {word, group} with the groups rounded up to a power of two; of lane l and
// slot s five bits at (l*Slots+s)*5: subtract, differences down, differences across, of which 3 selects no jet. With Joined
// the group's constants stand above them.
// A result that waits for m_ready_i stops all only when the next one is ready to take its place; advance_o then depends on
// registers only, but for one word on m_ready_i.
module nj_jet_sums #(
  parameter int unsigned JetBits = 8,  // two's complement
  parameter int unsigned Slots   = 1,
  parameter int unsigned Words   = 4,
  parameter int unsigned Lanes   = 1,
  parameter int unsigned Outputs = 4,
  parameter int unsigned SumBits = 10,  // holds every sum, two's complement
  parameter int unsigned ConstantBits = 8,  // at most SumBits
  parameter bit          Thresholded  = 1'b1,
  parameter int unsigned OutBits = 1,
  parameter bit          Block  = 1'b0,  // selections in block RAM
  parameter bit          Joined = 1'b0,  // constants in the memory of selections
  // verilog_lint: waive explicit-parameter-storage-type
  parameter              File   = "",    // of nj_rom, as Selection
  localparam int unsigned Groups     = (Outputs + Lanes - 1) / Lanes,
  localparam int unsigned GroupShift = unsigned'($clog2(Groups)),
  localparam int unsigned Depth      = ((Words - 1) << GroupShift) + Groups,
  localparam int unsigned CodeBits   = Lanes * Slots * 5,
  localparam int unsigned LineBits   = CodeBits + (Joined ? Lanes * ConstantBits : 0),
  localparam int unsigned SelectionBits = File == "" ? Depth * LineBits : 1,
  parameter bit [SelectionBits-1:0] Selection = '0,
  parameter bit [Groups*Lanes*ConstantBits-1:0] Constant = '0
) (
  input  logic                       clk_i,
  input  logic                       rst_i,
  output logic                       advance_o,
  input  logic [1:0]                 full_i,
  output logic                       used_o,
  input  logic                       put_i,    // jets of all slots
  input  logic                       half_i,
  input  logic [3:0]                 index_i,
  input  logic [Slots*JetBits-1:0]   jet_i,
  output logic                       m_valid_o,
  input  logic                       m_ready_i,
  output logic [Outputs*OutBits-1:0] m_data_o
);
  localparam int unsigned GroupBits = Groups > 1 ? GroupShift : 1;
  localparam int unsigned WordBits  = Words > 1 ? unsigned'($clog2(Words)) : 1;
  localparam int unsigned AddressBits = Depth > 1 ? unsigned'($clog2(Depth)) : 1;
  localparam int unsigned Read   = Block ? 2 : 1;  // clocks of nj_rom
  localparam int unsigned Levels = unsigned'($clog2(Slots));
  localparam int unsigned Stages = Read + 1 + Levels;  // from a step to its sum

  if (Slots != 1 << Levels) begin : gen_bad_slots
    $error("nj_jet_sums: Slots = %0d, must be a power of two", Slots);
  end
  if (ConstantBits > SumBits) begin : gen_bad_bits
    $error("nj_jet_sums: ConstantBits = %0d, at most SumBits = %0d", ConstantBits, SumBits);
  end

  // the step
  logic [WordBits-1:0] word_q;
  logic [GroupBits-1:0] group_q;
  logic half_q, step, group_end, word_end;
  assign step      = advance_o && full_i != '0;
  assign group_end = group_q == GroupBits'(Groups - 1);
  assign word_end  = word_q == WordBits'(Words - 1);
  assign used_o    = step && group_end;
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      word_q  <= '0;
      group_q <= '0;
      half_q  <= 1'b0;
    end else if (step) begin
      group_q <= group_end ? '0 : GroupBits'(nj_pkg::next(32'(group_q)));
      if (group_end) word_q <= word_end ? '0 : WordBits'(nj_pkg::next(32'(word_q)));
      half_q <= half_q ^ group_end;
    end
  end

  // what is known of it in each clock that follows
  logic [Stages-1:0] valid_q;
  logic [Stages-1:0][GroupBits+2:0] flags_q;
  logic first, last;
  logic [GroupBits-1:0] group;
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      valid_q <= '0;
      flags_q <= '0;  // keeps synthesis from using shift registers, which are LUTs
    end else if (advance_o) begin
      valid_q <= Stages'({valid_q, step});
      flags_q <= (Stages * (GroupBits + 3))'({flags_q, half_q, word_q == '0, word_end, group_q});
    end
  end
  assign {first, last, group} = flags_q[Stages-1][GroupBits+1:0];

  // the selection, and the jets that it selects
  logic [LineBits-1:0] line;
  logic [CodeBits-1:0] code;
  logic [AddressBits-1:0] address;
  assign address = (AddressBits'(word_q) << GroupShift) | AddressBits'(group_q);
  nj_rom #(.Depth(Depth), .Bits(LineBits), .Block(Block), .File(File), .Content(Selection)) u_selections (
    .clk_i, .ce_i(advance_o), .address_i(address), .data_o(line)
  );
  assign code = line[CodeBits-1:0];
  logic half;
  assign half = flags_q[Read-1][GroupBits+2];

  // constants, of the clock of the sum
  logic [Lanes*ConstantBits-1:0] constant;
  if (Joined) begin : gen_joined
    logic [Levels:0][Lanes*ConstantBits-1:0] constant_q;
    always_ff @(posedge clk_i) begin
      if (rst_i) constant_q <= '0;  // no shift registers
      else if (advance_o) constant_q <= ((Levels + 1) * Lanes * ConstantBits)'({constant_q, line[LineBits-1:CodeBits]});
    end
    assign constant = constant_q[Levels];
  end else begin : gen_apart
    localparam bit Many = Groups > 128;
    logic [GroupBits-1:0] ahead;
    if (Many && Stages == 2) begin : gen_now
      assign ahead = group_q;
    end else begin : gen_later
      assign ahead = flags_q[Stages-2-(Many ? 1 : 0)][GroupBits-1:0];
    end
    nj_rom #(.Depth(Groups), .Bits(Lanes * ConstantBits), .Block(Many), .Content(Constant)) u_constants (
      .clk_i, .ce_i(advance_o), .address_i(ahead), .data_o(constant)
    );
  end

  // sums of a word's jets: a tree with the leaves Slots to 2*Slots-1 and the root 1. An adder brings in one carry, that of
  // its right branch; that of its left one is left to the adder above
  logic [Lanes*SumBits-1:0] prior, sum;
  logic [Lanes*OutBits-1:0] result;
  for (genvar s = 0; s < int'(Slots); s++) begin : gen_slot
    (* ram_style = "distributed" *) logic [JetBits-1:0] jets [32];
    always_ff @(posedge clk_i) if (put_i) jets[{half_i, index_i}] <= jet_i[s*JetBits+:JetBits];
  end
  for (genvar l = 0; l < int'(Lanes); l++) begin : gen_lane
    logic [2*Slots-1:1][SumBits-1:0] word;
    logic [2*Slots-1:1] on, minus, carry;
    for (genvar s = 0; s < int'(Slots); s++) begin : gen_leaf
      logic [4:0] chosen;
      logic [JetBits-1:0] jet_q;
      logic on_q, minus_q;
      assign chosen = code[(l*int'(Slots)+s)*5+:5];
      always_ff @(posedge clk_i) if (advance_o) begin
        jet_q   <= gen_slot[s].jets[{half, chosen[3:0]}];
        on_q    <= chosen[1:0] != 2'd3;
        minus_q <= chosen[4];
      end
      assign word[int'(Slots)+s]  = SumBits'($signed(jet_q));
      assign on[int'(Slots)+s]    = on_q;
      assign minus[int'(Slots)+s] = minus_q;
      assign carry[int'(Slots)+s] = minus_q;
    end
    for (genvar n = 1; n < int'(Slots); n++) begin : gen_node
      localparam int unsigned Wide  = JetBits + Levels + 1 - unsigned'($clog2(n + 1));
      localparam int unsigned Width = Wide < SumBits ? Wide : SumBits;
      logic [Width-1:0] both, both_q;
      logic carry_q;
      nj_gated_add #(.Width(Width)) u_add (
        .a_i(word[2*n][Width-1:0]), .a_on_i(on[2*n]), .a_minus_i(minus[2*n]),
        .b_i(word[2*n+1][Width-1:0]), .b_on_i(on[2*n+1]), .b_minus_i(minus[2*n+1]), .carry_i(carry[2*n+1]), .sum_o(both)
      );
      always_ff @(posedge clk_i) if (advance_o) begin
        both_q  <= both;
        carry_q <= carry[2*n];
      end
      assign word[n]  = SumBits'($signed(both_q));
      assign on[n]    = 1'b1;
      assign minus[n] = 1'b0;
      assign carry[n] = carry_q;
    end
    nj_add_or_load #(.Width(SumBits)) u_sum (
      .first_i(first), .start_i(SumBits'($signed(constant[l*ConstantBits+:ConstantBits]))),
      .sum_i(prior[l*SumBits+:SumBits]), .x_i(word[1]), .on_i(on[1]), .minus_i(minus[1]), .carry_i(carry[1]),
      .sum_o(sum[l*SumBits+:SumBits])
    );
    if (Thresholded) begin : gen_bit
      assign result[l] = !sum[l*SumBits+SumBits-1];
    end else begin : gen_word
      assign result[l*OutBits+:OutBits] = OutBits'($signed(sum[l*SumBits+:SumBits]));
    end
  end

  logic valid;
  assign valid = valid_q[Stages-1];
  if (Words == 1) begin : gen_at_once
    assign prior = '0;
  end else if (Groups == 1) begin : gen_register
    logic [Lanes*SumBits-1:0] prior_q;
    always_ff @(posedge clk_i) if (advance_o && valid) prior_q <= sum;
    assign prior = prior_q;
  end else begin : gen_memory
    nj_deep_ram #(.Words(Groups), .Bits(Lanes * SumBits)) u_sums (
      .clk_i, .write_i(advance_o && valid), .addr_i(group), .data_i(sum), .data_o(prior)
    );
  end

  // results
  logic [Groups*Lanes*OutBits-1:0] result_q;
  assign advance_o = !(valid && last && m_valid_o && !(Words == 1 && m_ready_i));
  always_ff @(posedge clk_i) begin
    if (rst_i) m_valid_o <= 1'b0;
    else if (advance_o && valid && last) m_valid_o <= group == GroupBits'(Groups - 1);
    else if (m_ready_i) m_valid_o <= 1'b0;
    if (advance_o && valid && last) result_q <= (Groups * Lanes * OutBits)'({result, result_q} >> (Lanes * OutBits));
  end
  assign m_data_o = result_q[Outputs*OutBits-1:0];
endmodule
