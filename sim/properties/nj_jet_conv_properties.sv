// nj_jet_conv: one result per window in raster order, that of its formula; when no frame has begun the last ones come
// by themselves.
module nj_jet_conv_properties #(
  parameter int unsigned Height = 3,
  parameter int unsigned Width  = 3,
  parameter int unsigned CIn    = 1,
  parameter int unsigned InBits = 1,
  parameter bit          InSigned = 1'b0,
  parameter int unsigned Kernel = 3,
  parameter int unsigned Stride = 1,
  parameter int unsigned Pad    = 1,
  parameter int unsigned COut   = 1,
  parameter int unsigned Fold   = 1,
  parameter bit          Grouped = 1'b0,
  parameter int unsigned SelBits = 5,
  parameter logic [COut*(Grouped ? 1 : CIn)*SelBits-1:0] Select = '0,
  parameter bit          Thresholded = 1'b1,
  parameter int unsigned SumBits = 8,
  parameter logic [COut*SumBits-1:0] Threshold = '0,
  parameter logic [COut-1:0] Invert = '0,
  parameter int unsigned Frames = 2,  // that may be inside, see nj_windows
  parameter bit          Data = 1'b1  // 0: how many come and when, not what
) (
  input logic                  clk_i,
  input logic                  reset_i,
  input logic                  s_valid_i,
  input logic [CIn*InBits-1:0] s_data_i,
  input logic                  m_ready_i
);
  localparam int unsigned Terms = Grouped ? 1 : CIn;
  localparam int unsigned ResultBits = Thresholded ? 1 : SumBits;
  localparam int unsigned Wait = (Pad + 1) * Width + Pad + Fold + 8;
  localparam int unsigned WaitBits = $clog2(Wait + 2);

  logic rst, s_ready, m_valid, complete, rest;
  logic [COut*ResultBits-1:0] m_data, want;
  logic [Kernel*Kernel*CIn*InBits-1:0] window;
  logic [WaitBits-1:0] idle_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;

  // tap i of (1 + z)^(n-k) (1 - z)^k, n = Kernel - 1
  function automatic int tap(int k, int i);
    int row [6];
    row = '{default: 0};
    row[0] = 1;
    for (int f = 0; f < int'(Kernel) - 1; f++) begin
      for (int j = 5; j > 0; j--) row[j] = row[j] + (f < k ? -row[j-1] : row[j-1]);
    end
    return row[i];
  endfunction

  for (genvar o = 0; o < COut; o++) begin : gen_want
    logic signed [SumBits-1:0] term [Terms*Kernel*Kernel];
    logic signed [SumBits-1:0] sum;
    for (genvar m = 0; m < Terms; m++) begin : gen_map
      localparam int unsigned Code = Select[(o*Terms+m)*SelBits+:SelBits];
      localparam int unsigned Jet = Code == 0 ? 0 : (Code - 1) / 2;
      for (genvar k = 0; k < Kernel * Kernel; k++) begin : gen_tap
        localparam int Product = tap(int'(Jet / Kernel), k / Kernel) * tap(int'(Jet % Kernel), k % Kernel);
        localparam int Tap = Code == 0 ? 0 : Code % 2 == 1 ? Product : -Product;
        logic [InBits-1:0] element;
        assign element = window[(k*CIn+(Grouped?o:m))*InBits+:InBits];
        if (InSigned) begin : gen_signed
          assign term[m*Kernel*Kernel+k] = SumBits'(Tap) * SumBits'($signed(element));
        end else begin : gen_unsigned
          assign term[m*Kernel*Kernel+k] = SumBits'(Tap) * SumBits'({1'b0, element});
        end
      end
    end
    always_comb begin
      sum = '0;
      for (int i = 0; i < int'(Terms * Kernel * Kernel); i++) sum += term[i];
    end
    if (Thresholded) begin : gen_bit
      assign want[o] = (sum >= $signed(Threshold[o*SumBits+:SumBits])) != Invert[o];
    end else begin : gen_sum
      assign want[o*SumBits+:SumBits] = sum;
    end
  end

  nj_jet_conv #(
    .Height(Height), .Width(Width), .CIn(CIn), .InBits(InBits), .InSigned(InSigned), .Kernel(Kernel), .Stride(Stride),
    .Pad(Pad), .COut(COut), .Fold(Fold), .Grouped(Grouped), .SelBits(SelBits), .Select(Select),
    .Thresholded(Thresholded), .SumBits(SumBits), .Threshold(Threshold), .Invert(Invert)
  ) u_conv (
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
