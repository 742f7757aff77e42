// A written convolution, module `layer`: one result per window in raster order, the sums of its formula (or their
// thresholds); when no frame has begun the last ones come by themselves.
module nj_convolution_properties #(
  parameter int unsigned Height = 3,
  parameter int unsigned Width  = 3,
  parameter int unsigned CIn    = 1,
  parameter int unsigned InBits = 1,
  parameter int unsigned Kernel = 3,
  parameter int unsigned Stride = 1,
  parameter int unsigned Pad    = 1,
  parameter int unsigned COut   = 1,
  parameter int unsigned Fold   = 1,
  parameter int unsigned WeightBits = 4,
  parameter bit [COut*CIn*Kernel*Kernel*WeightBits-1:0] Weight = '0,  // element (o*CIn+c)*Kernel*Kernel+k
  parameter bit Thresholded = 1'b1,
  parameter int unsigned ThrBits = 4,
  parameter bit [COut*ThrBits-1:0] Threshold = '0,
  parameter int unsigned OutBits = 6,
  parameter int unsigned Depth  = 8,  // clocks from a window to its result, at most
  parameter int unsigned Frames = 2,  // that may be inside, see nj_windows
  parameter bit Data = 1'b1  // 0: how many come and when, not what
) (
  input logic                  clk_i,
  input logic                  reset_i,
  input logic                  s_valid_i,
  input logic [CIn*InBits-1:0] s_data_i,
  input logic                  m_ready_i
);
  localparam int unsigned ResultBits = Thresholded ? 1 : OutBits;
  localparam int unsigned Wait = (Pad + 1) * Width + Pad + Fold + Depth;
  localparam int unsigned WaitBits = $clog2(Wait + 2);

  logic rst, s_ready, m_valid, complete, rest;
  logic [COut*ResultBits-1:0] m_data, want;
  logic [Kernel*Kernel*CIn*InBits-1:0] window;
  logic [WaitBits-1:0] idle_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;

  for (genvar o = 0; o < COut; o++) begin : gen_want
    logic signed [OutBits-1:0] sum, element, factor;
    always_comb begin
      sum = '0;
      element = '0;
      factor = '0;
      for (int unsigned c = 0; c < CIn; c++) begin
        for (int unsigned k = 0; k < Kernel * Kernel; k++) begin
          element = OutBits'(window[(k*CIn+c)*InBits+:InBits]);
          factor = OutBits'($signed(Weight[((o*CIn+c)*Kernel*Kernel+k)*WeightBits+:WeightBits]));
          sum += factor * element;
        end
      end
    end
    if (Thresholded) begin : gen_bit
      assign want[o] = sum >= $signed(Threshold[o*ThrBits+:ThrBits]);
    end else begin : gen_sum
      assign want[o*OutBits+:OutBits] = sum;
    end
  end

  layer u_conv (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_stable #(.Bits(COut * ResultBits)) u_stable (
    .clk_i, .rst_i(rst), .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data)
  );
  nj_windows #(
    .Height(Height), .Width(Width), .Bits(CIn * InBits), .Kernel(Kernel), .Stride(Stride), .Pad(Pad),
    .Frames(Frames)
  ) u_windows (
    .clk_i, .rst_i(rst), .take_i(s_valid_i && s_ready), .data_i(s_data_i), .valid_i(m_valid),
    .give_i(m_valid && m_ready_i), .window_o(window), .columns_o(), .complete_o(complete), .rest_o(rest)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    // clocks in which a window was complete, the sink ready, no frame begun, and none came
    idle_q <= m_valid || !complete || !rest ? '0 : idle_q + WaitBits'(m_ready_i);
    if (rst) begin
      idle_q <= '0;
    end else begin
      assert (idle_q <= WaitBits'(Wait));
      if (Data && m_valid) assert (m_data == want);
    end
  end
endmodule
