// nj_or_pool: the OR, or AND, of each window, one clock after its last pixel; a pixel waits only if it completes a window while
// the result before is not taken.
module nj_or_pool_properties #(
  parameter int unsigned Height = 4,
  parameter int unsigned Width  = 4,
  parameter int unsigned C      = 1,
  parameter int unsigned Size   = 2,
  parameter logic [C-1:0] Minimum = '0
) (
  input logic         clk_i,
  input logic         reset_i,
  input logic         mark_i,
  input logic         s_valid_i,
  input logic [C-1:0] s_data_i,
  input logic         m_ready_i
);
  localparam int unsigned XBits = $clog2(Width);
  localparam int unsigned YBits = $clog2(Height);

  logic rst, s_ready, m_valid, take, completes;
  logic [C-1:0] m_data, want;
  logic [XBits-1:0] x_q;
  logic [YBits-1:0] y_q;
  logic [C-1:0] frame_q [Height*Width];
  logic waits_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  assign completes = x_q % Size == Size - 1 && y_q % Size == Size - 1;

  always_comb begin  // of the window that ends with this pixel
    want = s_data_i ^ Minimum;
    for (int unsigned y = 0; y < Height; y++) begin
      for (int unsigned x = 0; x < Width; x++) begin
        if (y / Size == y_q / Size && x / Size == x_q / Size && !(y == y_q && x == x_q)) want |= frame_q[y*Width+x] ^ Minimum;
      end
    end
    want ^= Minimum;
  end

  nj_or_pool #(.Height(Height), .Width(Width), .C(C), .Size(Size), .Minimum(Minimum)) u_pool (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_scoreboard #(.Bits(C), .Most(1), .Wait(0)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(take && completes), .want_i(want),
    .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    for (int unsigned i = 0; i < Height * Width; i++) if (take && i == y_q * Width + x_q) frame_q[i] <= s_data_i;
    if (take) begin
      x_q <= x_q == XBits'(Width - 1) ? '0 : x_q + 1'b1;
      if (x_q == XBits'(Width - 1)) y_q <= y_q == YBits'(Height - 1) ? '0 : y_q + 1'b1;
    end
    if (take && completes) waits_q <= 1'b1;
    else if (m_ready_i) waits_q <= 1'b0;
    if (rst) {x_q, y_q, waits_q} <= '0;
    else assert (s_ready == !(waits_q && completes));
  end
endmodule
