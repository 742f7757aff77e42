// In place of an accelerator, behind nj_shell: takes every pixel, gives a result +delay=<clocks> after the first pixel of
// each frame, be it before the last one, with it, or frames later. Its sink must always have room.
module nj_accelerator (
  input  logic         ap_clk,
  input  logic         ap_rst_n,
  input  logic [57:0]  operating_point,
  input  logic [7:0]   s_axis_tdata,
  input  logic         s_axis_tvalid,
  output logic         s_axis_tready,
  input  logic         s_axis_tlast,
  output logic [103:0] m_axis_tdata,
  output logic         m_axis_tvalid,
  input  logic         m_axis_tready,
  output logic         m_axis_tlast,
  output logic         m_axis_tuser,
  output logic         frame_error,
  output logic         frame_error_pulse,
  output logic         frame_end
);
  int unsigned delay;
  logic [1023:0] begun_q;  // a frame began so many clocks ago
  logic first_q;
  initial if (!$value$plusargs("delay=%d", delay)) $fatal(1, "+delay= is needed");
  assign s_axis_tready = 1'b1;
  assign frame_end = s_axis_tvalid && s_axis_tlast;
  assign m_axis_tvalid = begun_q[delay-1];
  assign m_axis_tdata = '0;
  assign m_axis_tlast = 1'b1;
  assign {m_axis_tuser, frame_error, frame_error_pulse} = '0;
  always_ff @(posedge ap_clk) begin
    begun_q <= {begun_q[1022:0], s_axis_tvalid && first_q};
    if (s_axis_tvalid) first_q <= s_axis_tlast;
    if (!ap_rst_n) begin
      begun_q <= '0;
      first_q <= 1'b1;
    end
  end
endmodule
