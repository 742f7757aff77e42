// nj_line_buffer: the last Kernel columns, masked, are the windows of the output map in raster order, one at each
// flagged column; when no frame has begun the last windows of the one before come by themselves.
module nj_line_buffer_properties #(
  parameter int unsigned Height = 3,
  parameter int unsigned Width  = 3,
  parameter int unsigned Bits   = 1,
  parameter int unsigned Kernel = 3,
  parameter int unsigned Stride = 1,
  parameter int unsigned Pad    = 1,
  parameter bit          Eager  = 1'b1
) (
  input logic            clk_i,
  input logic            reset_i,
  input logic            s_valid_i,
  input logic [Bits-1:0] s_data_i,
  input logic            m_ready_i
);
  // steps of a flush, and those between two windows
  localparam int unsigned Wait = ((Pad + 1) * Width + Pad + 2) * (Eager ? 1 : 2);
  localparam int unsigned WaitBits = $clog2(Wait + 2);

  logic rst, s_ready, m_valid, emit, complete, rest;
  logic [Kernel-1:0] mask, covered;
  logic [Kernel*Bits-1:0] column;
  logic [Kernel*Bits-1:0] column_q [Kernel-1];  // the ones before, the oldest first
  logic [Kernel*Kernel*Bits-1:0] window, want;
  logic [WaitBits-1:0] idle_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;

  for (genvar x = 0; x < Kernel; x++) begin : gen_x
    logic [Kernel*Bits-1:0] masked;
    if (x == Kernel - 1) begin : gen_new
      assign masked = mask[x] ? column : '0;
    end else begin : gen_old
      assign masked = mask[x] ? column_q[x] : '0;
    end
    for (genvar y = 0; y < Kernel; y++) begin : gen_y
      assign window[(y*Kernel+x)*Bits+:Bits] = masked[y*Bits+:Bits];
    end
  end

  nj_line_buffer #(
    .Height(Height), .Width(Width), .Bits(Bits), .Kernel(Kernel), .Stride(Stride), .Pad(Pad), .Eager(Eager)
  ) u_line_buffer (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i,
    .m_valid_o(m_valid), .m_ready_i, .m_data_o({emit, mask, column})
  );
  nj_taken #(.Wait(Wait)) u_taken (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_i(s_ready), .m_valid_i(m_valid), .m_ready_i
  );
  nj_stable #(.Bits(Kernel * Bits + Kernel + 1)) u_stable (
    .clk_i, .rst_i(rst), .valid_i(m_valid), .ready_i(m_ready_i), .data_i({emit, mask, column})
  );
  nj_windows #(
    .Height(Height), .Width(Width), .Bits(Bits), .Kernel(Kernel), .Stride(Stride), .Pad(Pad)
  ) u_windows (
    .clk_i, .rst_i(rst), .take_i(s_valid_i && s_ready), .data_i(s_data_i), .valid_i(m_valid && emit),
    .give_i(m_valid && emit && m_ready_i), .window_o(want), .columns_o(covered), .complete_o(complete), .rest_o(rest)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    if (m_valid && m_ready_i) begin
      for (int x = 0; x < int'(Kernel) - 2; x++) column_q[x] <= column_q[x+1];
      column_q[Kernel-2] <= column;
    end
    // clocks in which a window was complete, the sink ready, no frame begun, and none came
    idle_q <= m_valid && emit || !complete || !rest ? '0 : idle_q + WaitBits'(m_ready_i);
    if (rst) begin
      idle_q <= '0;
    end else begin
      assert (idle_q <= WaitBits'(Wait));
      if (m_valid && emit) begin
        assert (mask == covered);
        assert (window == want);
      end
    end
  end
endmodule
