// The stand-in accelerator of tests/sim: three layers in a row.
module nj_accelerator (
  input  wire        ap_clk,
  input  wire        ap_rst_n,
  input  wire [45:0] operating_point,
  input  wire [7:0]  s_axis_tdata,
  input  wire        s_axis_tvalid,
  output wire        s_axis_tready,
  input  wire        s_axis_tlast,
  output wire [71:0] m_axis_tdata,
  output wire        m_axis_tvalid,
  input  wire        m_axis_tready,
  output wire        m_axis_tlast,
  output wire        m_axis_tuser,
  output wire        frame_error,
  output wire        frame_error_pulse,
  output wire        frame_end
);
  wire [1:0]  bits_tdata, pooled_tdata;
  wire [47:0] scores_tdata;
  wire bits_tvalid, bits_tready, pooled_tvalid, pooled_tready, scores_tvalid, scores_tready;
  assign m_axis_tlast = 1'b1;
  assign frame_error = 1'b0;
  assign frame_error_pulse = 1'b0;
  assign m_axis_tuser = 1'b0;
  assign frame_end = 1'b0;
  assign m_axis_tvalid = scores_tvalid;
  assign scores_tready = m_axis_tready;

  tiny_threshold u_threshold (
    .clk_i(ap_clk), .rst_i(!ap_rst_n),
    .s_valid_i(s_axis_tvalid), .s_ready_o(s_axis_tready), .s_data_i(s_axis_tdata),
    .m_valid_o(bits_tvalid), .m_ready_i(bits_tready), .m_data_o(bits_tdata)
  );
  tiny_pool u_pool (
    .clk_i(ap_clk), .rst_i(!ap_rst_n),
    .s_valid_i(bits_tvalid), .s_ready_o(bits_tready), .s_data_i(bits_tdata),
    .m_valid_o(pooled_tvalid), .m_ready_i(pooled_tready), .m_data_o(pooled_tdata)
  );
  tiny_dense u_dense (
    .clk_i(ap_clk), .rst_i(!ap_rst_n),
    .s_valid_i(pooled_tvalid), .s_ready_o(pooled_tready), .s_data_i(pooled_tdata),
    .m_valid_o(scores_tvalid), .m_ready_i(scores_tready), .m_data_o(scores_tdata)
  );
  tiny_argmax u_argmax (.point_i(operating_point), .scores_i(scores_tdata), .result_o(m_axis_tdata));
endmodule
