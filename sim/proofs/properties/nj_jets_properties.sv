// nj_jets: one result per window in raster order, the thresholds (or sums) of what its selections say; at the latest Wait
// clocks after a window is complete, when no frame has begun the last ones come by themselves.
//
// Flowing: all that is looked at is a stream without a gap, into a sink that is always ready, with no second reset.
module nj_jets_properties #(
  parameter int unsigned Height = 3,
  parameter int unsigned Width  = 3,
  parameter int unsigned Stride = 1,
  parameter int unsigned Pad    = 0,
  parameter int unsigned InBits = 1,
  parameter bit          Signed = 1'b0,
  parameter int unsigned Slots  = 1,
  parameter int unsigned Words  = 1,
  parameter int unsigned Lanes  = 1,
  parameter int unsigned Outputs = 2,
  parameter int unsigned SumBits = 8,
  parameter int unsigned ConstantBits = 4,
  parameter bit          Thresholded = 1'b1,
  parameter bit          Block  = 1'b0,
  localparam int unsigned Groups = (Outputs + Lanes - 1) / Lanes,
  localparam int unsigned Aligned = 1 << $clog2(Groups),
  localparam int unsigned Depth  = (Words - 1) * Aligned + Groups,
  parameter bit [Depth*Lanes*Slots*5-1:0] Selection = '0,
  parameter bit [Groups*Lanes*ConstantBits-1:0] Constant = '0,
  parameter int unsigned Wait   = 80,
  parameter int unsigned Frames = 2,  // that may be inside, see nj_windows
  parameter bit Data    = 1'b1,  // 0: how many come and when, not what
  parameter bit Flowing = 1'b0
) (
  input logic                          clk_i,
  input logic                          reset_i,
  input logic                          s_valid_i,
  input logic [Slots*Words*InBits-1:0] s_data_i,
  input logic                          m_ready_i
);
  localparam int unsigned Maps = Slots * Words;
  localparam int unsigned OutBits = Thresholded ? 1 : SumBits;
  localparam int unsigned WaitBits = $clog2(Wait + 2);

  logic rst, s_ready, m_valid, complete, rest;
  logic [Outputs*OutBits-1:0] m_data, want;
  logic [9*Maps*InBits-1:0] window;
  logic [WaitBits-1:0] idle_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;

  // place k of the axis kernel with so many differences
  function automatic logic signed [SumBits-1:0] factor(input logic [1:0] differences, input int k);
    case (differences)
      2'd0:    factor = k == 1 ? SumBits'(2) : SumBits'(1);
      2'd1:    factor = k == 1 ? '0 : k == 0 ? SumBits'(1) : -SumBits'(1);
      2'd2:    factor = k == 1 ? -SumBits'(2) : SumBits'(1);
      default: factor = '0;
    endcase
  endfunction

  for (genvar o = 0; o < int'(Outputs); o++) begin : gen_want
    logic signed [SumBits-1:0] sum, jet, element;
    logic [4:0] code;
    always_comb begin
      sum = SumBits'($signed(Constant[o*ConstantBits+:ConstantBits]));
      jet = '0;
      element = '0;
      code = '0;
      for (int unsigned c = 0; c < Maps; c++) begin
        code = Selection[(((c % Words) * Aligned + o / Lanes) * Lanes * Slots + (o % Lanes) * Slots + c / Words) * 5 +: 5];
        jet = '0;
        for (int k = 0; k < 9; k++) begin
          element = SumBits'(window[(k*Maps+c)*InBits+:InBits]);
          if (Signed) element = SumBits'($signed(window[(k*Maps+c)*InBits+:InBits]));
          jet += factor(code[3:2], k / 3) * factor(code[1:0], k % 3) * element;
        end
        sum = code[4] == (code[1:0] == 2'd1) ? sum + jet : sum - jet;
      end
    end
    if (Thresholded) begin : gen_bit
      assign want[o] = sum >= 0;
    end else begin : gen_sum
      assign want[o*OutBits+:OutBits] = sum;
    end
  end

  nj_jets #(
    .Height(Height), .Width(Width), .Stride(Stride), .Pad(Pad), .InBits(InBits), .Signed(Signed), .Slots(Slots),
    .Words(Words), .Lanes(Lanes), .Outputs(Outputs), .SumBits(SumBits), .ConstantBits(ConstantBits),
    .Thresholded(Thresholded), .OutBits(OutBits), .Block(Block), .Selection(Selection), .Constant(Constant)
  ) u_jets (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_stable #(.Bits(Outputs * OutBits)) u_stable (
    .clk_i, .rst_i(rst), .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data)
  );
  nj_windows #(
    .Height(Height), .Width(Width), .Bits(Maps * InBits), .Kernel(3), .Stride(Stride), .Pad(Pad), .Frames(Frames)
  ) u_windows (
    .clk_i, .rst_i(rst), .take_i(s_valid_i && s_ready), .data_i(s_data_i), .valid_i(m_valid),
    .give_i(m_valid && m_ready_i), .window_o(window), .columns_o(), .complete_o(complete), .rest_o(rest)
  );

  logic waits_q = 1'b0;
  logic [Maps*InBits-1:0] data_q;
  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    waits_q <= !rst && s_valid_i && !s_ready;
    data_q <= s_data_i;
    if (waits_q && started_q) assume (rst || (s_valid_i && s_data_i == data_q));  // a beat that waits stays
    if (Flowing) assume (!reset_i && s_valid_i && m_ready_i);
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
