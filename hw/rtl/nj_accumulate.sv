// Sums the counts of steps (nj_steps) to results, and collects these into one beat per frame.
//
//   sum = Start + the counts of a group's steps, of each lane
//   Thresholded: OutBits bits, bit k being sum >= Constant[(group*Lanes+lane)*OutBits+k] (unsigned)
//   else sum + Constant[group*Lanes+lane] (two's complement) in OutBits
//   m_data_o = the first Outputs results, that of group 0 and lane 0 lowest
//
// nj_steps gives the flags s_*; the counts come Latency clocks of advance_o later. With Replay 0 the groups take turns, so
// no two steps in a row are of one group: their sums wait in LUT memory, which is read a clock before the sum is made.
// With Replay 1 the steps of a group follow each other, and a register holds the sum. A result that waits for m_ready_i
// stops the steps only when the next one is ready to take its place.
module nj_accumulate #(
  parameter int unsigned Lanes     = 1,
  parameter int unsigned CountBits = 4,
  parameter int unsigned Latency   = 2,  // at least 1
  parameter int unsigned Words     = 4,
  parameter int unsigned Groups    = 4,
  parameter bit          Replay    = 1'b0,
  parameter int unsigned Outputs   = 4,
  parameter int unsigned SumBits   = 8,  // holds every sum, two's complement
  parameter logic [SumBits-1:0] Start = '0,
  parameter bit          Thresholded  = 1'b1,
  parameter int unsigned ConstantBits = 4,  // Thresholded: less than SumBits
  parameter int unsigned OutBits = 1,
  parameter bit          Plain = nj_pkg::Plain,
  localparam int unsigned Constants = Thresholded ? OutBits : 1,  // of a sum
  parameter bit [Groups*Lanes*Constants*ConstantBits-1:0] Constant = '0,
  localparam int unsigned GroupBits = Groups > 1 ? unsigned'($clog2(Groups)) : 1
) (
  input  logic                       clk_i,
  input  logic                       rst_i,
  output logic                       advance_o,
  input  logic                       s_valid_i,
  input  logic                       s_first_i,
  input  logic                       s_last_i,
  input  logic [GroupBits-1:0]       s_group_i,
  input  logic [Lanes*CountBits-1:0] count_i,
  output logic                       m_valid_o,
  input  logic                       m_ready_i,
  output logic [Outputs*OutBits-1:0] m_data_o
);
  if (Thresholded && ConstantBits >= SumBits) begin : gen_bad_bits
    $error("nj_accumulate: ConstantBits = %0d must be below SumBits = %0d", ConstantBits, SumBits);
  end

  // flags beside the counts, and the group a clock ahead of them
  logic [Latency-1:0] valid_q;
  logic [GroupBits+1:0] flags_q [Latency];
  logic valid, first, last;
  logic [GroupBits-1:0] group, ahead;
  always_ff @(posedge clk_i) begin
    if (rst_i) valid_q <= '0;
    else if (advance_o) valid_q <= Latency'({valid_q, s_valid_i});
    if (advance_o) begin
      for (int i = 1; i < int'(Latency); i++) flags_q[i] <= flags_q[i-1];
      flags_q[0] <= {s_first_i, s_last_i, s_group_i};
    end
    // keeps synthesis from using a shift register, whose output comes late
    if (rst_i) for (int i = Latency > 1 ? int'(Latency) - 2 : 0; i < int'(Latency); i++) flags_q[i] <= '0;
  end
  assign valid = valid_q[Latency-1];
  assign {first, last, group} = flags_q[Latency-1];
  if (Latency > 1) begin : gen_ahead
    assign ahead = flags_q[Latency-2][GroupBits-1:0];
  end else begin : gen_input
    assign ahead = s_group_i;
  end

  // sums; a finished one waits in sum_q a clock later
  logic [Lanes*SumBits-1:0] prior, sum, sum_q;
  logic done_q, end_q, room;
  if (Replay || Groups == 1) begin : gen_register
    assign prior = sum_q;
  end else begin : gen_memory
    (* ram_style = "distributed" *) logic [Lanes*SumBits-1:0] sums [Groups];
    always_ff @(posedge clk_i) begin
      if (advance_o && valid) sums[group] <= sum;
      if (advance_o) prior <= sums[ahead];  // not the one that is written
    end
  end
  for (genvar l = 0; l < int'(Lanes); l++) begin : gen_sum
    nj_add_or_start #(.Width(SumBits), .CountBits(CountBits), .Start(Start)) u_add (
      .first_i(first), .sum_i(prior[l*SumBits+:SumBits]), .count_i(count_i[l*CountBits+:CountBits]),
      .sum_o(sum[l*SumBits+:SumBits])
    );
  end

  logic [Lanes*Constants*ConstantBits-1:0] constant;
  localparam bit Block = Groups > 128;
  nj_rom #(.Depth(Groups), .Bits(Lanes * Constants * ConstantBits), .Block(Block), .Content(Constant)) u_constants (
    .clk_i, .ce_i(advance_o), .address_i(Block ? ahead : group), .data_o(constant)
  );

  assign room      = !m_valid_o || (Words == 1 && m_ready_i);  // with more words the next result comes a clock later
  assign advance_o = !done_q || room;
  always_ff @(posedge clk_i) begin
    if (rst_i) done_q <= 1'b0;
    else if (advance_o) done_q <= valid && last;
    if (advance_o) begin
      if (valid) sum_q <= sum;
      end_q <= group == GroupBits'(Groups - 1);
    end
  end

  // results
  logic [Lanes*OutBits-1:0] result;
  logic [Groups*Lanes*OutBits-1:0] result_q;
  for (genvar l = 0; l < int'(Lanes); l++) begin : gen_result
    logic [SumBits-1:0] value;
    assign value = sum_q[l*SumBits+:SumBits];
    if (Thresholded) begin : gen_bits
      for (genvar k = 0; k < int'(OutBits); k++) begin : gen_bit
        logic [ConstantBits-1:0] limit;
        logic reached;
        assign limit = constant[(l*OutBits+k)*ConstantBits+:ConstantBits];
        if (Plain) begin : gen_plain
          assign reached = value[SumBits-2:0] >= (SumBits - 1)'(limit);
        end else begin : gen_cells  // no carry chain
          always_comb begin
            reached = 1'b1;
            for (int i = 0; i < int'(ConstantBits); i++) reached = value[i] == limit[i] ? reached : value[i];
            for (int i = int'(ConstantBits); i < int'(SumBits) - 1; i++) reached |= value[i];
          end
        end
        assign result[l*OutBits+k] = reached && !value[SumBits-1];
      end
    end else begin : gen_word
      logic [ConstantBits-1:0] offset;
      assign offset = constant[l*ConstantBits+:ConstantBits];
      assign result[l*OutBits+:OutBits] = OutBits'($signed(value)) + OutBits'($signed(offset));
    end
  end
  always_ff @(posedge clk_i) begin
    if (rst_i) m_valid_o <= 1'b0;
    else if (done_q && room) m_valid_o <= end_q;
    else if (m_ready_i) m_valid_o <= 1'b0;
    if (done_q && room) result_q <= (Groups * Lanes * OutBits)'({result, result_q} >> (Lanes * OutBits));
  end
  assign m_data_o = result_q[Outputs*OutBits-1:0];
endmodule
