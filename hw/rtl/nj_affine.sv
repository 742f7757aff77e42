// Brings scores to a common scale in integers, as batch norm behind the last layer does.
//
//   element i of m_data_o = Multiplier[i] * (element i of s_data_i) + Bias[i]          all two's complement
//
// A beat per clock, one clock later. Products by constants are sums of shifted copies, so no multiplier is used.
module nj_affine #(
  parameter int unsigned N       = 2,
  parameter int unsigned InBits  = 8,
  parameter int unsigned OutBits = 16,  // holds every result
  parameter logic [N*OutBits-1:0] Multiplier = {N{OutBits'(1)}},
  parameter logic [N*OutBits-1:0] Bias = '0
) (
  input  logic                 clk_i,
  input  logic                 rst_i,
  input  logic                 s_valid_i,
  output logic                 s_ready_o,
  input  logic [N*InBits-1:0]  s_data_i,
  output logic                 m_valid_o,
  input  logic                 m_ready_i,
  output logic [N*OutBits-1:0] m_data_o
);
  if (OutBits < InBits) begin : gen_check_bits
    $error("nj_affine: OutBits = %0d, at least InBits = %0d", OutBits, InBits);
  end

  assign s_ready_o = !m_valid_o || m_ready_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) m_valid_o <= 1'b0;
    else if (s_ready_o) m_valid_o <= s_valid_i;
  end

  // digits -1, 0 and 1, no two neighbours of which differ from 0: the fewest possible
  function automatic logic [2*OutBits-1:0] digits(input logic [OutBits-1:0] value);
    logic [OutBits-1:0] rest;
    digits = '0;
    rest   = value;
    for (int b = 0; b < int'(OutBits); b++) begin
      if (rest[0]) begin
        digits[b]         = 1'b1;
        digits[OutBits+b] = rest[1];  // -1
        rest              = rest[1] ? rest + 1'b1 : rest - 1'b1;
      end
      rest = $signed(rest) >>> 1;
    end
  endfunction

  for (genvar i = 0; i < int'(N); i++) begin : gen_score
    localparam logic [2*OutBits-1:0] Digits = digits(Multiplier[i*OutBits+:OutBits]);
    logic signed [InBits-1:0] s;
    logic [OutBits-1:0] wide;
    logic [OutBits-1:0] sum [OutBits+1];
    assign s      = s_data_i[i*InBits+:InBits];
    assign wide   = OutBits'(s);
    assign sum[0] = Bias[i*OutBits+:OutBits];
    for (genvar b = 0; b < int'(OutBits); b++) begin : gen_digit
      if (!Digits[b]) begin : gen_none
        assign sum[b+1] = sum[b];
      end else if (Digits[OutBits+b]) begin : gen_minus
        assign sum[b+1] = sum[b] - (wide << b);
      end else begin : gen_plus
        assign sum[b+1] = sum[b] + (wide << b);
      end
    end
    always_ff @(posedge clk_i) begin
      if (s_valid_i && s_ready_o) m_data_o[i*OutBits+:OutBits] <= sum[OutBits];
    end
  end
endmodule
