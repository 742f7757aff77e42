// Rejects parts: a pulse at the gate for each part whose decision says so, at the time when the part is there.
//
//   trigger_i   in this clock a part passes the sensor. Parts are numbered, from 0 after reset, modulo 2^NumberBits:
//               number_o is the number of the next one
//   step_i      the belt goes on by a step: a pulse per step of an encoder, or 1 for ever, so that steps are clocks
//   decision_i  in this clock the decision on part number_i is there: reject_i
//
// A part is at the gate in the first clock in which delay_i steps came since its trigger, that of the trigger's clock
// included, two clocks behind it at the earliest. delay_i changes when no part is under way. Parts of one step come there a
// clock each.
// A decision is in time two clocks before. Then it holds; a part without one goes by the rule otherwise_i. A part that is rejected
// makes reject_o high from the next clock on, until length_i of tick_i came; the pulses of parts that are closer than that
// join. here_o is high for the clock in which a part is at the gate, rejected_o if it is rejected, late_o if by the rule.
//
// Which decision is which part's is told by their numbers, so what is lost does not shift the others:
//   lost_o      the part of this clock's trigger is not known, for Depth others or more are under way. It passes
//   unpaired_o  a decision is on a part that is not under way (it was lost, is past the gate or never was), or too many
//               decisions wait. Up to two happen in a clock: {this clock's has no place, the oldest has no part}
// Decisions come in the order of the parts. One on a part further back waits. A number less than half of 2^NumberBits behind
// the oldest part's is past. Decisions on lost parts are dropped a clock each, so the next is in time a clock earlier for each.
module nj_reject #(
  parameter int unsigned Depth        = 32,  // parts between sensor and gate: a power of two, 2 to 4096; LUT memory
  parameter int unsigned NumberBits   = 16,  // at least a bit more than of Depth
  parameter int unsigned PositionBits = 32   // of delay_i and length_i, in steps; delay_i is below 2^PositionBits - Depth
) (
  input  logic                    clk_i,
  input  logic                    rst_i,
  input  logic                    trigger_i,
  output logic [NumberBits-1:0]   number_o,
  input  logic                    step_i,
  input  logic                    tick_i,
  input  logic                    decision_i,
  input  logic [NumberBits-1:0]   number_i,
  input  logic                    reject_i,
  input  logic [PositionBits-1:0] delay_i,
  input  logic [PositionBits-1:0] length_i,
  input  logic                    otherwise_i,
  output logic                    reject_o,
  output logic                    here_o,
  output logic                    rejected_o,
  output logic                    late_o,
  output logic                    lost_o,
  output logic [1:0]              unpaired_o
);
  if (NumberBits < unsigned'($clog2(Depth)) + 2) begin : gen_check_number
    $error("nj_reject: NumberBits = %0d, at least %0d for Depth = %0d", NumberBits, $clog2(Depth) + 2, Depth);
  end

  logic [NumberBits-1:0] number_q, part, decided, ahead;
  logic [PositionBits-1:0] now_q, place, left_q;
  logic part_room, part_valid, here, decision_room, decision_valid, says, paired, alone;

  nj_fifo #(.Depth(Depth), .Bits(NumberBits + PositionBits)) u_parts (
    .clk_i, .rst_i, .s_valid_i(trigger_i), .s_ready_o(part_room), .s_data_i({number_q, now_q}),
    .m_valid_o(part_valid), .m_ready_i(here), .m_data_o({part, place})
  );
  nj_fifo #(.Depth(Depth), .Bits(NumberBits + 1)) u_decisions (
    .clk_i, .rst_i, .s_valid_i(decision_i), .s_ready_o(decision_room), .s_data_i({number_i, reject_i}),
    .m_valid_o(decision_valid), .m_ready_i(alone || (paired && here)), .m_data_o({decided, says})
  );

  assign ahead      = decided - part;
  assign here       = part_valid && now_q - place >= delay_i;
  assign paired     = decision_valid && part_valid && ahead == '0;
  assign alone      = decision_valid && (!part_valid || ahead[NumberBits-1]);
  assign here_o     = here;
  assign rejected_o = here && (paired ? says : otherwise_i);
  assign late_o     = here && !paired;
  assign lost_o     = trigger_i && !part_room;
  assign unpaired_o = {decision_i && !decision_room, alone};
  assign reject_o   = left_q != '0;
  assign number_o   = number_q;

  always_ff @(posedge clk_i) begin
    if (step_i) now_q <= now_q + 1'b1;
    if (trigger_i) number_q <= number_q + 1'b1;
    if (rejected_o) left_q <= length_i;
    else if (tick_i && reject_o) left_q <= left_q - 1'b1;
    if (rst_i) {now_q, number_q, left_q} <= '0;
  end
endmodule
