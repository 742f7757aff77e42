// From results to the gate: which parts are rejected, and the pulse for each when it is there (nj_reject).
//
//   trigger_i, encoder_i  keep to no clock; a rising edge is a part at the sensor, or a step of the belt (nj_edge)
//   decision_i            in this clock the result of part number_i is there, and class_i is the class' field of it:
//                         {broken, unsure, class}
//   reject_o              the part is rejected if its frame is broken and broken_i; else if it is unsure and unsure_i, or
//                         classes_i has its class. A part without a decision in time is if otherwise_i. Low without enable_i,
//                         and in reset, so also before the first clock
//
// delay_steps_i, length_steps_i: delay_i, or length_i, is in steps of the encoder and not in clocks. Settings may change when no
// part is under way. In clocks reject_o follows trigger_i by delay_i + 3: two of nj_edge, one for the pulse to begin.
module nj_gate #(
  parameter int unsigned Classes      = 2,
  parameter int unsigned ClassBits    = 8,   // of the class' field
  parameter int unsigned Depth        = 32,  // parts between sensor and gate
  parameter int unsigned NumberBits   = 16,
  parameter int unsigned PositionBits = 32
) (
  input  logic                    clk_i,
  input  logic                    rst_i,
  input  logic                    trigger_i,
  input  logic                    encoder_i,
  output logic [NumberBits-1:0]   number_o,  // of the next part
  input  logic                    decision_i,
  input  logic [NumberBits-1:0]   number_i,
  input  logic [ClassBits-1:0]    class_i,
  input  logic                    enable_i,
  input  logic [Classes-1:0]      classes_i,
  input  logic                    unsure_i,
  input  logic                    broken_i,
  input  logic                    otherwise_i,
  input  logic [PositionBits-1:0] delay_i,
  input  logic                    delay_steps_i,
  input  logic [PositionBits-1:0] length_i,
  input  logic                    length_steps_i,
  output logic                    reject_o,
  output logic                    here_o,  // these five as of nj_reject
  output logic                    rejected_o,
  output logic                    late_o,
  output logic                    lost_o,
  output logic [1:0]              unpaired_o
);
  localparam int unsigned Fields = 1 << (ClassBits - 2);

  if (ClassBits < 3 || Classes > Fields) begin : gen_check_classes
    $error("nj_gate: Classes = %0d, at most %0d with ClassBits = %0d", Classes, Fields, ClassBits);
  end

  logic part, step, reject, pulse;
  logic [Fields-1:0] classes;

  assign classes = Fields'(classes_i);
  assign reject = class_i[ClassBits-1] ? broken_i : (class_i[ClassBits-2] && unsure_i) || classes[class_i[ClassBits-3:0]];
  assign reject_o = pulse && enable_i && !rst_i;

  nj_edge u_trigger (.clk_i, .rst_i, .level_i(trigger_i), .pulse_o(part));
  nj_edge u_encoder (.clk_i, .rst_i, .level_i(encoder_i), .pulse_o(step));

  nj_reject #(.Depth(Depth), .NumberBits(NumberBits), .PositionBits(PositionBits)) u_reject (
    .clk_i, .rst_i, .trigger_i(part), .number_o, .step_i(step || !delay_steps_i), .tick_i(step || !length_steps_i),
    .decision_i, .number_i, .reject_i(reject), .delay_i, .length_i, .otherwise_i, .reject_o(pulse), .here_o, .rejected_o,
    .late_o, .lost_o, .unpaired_o
  );
endmodule
