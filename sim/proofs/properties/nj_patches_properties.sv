// nj_patches: the pixels of the windows in raster order; they come at once when all pixels of begun frames went in.
module nj_patches_properties #(
  parameter int unsigned Height = 2,
  parameter int unsigned Width  = 2,
  parameter int unsigned Bits   = 1,
  parameter int unsigned Kernel = 2,
  parameter int unsigned Stride = 1,
  parameter int unsigned Pad    = 0,
  parameter bit          Block  = 1'b0,
  parameter int unsigned Frames = 3
) (
  input logic            clk_i,
  input logic            reset_i,
  input logic            s_valid_i,
  input logic [Bits-1:0] s_data_i,
  input logic            m_ready_i
);
  localparam int unsigned Size = Kernel * Kernel;
  localparam int unsigned PlaceBits = $clog2(Size + 1);

  logic rst, s_ready, m_valid, complete, rest, give, last;
  logic [Bits-1:0] m_data, want;
  logic [Kernel-1:0] covered;
  logic [Size*Bits-1:0] window;
  logic [PlaceBits-1:0] place_q;
  logic idle_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign give = m_valid && m_ready_i;
  assign last = place_q == PlaceBits'(Size - 1);
  always_comb begin
    want = '0;
    for (int i = 0; i < int'(Size); i++) if (place_q == PlaceBits'(i)) want = window[i*int'(Bits)+:Bits];
  end

  nj_patches #(
    .Height(Height), .Width(Width), .Bits(Bits), .Kernel(Kernel), .Stride(Stride), .Pad(Pad),
    .Block(Block)
  ) u_patches (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_taken #(.Wait(Size * (Width + 2 * Pad) + 2)) u_taken (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_i(s_ready), .m_valid_i(m_valid), .m_ready_i
  );
  nj_stable #(.Bits(Bits)) u_stable (.clk_i, .rst_i(rst), .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data));
  nj_windows #(
    .Height(Height), .Width(Width), .Bits(Bits), .Kernel(Kernel), .Stride(Stride), .Pad(Pad), .Frames(Frames)
  ) u_windows (
    .clk_i, .rst_i(rst), .take_i(s_valid_i && s_ready), .data_i(s_data_i), .valid_i(m_valid),
    .give_i(give && last), .window_o(window), .columns_o(covered), .complete_o(complete), .rest_o(rest)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    if (give) place_q <= last ? '0 : place_q + 1'b1;
    idle_q <= complete && rest && !m_valid;
    if (rst) begin
      place_q <= '0;
      idle_q <= 1'b0;
    end else begin
      assert (!idle_q);
      if (m_valid) assert (m_data == want);
    end
  end
endmodule
