// nj_reject: every part that is taken comes to the gate once, in order, in the first clock that its steps and the part in
// front allow. There it goes by its own decision if that came two clocks before, else by the rule, and by nothing else. A
// part is lost only when Depth are under way. The pulse is as long as told.
//
// A free input marks one part, whichever. The numbers of the parts under way are kept, oldest first, to say what is assumed:
// decisions come in order, each on a part whose trigger was before, and numbers reach back less than half of their range.
// Lossless: no part is lost; then a decision in time is never missed. Without it only its clock is left open.
module nj_reject_properties #(
  parameter int unsigned Depth        = 2,
  parameter int unsigned NumberBits   = 3,
  parameter int unsigned PositionBits = 2,
  parameter int unsigned Delay        = 1,
  parameter bit          Lossless     = 1'b1
) (
  input logic                    clk_i,
  input logic                    reset_i,
  input logic                    mark_i,
  input logic                    trigger_i,
  input logic                    step_i,
  input logic                    tick_i,
  input logic                    decision_i,
  input logic [NumberBits-1:0]   number_i,
  input logic                    reject_i,
  input logic [PositionBits-1:0] length_i,
  input logic                    otherwise_i
);
  localparam int unsigned CountBits = $clog2(Depth + 2);
  localparam logic [NumberBits-1:0] Half = {1'b1, {NumberBits - 1{1'b0}}};

  logic rst, reject, here, rejected, late, lost;
  logic [1:0] unpaired;
  logic [NumberBits-1:0] number;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;

  nj_reject #(.Depth(Depth), .NumberBits(NumberBits), .PositionBits(PositionBits)) u_reject (
    .clk_i, .rst_i(rst), .trigger_i, .number_o(number), .step_i, .tick_i, .decision_i, .number_i, .reject_i,
    .delay_i(PositionBits'(Delay)), .length_i, .otherwise_i, .reject_o(reject), .here_o(here), .rejected_o(rejected), .late_o(late), .lost_o(lost),
    .unpaired_o(unpaired)
  );

  // parts under way
  logic [Depth+1:0][NumberBits-1:0] numbers_q;  // of the newest lowest
  logic [CountBits-1:0] inside_q;
  logic [NumberBits-1:0] next_q, oldest, last_q;
  logic decided_q;  // a decision came since reset; last_q is its number
  assign oldest = numbers_q[inside_q-1'b1];

  // the marked part
  logic marked_q, known_q, settled_q, verdict_q, settled_verdict_q, old_q;
  logic [CountBits-1:0] ahead_q;
  logic [NumberBits-1:0] own_q;
  logic [PositionBits-1:0] age_q, left_q;
  logic taken, its, mine;
  assign taken = trigger_i && !lost;
  assign mine  = marked_q && ahead_q == '0;
  assign its   = marked_q && decision_i && number_i == own_q;

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    if (!rst) begin
      if (Lossless) assume (!lost);
      if (inside_q != '0) assume (next_q - oldest < Half - NumberBits'(trigger_i));
      if (decision_i) assume (next_q - number_i - 1'b1 < Half - 1'b1);
      if (decision_i && decided_q) assume (number_i - last_q - 1'b1 < Half - 1'b1);
    end

    if (decision_i) begin
      decided_q <= 1'b1;
      last_q <= number_i;
    end
    if (trigger_i) next_q <= next_q + 1'b1;
    if (taken) numbers_q <= {numbers_q[Depth:0], next_q};
    inside_q <= inside_q + CountBits'(taken) - CountBits'(here);
    if (here) ahead_q <= ahead_q - 1'b1;
    if (age_q != '1) age_q <= age_q + PositionBits'(step_i);
    old_q <= 1'b1;
    {settled_q, settled_verdict_q} <= {known_q, verdict_q};
    if (its && !unpaired[1]) {known_q, verdict_q} <= {1'b1, reject_i};
    if (!marked_q && taken && mark_i) begin
      marked_q <= 1'b1;
      {known_q, settled_q, old_q} <= '0;
      own_q <= next_q;
      age_q <= PositionBits'(step_i);
      ahead_q <= inside_q - CountBits'(here);
    end else if (mine && here) begin
      marked_q <= 1'b0;
    end

    if (rejected) left_q <= length_i;
    else if (tick_i && left_q != '0) left_q <= left_q - 1'b1;

    if (rst) begin
      {inside_q, next_q, marked_q, decided_q, left_q} <= '0;
    end else begin
      assert (number == next_q);
      assert (inside_q <= CountBits'(Depth + 1));
      if (inside_q < CountBits'(Depth)) assert (!lost);
      if (inside_q == '0) assert (!here);
      if (rejected || late) assert (here);
      if (mine && old_q) assert (here == (age_q >= PositionBits'(Delay)));
      if (mine && !old_q) assert (!here);
      if (mine && here) begin
        assert (late ? rejected == otherwise_i : known_q && rejected == verdict_q);
        if (Lossless) assert (late == !settled_q);
        if (!late) assert (settled_q && rejected == settled_verdict_q);
      end
      if (Lossless) assert (!unpaired[1]);
      assert (reject == (left_q != '0));
    end
  end
endmodule
