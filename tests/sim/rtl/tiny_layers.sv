// Stand-ins for the layers of a 8x8 network, one register stage each, for the tests of `sim.accelerator`:
// bit 0 = pixel >= 100, bit 1 = pixel <= 60; 2x2 OR; three scores of +-1 weights from mem/weights.mem.
module tiny_threshold (
  input  logic clk_i, input logic rst_i,
  input  logic s_valid_i, output logic s_ready_o, input  logic [7:0] s_data_i,
  output logic m_valid_o, input  logic m_ready_i, output logic [1:0] m_data_o
);
  assign s_ready_o = !m_valid_o || m_ready_i;
  always_ff @(posedge clk_i) begin
    if (s_ready_o) begin
      m_valid_o <= s_valid_i;
      m_data_o <= {s_data_i <= 8'd60, s_data_i >= 8'd100};
    end
    if (rst_i) m_valid_o <= 1'b0;
  end
endmodule

module tiny_pool (
  input  logic clk_i, input logic rst_i,
  input  logic s_valid_i, output logic s_ready_o, input  logic [1:0] s_data_i,
  output logic m_valid_o, input  logic m_ready_i, output logic [1:0] m_data_o
);
  logic [1:0] row_q [4];
  logic [2:0] x_q;
  logic odd_q;
  assign s_ready_o = !m_valid_o || m_ready_i;
  always_ff @(posedge clk_i) begin
    if (s_ready_o) m_valid_o <= 1'b0;
    if (s_valid_i && s_ready_o) begin
      x_q <= x_q + 3'd1;
      if (x_q == 3'd7) odd_q <= !odd_q;
      row_q[x_q[2:1]] <= (x_q[0] || odd_q ? row_q[x_q[2:1]] : 2'b00) | s_data_i;
      m_valid_o <= odd_q && x_q[0];
      m_data_o <= row_q[x_q[2:1]] | s_data_i;
    end
    if (rst_i) {m_valid_o, x_q, odd_q} <= '0;
  end
endmodule

module tiny_dense (
  input  logic clk_i, input logic rst_i,
  input  logic s_valid_i, output logic s_ready_o, input  logic [1:0] s_data_i,
  output logic m_valid_o, input  logic m_ready_i, output logic [47:0] m_data_o
);
  logic [5:0] weights [16];
  logic signed [15:0] sum_q [3];
  logic signed [15:0] sum_d [3];
  logic [3:0] beat_q;
  logic [7:0] frame_q;
  initial $readmemh("mem/weights.mem", weights);
  assign s_ready_o = !m_valid_o || m_ready_i;
  always_comb begin
    for (int o = 0; o < 3; o++) begin
      sum_d[o] = beat_q == 0 ? 16'(3 * o - 2) : sum_q[o];
      for (int c = 0; c < 2; c++) sum_d[o] += (weights[beat_q][o*2+c] == s_data_i[c]) ? 16'sd1 : -16'sd1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (s_ready_o) m_valid_o <= 1'b0;
    if (s_valid_i && s_ready_o) begin
      sum_q <= sum_d;
      beat_q <= beat_q + 4'd1;
      m_valid_o <= beat_q == 4'd15;
      if (beat_q == 4'd15) frame_q <= frame_q + 8'd1;
      m_data_o <= {sum_d[2], sum_d[1], sum_d[0]};
    end
    if (rst_i) {m_valid_o, beat_q, frame_q} <= '0;
  end
endmodule

module tiny_argmax (
  input  logic [45:0] point_i,  // {least margin, offset of class 2, of class 1}
  input  logic [47:0] scores_i,
  output logic [71:0] result_o
);
  logic signed [15:0] s0, s1, s2, v1, v2, best, next;
  logic signed [14:0] o1, o2;
  logic [15:0] least, margin;
  logic [7:0] label;
  assign {s2, s1, s0} = scores_i;
  assign {least, o2, o1} = point_i;
  assign v1 = s1 + 16'(o1);
  assign v2 = s2 + 16'(o2);
  assign label = (s0 >= v1 && s0 >= v2) ? 8'd0 : (v1 >= v2) ? 8'd1 : 8'd2;
  assign best = label == 0 ? s0 : label == 1 ? v1 : v2;
  assign next = label == 0 ? (v1 > v2 ? v1 : v2) : label == 1 ? (s0 > v2 ? s0 : v2) : (s0 > v1 ? s0 : v1);
  assign margin = best - next;
  assign result_o = {margin, scores_i, label | 8'(margin < least) << 6};
endmodule
