// nj_elman: one result per frame, the last state of its formula, at most Wait clocks after the last pixel when nothing is
// ahead of it, and no pixel waits longer to be taken.
module nj_elman_properties #(
  parameter int unsigned Rows    = 2,
  parameter int unsigned Columns = 1,
  parameter int unsigned CIn     = 1,
  parameter int unsigned COut    = 2,
  parameter int unsigned Fold    = 1,
  localparam int unsigned Beats  = Columns + (COut + CIn - 1) / CIn,
  parameter bit [Beats*COut*CIn-1:0] Weight = '0,  // bit (t*COut+o)*CIn+c
  parameter int unsigned ThrBits = 4,
  parameter bit [COut*ThrBits-1:0] Threshold = '0,
  parameter int unsigned Most = 2,  // frames inside
  parameter int unsigned Wait = 12
) (
  input logic           clk_i,
  input logic           reset_i,
  input logic           mark_i,
  input logic           s_valid_i,
  input logic [CIn-1:0] s_data_i,
  input logic           m_ready_i
);
  localparam int unsigned Pixels = Rows * Columns;
  localparam int unsigned PixelBits = Pixels > 1 ? $clog2(Pixels) : 1;

  logic rst, s_ready, m_valid, take, ends;
  logic [COut-1:0] m_data, want;
  logic [PixelBits-1:0] pixel_q;
  logic [Pixels*CIn-1:0] frame_q, frame;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  assign ends = pixel_q == PixelBits'(Pixels - 1);
  assign frame = (Pixels * CIn)'({s_data_i, frame_q} >> CIn);  // the oldest pixel lowest

  logic [COut-1:0] states [Rows+1];
  assign states[0] = '0;
  assign want = states[Rows];
  for (genvar t = 0; t < int'(Rows); t++) begin : gen_row
    logic [Beats*CIn-1:0] inputs;  // the row, then the state, with zeros behind
    assign inputs = (Beats * CIn)'({states[t], frame[t*Columns*CIn+:Columns*CIn]});
    for (genvar o = 0; o < int'(COut); o++) begin : gen_output
      logic signed [7:0] sum;
      always_comb begin
        sum = '0;
        for (int unsigned i = 0; i < Beats * CIn; i++) begin
          if (inputs[i]) sum += Weight[(i/CIn*COut+o)*CIn+i%CIn] ? 8'sd1 : -8'sd1;
        end
      end
      assign states[t+1][o] = sum >= 8'($signed(Threshold[o*ThrBits+:ThrBits]));
    end
  end

  nj_elman #(
    .Rows(Rows), .Columns(Columns), .CIn(CIn), .COut(COut), .Fold(Fold), .Weight(Weight), .ThrBits(ThrBits),
    .Threshold(Threshold)
  ) u_elman (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_taken #(.Wait(Wait)) u_taken (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_i(s_ready), .m_valid_i(m_valid), .m_ready_i
  );
  nj_scoreboard #(.Bits(COut), .Most(Most), .Wait(Wait)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(take && ends), .want_i(want),
    .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    if (take) frame_q <= frame;
    if (rst) pixel_q <= '0;
    else if (take) pixel_q <= ends ? '0 : pixel_q + 1'b1;
  end
endmodule
