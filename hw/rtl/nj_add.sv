// Sums of two streams, element by element, against a threshold per channel: a residual addition and the sign behind it.
//
//   bit c of m_data_o = Left[c] * a[c] + Right[c] * b[c] >= Threshold[c]
//
// s_data_i = {b, a}, as nj_join puts them side by side, C elements each, element 0 in the low bits. a is two's
// complement; b too, or a bit 0 or 1 where RightBits is 1. A beat per clock, one clock later.
//
// A bit b only chooses between two thresholds on a, so it costs no adder. Else the factors are sums of shifted copies, so
// no multiplier is used, and 1 and -1 cost nothing.
module nj_add #(
  parameter int unsigned C         = 2,
  parameter int unsigned LeftBits  = 6,
  parameter int unsigned RightBits = 1,
  parameter int unsigned SumBits   = 8,  // two's complement, holds every product, sum and threshold
  parameter logic [C*SumBits-1:0] Left  = {C{SumBits'(1)}},  // at least 1 where RightBits is 1
  parameter logic [C*SumBits-1:0] Right = {C{SumBits'(1)}},
  parameter logic [C*SumBits-1:0] Threshold = '0
) (
  input  logic                              clk_i,
  input  logic                              rst_i,
  input  logic                              s_valid_i,
  output logic                              s_ready_o,
  input  logic [C*(LeftBits+RightBits)-1:0] s_data_i,
  output logic                              m_valid_o,
  input  logic                              m_ready_i,
  output logic [C-1:0]                      m_data_o
);
  if (SumBits < LeftBits || SumBits < RightBits) begin : gen_check_bits
    $error("nj_add: SumBits = %0d, at least LeftBits = %0d and RightBits = %0d", SumBits, LeftBits, RightBits);
  end

  assign s_ready_o = !m_valid_o || m_ready_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) m_valid_o <= 1'b0;
    else if (s_ready_o) m_valid_o <= s_valid_i;
  end

  // the least x with factor * x >= limit
  function automatic logic signed [SumBits-1:0] least(input int factor, input int limit);
    return SumBits'(limit > 0 ? (limit + factor - 1) / factor : -(-limit / factor));
  endfunction

  function automatic logic signed [SumBits-1:0] times(
    input logic signed [SumBits-1:0] x, input logic signed [SumBits-1:0] factor
  );
    logic [SumBits-1:0] magnitude;
    magnitude = factor < 0 ? -factor : factor;
    times = '0;
    for (int i = 0; i < int'(SumBits); i++) if (magnitude[i]) times += x <<< i;
    if (factor < 0) times = -times;
  endfunction

  for (genvar c = 0; c < int'(C); c++) begin : gen_channel
    localparam logic signed [SumBits-1:0] F = Left[c*SumBits+:SumBits];
    localparam logic signed [SumBits-1:0] G = Right[c*SumBits+:SumBits];
    localparam logic signed [SumBits-1:0] T = Threshold[c*SumBits+:SumBits];
    logic signed [LeftBits-1:0] a;
    logic reaches;
    assign a = s_data_i[c*LeftBits+:LeftBits];
    if (RightBits == 1) begin : gen_bit
      localparam logic signed [SumBits-1:0] Low = least(int'(F), int'(T));
      localparam logic signed [SumBits-1:0] High = least(int'(F), int'(T) - int'(G));
      assign reaches = SumBits'(a) >= (s_data_i[C*LeftBits+c] ? High : Low);
    end else begin : gen_number
      logic signed [RightBits-1:0] b;
      assign b = s_data_i[C*LeftBits+c*RightBits+:RightBits];
      assign reaches = times(SumBits'(a), F) + times(SumBits'(b), G) >= T;
    end
    always_ff @(posedge clk_i) if (s_valid_i && s_ready_o) m_data_o[c] <= reaches;
  end
endmodule
