// What stands between an accelerator and AXI: registers (registers.rdl), packets of frames, padding to whole words.
//
//   s_axis, m_axis   as of the accelerator, TDATA filled up to a power of two of bytes: what is too much of the input
//                    is not looked at, of the output it is 0. TLAST ends a packet of frames_per_packet frames; results
//                    of a packet end with TLAST (nj_packets).
//   s_axi            AXI4-Lite, 32 bits, single accesses.
//   core_*           the accelerator: its reset, its streams, a pulse per broken frame, and one per frame in the clock in
//                    which its last pixel is taken, from which nj_latency counts to the frame's result.
//
//   core_point_o     the operating point. The registers of it are its next one; control.apply makes them the present one in
//                    one clock, so no result is decided with parts of two. ResetPoint after reset, in the registers too.
//
//   with Gate          results carry their frame's number since the core's reset and its tag (nj_tags) above the core's bits,
//                      and nj_gate rejects parts. A decision is taken when it is there, whether or not m_axis_tready is high.
//                      Without Gate the ports of it do nothing.
//
// No register in the way of the streams. The reset of register control lasts ResetClocks clocks, in which neither side
// takes or gives a beat; a result that waits is withdrawn, so reset what takes the results before.
module nj_shell #(
  parameter int unsigned Beats    = 64,
  parameter int unsigned InBits   = 8,
  parameter int unsigned OutBits  = 56,
  parameter int unsigned InWords  = 8,   // of s_axis_tdata, at least InBits
  parameter int unsigned OutWords = 64,  // of m_axis_tdata, at least OutBits
  parameter int unsigned Classes  = 2,
  parameter int unsigned OffsetBits = 11,  // of the accelerator's operating point; the registers have at most 32
  parameter int unsigned LeastBits  = 12,
  parameter int unsigned AddressBits = 8,  // of s_axi
  parameter int unsigned Ahead    = 32,  // the most frames, or results, that wait for their counterpart; see nj_latency
  parameter bit Gate = 1'b0,
  parameter int unsigned ClassBits = 8,  // of the class' field of a result
  parameter int unsigned TagBits = 16,
  parameter logic [255:0] ModelHash = '0,
  localparam int unsigned PointBits = (Classes - 1) * OffsetBits + LeastBits,
  parameter logic [PointBits-1:0] ResetPoint = '0
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  // registers
  input  logic [AddressBits-1:0] s_axi_awaddr,
  input  logic [2:0]          s_axi_awprot,
  input  logic                s_axi_awvalid,
  output logic                s_axi_awready,
  input  logic [31:0]         s_axi_wdata,
  input  logic [3:0]          s_axi_wstrb,
  input  logic                s_axi_wvalid,
  output logic                s_axi_wready,
  output logic [1:0]          s_axi_bresp,
  output logic                s_axi_bvalid,
  input  logic                s_axi_bready,
  input  logic [AddressBits-1:0] s_axi_araddr,
  input  logic [2:0]          s_axi_arprot,
  input  logic                s_axi_arvalid,
  output logic                s_axi_arready,
  output logic [31:0]         s_axi_rdata,
  output logic [1:0]          s_axi_rresp,
  output logic                s_axi_rvalid,
  input  logic                s_axi_rready,
  // frames
  input  logic [InWords-1:0]  s_axis_tdata,
  input  logic                s_axis_tvalid,
  output logic                s_axis_tready,
  input  logic                s_axis_tlast,
  // results
  output logic [OutWords-1:0] m_axis_tdata,
  output logic                m_axis_tvalid,
  input  logic                m_axis_tready,
  output logic                m_axis_tlast,
  // parts
  input  logic [TagBits-1:0]  frame_tag_i,
  input  logic                trigger_i,
  input  logic                encoder_i,
  output logic [TagBits-1:0]  part_number_o,
  output logic                reject_o,
  // the accelerator
  output logic                core_rst_no,
  output logic [PointBits-1:0] core_point_o,
  output logic [InBits-1:0]   core_s_tdata_o,
  output logic                core_s_tvalid_o,
  input  logic                core_s_tready_i,
  output logic                core_s_tlast_o,
  input  logic [OutBits-1:0]  core_m_tdata_i,
  input  logic                core_m_tvalid_i,
  output logic                core_m_tready_o,
  input  logic                core_error_i,
  input  logic                core_end_i
);
  localparam logic [3:0] ResetClocks = 4'd15;

  localparam int unsigned ResultBits = OutBits + (Gate ? 2 * TagBits : 0);

  if (InWords < InBits || OutWords < ResultBits) begin : gen_check
    $error("nj_shell: words of %0d and %0d bits cannot hold %0d and %0d", InWords, OutWords, InBits, ResultBits);
  end

  nj_registers_pkg::nj_registers__in_t hw_in;
  nj_registers_pkg::nj_registers__out_t hw_out;
  logic [3:0] reset_q = '0;
  logic core_run_q = 1'b0, run, s_beat, m_beat;
  logic latency_valid;
  logic [31:0] latency;

  assign run = core_run_q && reset_q == '0;
  assign core_rst_no = core_run_q;
  assign core_s_tdata_o = s_axis_tdata[InBits-1:0];
  assign core_s_tvalid_o = s_axis_tvalid && run;
  assign s_axis_tready = core_s_tready_i && run;
  assign s_beat = s_axis_tvalid && s_axis_tready;
  assign m_axis_tvalid = core_m_tvalid_i && run;
  assign core_m_tready_o = m_axis_tready && run;
  assign m_beat = m_axis_tvalid && m_axis_tready;

  always_ff @(posedge clk_i) begin
    core_run_q <= rst_ni && reset_q == '0;
    if (!rst_ni) reset_q <= '0;
    else if (hw_out.control.reset.value) reset_q <= ResetClocks;
    else if (reset_q != '0) reset_q <= reset_q - 1'b1;
  end

  nj_packets #(
    .Beats    (Beats),
    .FrameBits(16)
  ) u_packets (
    .clk_i        (clk_i),
    .rst_i        (!core_run_q),
    .frames_i     (hw_out.frames_per_packet.value.value),
    .s_beat_i     (s_beat),
    .s_last_i     (s_axis_tlast),
    .last_o       (core_s_tlast_o),
    .m_beat_i     (m_beat),
    .result_last_o(m_axis_tlast)
  );

  nj_latency #(
    .Depth(Ahead),
    .Bits (32)
  ) u_latency (
    .clk_i    (clk_i),
    .rst_i    (!core_run_q),
    .end_i    (core_end_i && run),
    .result_i (m_beat),
    .valid_o  (latency_valid),
    .latency_o(latency)
  );

  assign hw_in.frames.value.incr = s_beat && core_s_tlast_o;
  assign hw_in.results.value.incr = m_beat;
  assign hw_in.errors.value.incr = core_error_i;
  assign hw_in.latency.value.we = latency_valid;
  assign hw_in.latency.value.next = latency;
  // the operating point: {least margin, offset of the last class, ..., of class 1}
  localparam int unsigned OffsetKept = OffsetBits < 32 ? OffsetBits : 32;
  localparam int unsigned LeastKept = LeastBits < 32 ? LeastBits : 32;
  localparam int unsigned Offsets = (Classes - 1) * OffsetBits;
  logic load_q;  // the first clock after reset
  logic [PointBits-1:0] point, point_q;
  assign core_point_o = point_q;
  always_ff @(posedge clk_i) begin
    load_q <= !rst_ni;
    if (!rst_ni) point_q <= ResetPoint;
    else if (hw_out.control.apply.value) point_q <= point;
  end
  assign hw_in.least_margin.value.we = load_q;
  assign hw_in.least_margin.value.next = ResetPoint[Offsets+:LeastKept];
  assign point[Offsets+:LeastBits] = LeastBits'(hw_out.least_margin.value.value);
  if (Classes == 1) begin : gen_no_offset
    assign hw_in.offset[0].value.we = load_q;
    assign hw_in.offset[0].value.next = '0;
  end
  for (genvar i = 0; i + 1 < Classes; i++) begin : gen_offset
    logic signed [OffsetKept-1:0] kept;
    assign kept = hw_out.offset[i].value.value;
    assign hw_in.offset[i].value.we = load_q;
    assign hw_in.offset[i].value.next = ResetPoint[i*OffsetBits+:OffsetKept];
    assign point[i*OffsetBits+:OffsetBits] = OffsetBits'(kept);
  end

  if (Gate) begin : gen_gate
    logic [TagBits-1:0] tag, frame_q;
    logic [(Classes+31)/32*32-1:0] classes;
    logic [1:0] unpaired;
    logic told_q, decision;  // the decision on the result that waits was taken

    assign m_axis_tdata = OutWords'({tag, frame_q, core_m_tdata_i});
    assign decision = m_axis_tvalid && !told_q;
    assign hw_in.unpaired.value.incr = unpaired != '0;
    assign hw_in.unpaired.value.incrvalue = {1'b0, unpaired[0]} + {1'b0, unpaired[1]};
    for (genvar i = 0; i < (int'(Classes) + 31) / 32; i++) begin : gen_classes
      assign classes[32*i+:32] = hw_out.gate_classes[i].value.value;
    end
    always_ff @(posedge clk_i) begin
      told_q <= m_axis_tvalid && !m_beat;
      if (m_beat) frame_q <= frame_q + 1'b1;
      if (!core_run_q) {told_q, frame_q} <= '0;
    end

    nj_tags #(.Depth(Ahead), .Bits(TagBits)) u_tags (
      .clk_i, .rst_i(!core_run_q), .beat_i(s_beat), .tag_i(frame_tag_i), .end_i(core_end_i && run), .result_i(m_beat),
      .tag_o(tag)
    );
    nj_gate #(.Classes(Classes), .ClassBits(ClassBits), .NumberBits(TagBits)) u_gate (
      .clk_i, .rst_i(!core_run_q), .trigger_i, .encoder_i, .number_o(part_number_o), .decision_i(decision),
      .number_i(hw_out.gate.by_tag.value ? tag : frame_q), .class_i(core_m_tdata_i[ClassBits-1:0]),
      .enable_i(hw_out.gate.enable.value), .classes_i(classes[Classes-1:0]), .unsure_i(hw_out.gate.unsure.value),
      .broken_i(hw_out.gate.broken.value), .otherwise_i(hw_out.gate.otherwise.value),
      .delay_i(hw_out.gate_delay.value.value), .delay_steps_i(hw_out.gate.delay_steps.value),
      .length_i(hw_out.gate_length.value.value), .length_steps_i(hw_out.gate.length_steps.value), .reject_o,
      .here_o(hw_in.parts.value.incr), .rejected_o(hw_in.rejected.value.incr), .late_o(hw_in.late.value.incr),
      .lost_o(hw_in.lost.value.incr), .unpaired_o(unpaired)
    );
  end else begin : gen_no_gate
    assign m_axis_tdata = OutWords'(core_m_tdata_i);
    assign reject_o = 1'b0;
    assign part_number_o = '0;
  end

  for (genvar i = 0; i < 8; i++) begin : gen_hash
    assign hw_in.model_hash[i].value.next = ModelHash[255-32*i-:32];
  end

  nj_registers u_registers (
    .clk           (clk_i),
    .rst           (!rst_ni),
    .s_axil_awready(s_axi_awready),
    .s_axil_awvalid(s_axi_awvalid),
    .s_axil_awaddr (s_axi_awaddr),
    .s_axil_awprot (s_axi_awprot),
    .s_axil_wready (s_axi_wready),
    .s_axil_wvalid (s_axi_wvalid),
    .s_axil_wdata  (s_axi_wdata),
    .s_axil_wstrb  (s_axi_wstrb),
    .s_axil_bready (s_axi_bready),
    .s_axil_bvalid (s_axi_bvalid),
    .s_axil_bresp  (s_axi_bresp),
    .s_axil_arready(s_axi_arready),
    .s_axil_arvalid(s_axi_arvalid),
    .s_axil_araddr (s_axi_araddr),
    .s_axil_arprot (s_axi_arprot),
    .s_axil_rready (s_axi_rready),
    .s_axil_rvalid (s_axi_rvalid),
    .s_axil_rdata  (s_axi_rdata),
    .s_axil_rresp  (s_axi_rresp),
    .hwif_in       (hw_in),
    .hwif_out      (hw_out)
  );
endmodule
