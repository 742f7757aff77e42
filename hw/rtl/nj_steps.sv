// The steps of a matrix times a vector: which word of the vector meets which word of weights.
//
// The vector has Words words of Simd bits, the matrix Groups groups of Lanes rows. A step is a word and a group: m_x_o is
// the vector's word, m_w_o that of each lane's row (lane l at l*Simd); m_first_o and m_last_o mark the first and the last
// step of a group. A step per clock of advance_i, out a clock later (with Block two). Two orders, the inner one
// counting faster:
//   Replay 0: every word meets all groups before the next word is taken: s_data_i waits in a register for Groups clocks
//   Replay 1: every group meets all words, read from a store: s_word_o is the word wanted in this clock, s_ready_o
//             gives the frame up
// The weights' memory has a line per step, in the order of the steps. Without Compact the inner count is rounded up to a
// power of two there, which saves a counter. Repeat neighbours of a word share a weight, which is stored once.
module nj_steps #(
  parameter int unsigned Simd   = 8,
  parameter int unsigned Lanes  = 1,
  parameter int unsigned Words  = 4,
  parameter int unsigned Groups = 4,
  parameter int unsigned Repeat = 1,    // divides Simd
  parameter bit          Replay = 1'b0,
  parameter bit          Compact = 1'b0,
  parameter bit          Block  = 1'b0,  // weights in block RAM
  // verilog_lint: waive explicit-parameter-storage-type
  parameter              File   = "",    // of nj_rom, as Weight
  localparam int unsigned Inner = Replay ? Words : Groups,
  localparam int unsigned Outer = Replay ? Groups : Words,
  localparam int unsigned InnerShift = unsigned'($clog2(Inner)),
  localparam int unsigned Depth = Compact ? Outer * Inner : ((Outer - 1) << InnerShift) + Inner,
  localparam int unsigned Kept  = Lanes * Simd / Repeat,  // weights of a step
  localparam int unsigned WeightBits = File == "" ? Depth * Kept : 1,
  parameter bit [WeightBits-1:0] Weight = '0,
  localparam int unsigned WordBits  = Words > 1 ? unsigned'($clog2(Words)) : 1,
  localparam int unsigned GroupBits = Groups > 1 ? unsigned'($clog2(Groups)) : 1
) (
  input  logic                  clk_i,
  input  logic                  rst_i,
  input  logic                  s_valid_i,
  output logic                  s_ready_o,
  input  logic [Simd-1:0]       s_data_i,
  output logic [WordBits-1:0]   s_word_o,
  input  logic                  advance_i,
  output logic                  m_valid_o,
  output logic [Simd-1:0]       m_x_o,
  output logic [Lanes*Simd-1:0] m_w_o,
  output logic                  m_first_o,
  output logic                  m_last_o,
  output logic [GroupBits-1:0]  m_group_o
);
  if (Simd % Repeat != 0) begin : gen_bad_repeat
    $error("nj_steps: Repeat = %0d must divide Simd = %0d", Repeat, Simd);
  end
  localparam int unsigned AddressBits = Depth > 1 ? unsigned'($clog2(Depth)) : 1;
  localparam int unsigned Latency = Block ? 2 : 1;  // of nj_rom

  logic [WordBits-1:0] word_q;
  logic [GroupBits-1:0] group_q;
  logic valid, step, word_end, group_end;
  logic [Simd-1:0] data;
  assign step      = valid && advance_i;
  assign word_end  = word_q == WordBits'(Words - 1);
  assign group_end = group_q == GroupBits'(Groups - 1);
  assign s_word_o  = word_q;

  if (Replay) begin : gen_replay
    assign valid     = s_valid_i;
    assign data      = s_data_i;
    assign s_ready_o = step && word_end && group_end;
  end else begin : gen_hold
    logic valid_q;
    logic [Simd-1:0] data_q;
    assign valid     = valid_q;
    assign data      = data_q;
    assign s_ready_o = !valid_q || (advance_i && group_end);
    always_ff @(posedge clk_i) begin
      if (rst_i) valid_q <= 1'b0;
      else if (s_ready_o) valid_q <= s_valid_i;
      if (s_ready_o) data_q <= s_data_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      word_q  <= '0;
      group_q <= '0;
    end else if (step) begin
      if (!Replay || word_end) group_q <= group_end ? '0 : GroupBits'(nj_pkg::next(32'(group_q)));
      if (Replay || group_end) word_q <= word_end ? '0 : WordBits'(nj_pkg::next(32'(word_q)));
    end
  end

  logic [AddressBits-1:0] address;
  if (Compact) begin : gen_count
    logic [AddressBits-1:0] step_q;
    always_ff @(posedge clk_i) begin
      if (step) step_q <= step_q + 1'b1;
      if (rst_i || (step && word_end && group_end)) step_q <= '0;  // a reset of the flip-flops: no LUT behind the adder
    end
    assign address = step_q;
  end else begin : gen_join
    assign address = Replay ? (AddressBits'(group_q) << InnerShift) | AddressBits'(word_q)
                            : (AddressBits'(word_q) << InnerShift) | AddressBits'(group_q);
  end
  logic [Kept-1:0] kept;
  nj_rom #(.Depth(Depth), .Bits(Kept), .Block(Block), .File(File), .Content(Weight)) u_weights (
    .clk_i, .ce_i(advance_i), .address_i(address), .data_o(kept)
  );
  for (genvar i = 0; i < int'(Kept); i++) begin : gen_weight
    assign m_w_o[i*Repeat+:Repeat] = {Repeat{kept[i]}};
  end

  logic [Latency-1:0] out_valid_q;
  logic [Simd+GroupBits+1:0] out_q [Latency];
  assign m_valid_o = out_valid_q[Latency-1];
  assign {m_x_o, m_first_o, m_last_o, m_group_o} = out_q[Latency-1];
  always_ff @(posedge clk_i) begin
    if (rst_i) out_valid_q <= '0;
    else if (advance_i) out_valid_q <= Latency'({out_valid_q, valid});
    if (advance_i) begin
      for (int i = 1; i < int'(Latency); i++) out_q[i] <= out_q[i-1];
      out_q[0] <= {data, word_q == '0, word_end, group_q};
    end
  end
endmodule
