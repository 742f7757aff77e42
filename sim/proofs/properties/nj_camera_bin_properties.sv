// nj_camera_bin, with nj_camera_mean: the mean of each block, rounded half up, in raster order; the last of a frame says so.
// A beat waits only when the sum of a block is complete and the one before it is not taken.
module nj_camera_bin_properties #(
  parameter int unsigned Bin     = 2,
  parameter int unsigned Pixels  = 1,
  parameter int unsigned Rows    = 1,
  parameter int unsigned Columns = 2,
  parameter int unsigned Bits    = 2,
  parameter int unsigned OutBits = 2,
  parameter logic [15:0] Weight  = 16'd4,
  parameter int unsigned Most    = 2  // blocks that may be under way: two, and the clocks of a division
) (
  input logic                   clk_i,
  input logic                   reset_i,
  input logic                   mark_i,
  input logic                   s_valid_i,
  input logic [Pixels*Bits-1:0] s_data_i,
  input logic                   m_ready_i
);
  localparam int unsigned Beats = Columns * Bin / Pixels;  // of a line
  localparam int unsigned XBits = Beats > 1 ? $clog2(Beats) : 1;
  localparam int unsigned YBits = Rows * Bin > 1 ? $clog2(Rows * Bin) : 1;

  logic rst, s_ready, m_valid, m_last, take, completes;
  logic [OutBits-1:0] m_data;
  logic [XBits-1:0] x_q;
  logic [YBits-1:0] y_q;
  logic [Pixels*Bits-1:0] frame_q [Rows*Bin*Beats];
  logic [15:0] sum, mean;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  assign completes = 32'(x_q) % (Bin / Pixels) == Bin / Pixels - 1 && 32'(y_q) % Bin == Bin - 1;

  always_comb begin  // of the block that ends with this beat
    sum = Weight / 2;
    for (int unsigned y = 0; y < Rows * Bin; y++) begin
      for (int unsigned x = 0; x < Beats; x++) begin
        if (y / Bin == 32'(y_q) / Bin && x / (Bin / Pixels) == 32'(x_q) / (Bin / Pixels)) begin
          for (int unsigned p = 0; p < Pixels; p++) begin
            sum += 16'(x == 32'(x_q) && y == 32'(y_q) ? s_data_i[p*Bits+:Bits] : frame_q[y*Beats+x][p*Bits+:Bits]);
          end
        end
      end
    end
    mean = '0;  // the largest number of which the weight fits so often
    for (int unsigned q = 0; q < 1 << OutBits; q++) if (q * Weight <= 32'(sum)) mean = 16'(q);
  end

  nj_camera_bin #(
    .Bin(Bin), .Pixels(Pixels), .Rows(Rows), .Columns(Columns), .Bits(Bits), .OutBits(OutBits), .Weight(Weight)
  ) u_bin (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data),
    .m_last_o(m_last)
  );
  nj_scoreboard #(.Bits(OutBits + 1), .Most(Most), .Wait(Most)) u_scoreboard (
    .clk_i, .rst_i(rst), .mark_i, .due_i(take && completes),
    .want_i({x_q == XBits'(Beats - 1) && y_q == YBits'(Rows * Bin - 1), OutBits'(mean)}),
    .valid_i(m_valid), .ready_i(m_ready_i), .data_i({m_last, m_data})
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    for (int unsigned i = 0; i < Rows * Bin * Beats; i++) begin
      if (take && i == 32'(y_q) * Beats + 32'(x_q)) frame_q[i] <= s_data_i;
    end
    if (take) begin
      x_q <= x_q == XBits'(Beats - 1) ? '0 : x_q + 1'b1;
      if (x_q == XBits'(Beats - 1)) y_q <= y_q == YBits'(Rows * Bin - 1) ? '0 : y_q + 1'b1;
    end
    if (rst) {x_q, y_q} <= '0;
    else if (m_ready_i) assert (s_ready);
  end
endmodule
