// Collects the results of a window's rounds into one beat, behind a pipeline of Latency registers.
//
// advance_o moves the pipeline and its source. It stops both while a result waits for m_ready_i: with Every = 1 any
// result, with a larger Every only a result whose place a new one would take. In that case the collected beat has
// registers of its own and advance_o depends on registers alone: no path leads from m_ready_i to what moves a layer's
// window and columns. What is valid at s_valid_i comes as result_i Latency clocks of advance_o later: Bits bits per round,
// those of the first round lowest in m_data_o. The rounds of a window come without a gap.
module nj_result #(
  parameter int unsigned Bits    = 1,  // of a round
  parameter int unsigned Fold    = 1,  // rounds of a window
  parameter int unsigned Every   = 1,  // clocks from a result to the next, at least; more than 1 when Fold is
  parameter int unsigned Latency = 1   // at least 1
) (
  input  logic                 clk_i,
  input  logic                 rst_i,
  input  logic                 s_valid_i,
  input  logic                 s_last_i,  // this is the window's last round
  output logic                 advance_o,
  input  logic [Bits-1:0]      result_i,
  output logic                 m_valid_o,
  input  logic                 m_ready_i,
  output logic [Fold*Bits-1:0] m_data_o
);
  if (Fold > 1 && Every < 2) begin : gen_bad_every
    $error("nj_result: Every = %0d, at least 2 with Fold = %0d", Every, Fold);
  end

  logic [Latency-1:0] complete_q;
  logic complete;
  assign complete = complete_q[Latency-1];
  if (Every > 1) begin : gen_apart
    assign advance_o = !(m_valid_o && complete);
  end else begin : gen_dense
    assign advance_o = !m_valid_o || m_ready_i;
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      complete_q <= '0;
      m_valid_o  <= 1'b0;
    end else begin
      if (advance_o) complete_q <= Latency'({complete_q, s_valid_i && s_last_i});
      if (advance_o && complete) m_valid_o <= 1'b1;
      else if (m_ready_i) m_valid_o <= 1'b0;
    end
  end

  logic [Fold*Bits-1:0] beat;
  if (Fold > 1) begin : gen_collect
    logic [(Fold-1)*Bits-1:0] before_q;
    assign beat = {result_i, before_q};
    always_ff @(posedge clk_i) if (advance_o) before_q <= beat[Fold*Bits-1:Bits];
  end else begin : gen_whole
    assign beat = result_i;
  end
  always_ff @(posedge clk_i) if (advance_o && complete) m_data_o <= beat;
endmodule
