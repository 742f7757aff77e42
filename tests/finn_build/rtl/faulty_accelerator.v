// Stands in for the accelerator of test_handover.py: takes frames and gives what golden.mem says, but for a fault.
//   +fault=NAME  see below; `none` is right
module nj_accelerator (
  input  wire ap_clk,
  input  wire ap_rst_n,
  input  wire [`POINT_BITS-1:0] operating_point,
  input  wire [7:0] s_axis_tdata,
  input  wire s_axis_tvalid,
  output wire s_axis_tready,
  input  wire s_axis_tlast,
  output wire [`OUT_BITS-1:0] m_axis_tdata,
  output wire m_axis_tvalid,
  input  wire m_axis_tready,
  output wire m_axis_tlast,
  output wire m_axis_tuser,
  output wire frame_error,
  output wire frame_error_pulse,
  output wire frame_end
);
  reg [`OUT_BITS-1:0] golden [0:20];
  reg [8*10-1:0] fault;
  integer pixels, ended, given, waited;
  reg twice, odd;

  initial begin
    $readmemh("golden.mem", golden);
    if ($value$plusargs("fault=%s", fault) == 0) fault = "none";
    {twice, odd} = 2'd0;
    pixels = 0; ended = 0; given = 0; waited = 0;
  end

  wire third = given == 3;
  wire there = given < ended;
  wire pixel = s_axis_tvalid && s_axis_tready;
  wire changed = fault == "changed" && waited != 0;
  assign s_axis_tready = !(fault == "slow" && odd) && !(fault == "stuck" && ended == 3);
  assign m_axis_tvalid = fault == "unknown" && third ? 1'bx : there && !(fault == "withdrawn" && waited == 1);
  assign m_axis_tdata = fault == "wrong" && third ? golden[given] ^ 8 : fault == "bit" && third ? {golden[given][`OUT_BITS-1:1], 1'bx}
                        : changed ? ~golden[given] : golden[given];
  assign m_axis_tlast = !(fault == "last" && third);
  assign m_axis_tuser = fault == "broken" && third;
  assign frame_error = fault == "error" && third;
  assign {frame_error_pulse, frame_end} = 2'd0;

  always @(posedge ap_clk) if (ap_rst_n) begin
    odd <= !odd;
    if (pixel) begin
      pixels <= s_axis_tlast ? 0 : pixels + 1;
      if (s_axis_tlast) ended <= ended + 1;
    end
    waited <= there && !m_axis_tready ? waited + 1 : 0;
    if (there && m_axis_tready) begin
      given <= fault == "missing" && given == 2 ? 4 : fault == "doubled" && third && !twice ? 3 : given + 1;
      twice <= third;
    end
  end
endmodule
