// nj_sum_pool: the sum of each window, or its comparison, one clock after its last pixel; a pixel waits only if it completes
// a window while the result before is not taken.
module nj_sum_pool_properties #(
  parameter int unsigned Height = 4,
  parameter int unsigned Width  = 4,
  parameter int unsigned C      = 1,
  parameter int unsigned Copies = 1,
  parameter int unsigned SizeY  = 2,
  parameter int unsigned SizeX  = 2,
  parameter logic [C-1:0] Negative = '0,
  parameter bit Thresholded = 1'b1,
  parameter int unsigned ConstantBits = 4,
  parameter logic [C*ConstantBits-1:0] Constant = '0,
  parameter int unsigned OutBits = 5
) (
  input logic                clk_i,
  input logic                reset_i,
  input logic                mark_i,
  input logic                s_valid_i,
  input logic [C/Copies-1:0] s_data_i,
  input logic                m_ready_i
);
  localparam int unsigned XBits = Width > 1 ? $clog2(Width) : 1;
  localparam int unsigned YBits = Height > 1 ? $clog2(Height) : 1;
  localparam int unsigned ResultBits = Thresholded ? 1 : OutBits;

  logic rst, s_ready, m_valid, take, completes;
  logic [C*ResultBits-1:0] m_data, want;
  logic [XBits-1:0] x_q;
  logic [YBits-1:0] y_q;
  logic [C/Copies-1:0] frame_q [Height*Width];
  logic waits_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  assign completes = x_q % SizeX == SizeX - 1 && y_q % SizeY == SizeY - 1;

  for (genvar c = 0; c < int'(C); c++) begin : gen_want
    logic signed [7:0] sum, constant;
    assign constant = 8'(signed'(Constant[c*ConstantBits+:ConstantBits]));
    always_comb begin  // of the window that ends with this pixel
      sum = s_data_i[c/int'(Copies)] ? 8'sd1 : -8'sd1;
      for (int unsigned y = 0; y < Height; y++) begin
        for (int unsigned x = 0; x < Width; x++) begin
          if (y / SizeY == y_q / SizeY && x / SizeX == x_q / SizeX && !(y == y_q && x == x_q)) begin
            sum = frame_q[y*Width+x][c/int'(Copies)] ? sum + 8'sd1 : sum - 8'sd1;
          end
        end
      end
      if (Negative[c]) sum = -sum;
    end
    if (Thresholded) begin : gen_bit
      assign want[c] = sum >= constant;
    end else begin : gen_sum
      assign want[c*OutBits+:OutBits] = OutBits'(sum + constant);
    end
  end

  nj_sum_pool #(
    .Height(Height), .Width(Width), .C(C), .Copies(Copies), .SizeY(SizeY), .SizeX(SizeX), .Negative(Negative),
    .Thresholded(Thresholded), .ConstantBits(ConstantBits), .Constant(Constant), .OutBits(OutBits)
  ) u_pool (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  nj_scoreboard #(.Bits(C * ResultBits), .Most(1), .Wait(0)) u_scoreboard (
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
    else assert (s_ready == (!(waits_q && completes) || (SizeX == 1 && m_ready_i)));
  end
endmodule
