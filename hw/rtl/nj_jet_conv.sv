// Neural jet convolution: line buffer, shared lattice of all jets, constant selections, thresholds.
//
//   y[o] = sum_m sign(o,m) * jet(o,m) over the window of map m          (Grouped: of map o alone)
//   out  = y[o] >= Threshold[o], inverted where Invert[o], COut bits    (or the sums, when not Thresholded)
//
// jet(ky,kx) = outer product of the axis kernels of orders ky (down) and kx (across), see nj_jet_axis.
// One beat in per pixel (CIn elements of InBits, element 0 lowest), one beat out per window, raster order.
// Outside the frame a map is 0. Fold F: COut/F outputs are summed per clock, F clocks per window; columns that
// complete no window pass meanwhile. Clocks per frame back to back: max(Height*Width, windows*Fold) when
// padding keeps the size. Latency: line buffer + 5 + Fold clocks.
module nj_jet_conv #(
  parameter  int unsigned Height      = 8,
  parameter  int unsigned Width       = 8,
  parameter  int unsigned CIn         = 1,
  parameter  int unsigned InBits      = 8,
  parameter  bit          InSigned    = 1'b0,
  parameter  int unsigned Kernel      = 3,     // 3 or 5
  parameter  int unsigned Stride      = 1,
  parameter  int unsigned Pad         = 1,
  parameter  int unsigned COut        = 9,
  parameter  int unsigned Fold        = 1,     // divides COut
  parameter  bit          Grouped     = 1'b0,  // output o reads map o only
  localparam int unsigned Terms       = Grouped ? 1 : CIn,
  // 0: none, else 1 + 2 * (ky * Kernel + kx) + negative; element o*Terms + m
  parameter  int unsigned SelBits     = 5,
  parameter  logic [COut*Terms*SelBits-1:0] Select =
    {5'd17, 5'd15, 5'd13, 5'd11, 5'd9, 5'd7, 5'd5, 5'd3, 5'd1},
  parameter  bit          Thresholded = 1'b1,
  parameter  int unsigned SumBits     = 13,    // signed, holds every sum and threshold
  parameter  logic [COut*SumBits-1:0] Threshold = '0,
  parameter  logic [COut-1:0] Invert  = '0,
  localparam int unsigned OutBits     = Thresholded ? 1 : SumBits
) (
  input  logic                    clk_i,
  input  logic                    rst_i,
  input  logic                    s_valid_i,
  output logic                    s_ready_o,
  input  logic [CIn*InBits-1:0]   s_data_i,
  output logic                    m_valid_o,
  input  logic                    m_ready_i,
  output logic [COut*OutBits-1:0] m_data_o
);
  localparam int unsigned TapBits = InBits + (InSigned ? 0 : 1);  // signed
  localparam int unsigned VerBits = TapBits + Kernel - 1;         // after the vertical lattice
  localparam int unsigned JetBits = VerBits + Kernel - 1;
  localparam int unsigned Jets    = Kernel * Kernel;

  // columns of pixels
  logic                         column_valid, column_ready, column_emit;
  logic [Kernel*CIn*InBits-1:0] column;
  logic [Kernel-1:0]            column_mask;
  nj_line_buffer #(
    .Height(Height), .Width(Width), .Bits(CIn * InBits), .Kernel(Kernel), .Stride(Stride), .Pad(Pad)
  ) u_line_buffer (
    .clk_i, .rst_i, .s_valid_i, .s_ready_o, .s_data_i,
    .m_valid_o(column_valid), .m_ready_i(column_ready),
    .m_data_o({column_emit, column_mask, column})
  );

  // vertical responses of the last Kernel columns; full_q: they are a window that waits for the jets' registers
  logic              full_q, jets_ready;
  logic [Kernel-1:0] mask_q;
  assign column_ready = !full_q || jets_ready;
  always_ff @(posedge clk_i) begin
    if (rst_i) full_q <= 1'b0;
    else if (column_ready) full_q <= column_valid && column_emit;
    if (column_ready && column_valid) mask_q <= column_mask;
  end

  // jets of the window, held for Fold clocks
  logic jets_valid_q, jets_load, jets_done;
  assign jets_ready = !jets_valid_q || jets_done;
  assign jets_load  = full_q && jets_ready;
  always_ff @(posedge clk_i) begin
    if (rst_i) jets_valid_q <= 1'b0;
    else if (jets_ready) jets_valid_q <= full_q;
  end

  logic [CIn*Jets*JetBits-1:0] jet_q;
  for (genvar m = 0; m < int'(CIn); m++) begin : gen_map
    logic [Kernel*TapBits-1:0] taps;
    logic [Kernel*VerBits-1:0] vertical;
    logic [Kernel*VerBits-1:0] vertical_q[Kernel];  // of window column 0 (oldest) ... Kernel-1
    for (genvar r = 0; r < int'(Kernel); r++) begin : gen_row
      if (InSigned) begin : gen_signed
        assign taps[r*TapBits+:TapBits] = column[(r*CIn+m)*InBits+:InBits];
      end else begin : gen_unsigned
        assign taps[r*TapBits+:TapBits] = {1'b0, column[(r*CIn+m)*InBits+:InBits]};
      end
    end
    nj_jet_axis #(.Taps(Kernel), .InBits(TapBits)) u_vertical (.x_i(taps), .y_o(vertical));
    always_ff @(posedge clk_i) begin
      if (column_ready && column_valid) begin
        for (int c = 0; c < int'(Kernel) - 1; c++) vertical_q[c] <= vertical_q[c+1];
        vertical_q[Kernel-1] <= vertical;
      end
    end
    for (genvar v = 0; v < int'(Kernel); v++) begin : gen_order
      logic [Kernel*VerBits-1:0] across;
      logic [Kernel*JetBits-1:0] response;
      for (genvar c = 0; c < int'(Kernel); c++) begin : gen_column
        assign across[c*VerBits+:VerBits] = mask_q[c] ? vertical_q[c][v*VerBits+:VerBits] : '0;
      end
      nj_jet_axis #(.Taps(Kernel), .InBits(VerBits)) u_horizontal (.x_i(across), .y_o(response));
      always_ff @(posedge clk_i) begin
        if (jets_load) jet_q[(m*Kernel+v)*Kernel*JetBits+:Kernel*JetBits] <= response;
      end
    end
  end

  nj_fold_sum #(
    .Jets(Jets), .JetBits(JetBits), .CIn(CIn), .COut(COut), .Fold(Fold), .Grouped(Grouped), .SelBits(SelBits),
    .Select(Select), .Thresholded(Thresholded), .SumBits(SumBits), .Threshold(Threshold), .Invert(Invert)
  ) u_fold_sum (
    .clk_i, .rst_i, .s_valid_i(jets_valid_q), .s_last_o(jets_done), .s_data_i(jet_q),
    .m_valid_o, .m_ready_i, .m_data_o
  );
endmodule
