// nj_frame_sync: what comes out is what is taken in the same clock, or a zero beat that fills a short packet; nothing
// else is filled, nothing is dropped but what follows an unended frame, up to TLAST and at most a frame of it, and
// not when TLAST did not come the last time and no right packet since; errors are told as they happen, and at its end
// whether a frame is broken; behind a frame that ends without room_i nothing comes out before a clock after room_i.
//
// The output is combinational from the input: it stays under stall when the input does.
module nj_frame_sync_properties #(
  parameter int unsigned Beats      = 3,
  parameter int unsigned DataBits   = 2
) (
  input logic                clk_i,
  input logic                reset_i,
  input logic                s_valid_i,
  input logic [DataBits-1:0] s_data_i,
  input logic                s_last_i,
  input logic                m_ready_i,
  input logic                room_i
);
  localparam int unsigned CountBits = $clog2(Beats + 1);

  logic rst, s_ready, m_valid, take, give, frame_end, broken, waits_q, error, pulse;
  logic [DataBits-1:0] m_data, data_q;
  logic last_q, filling_q, dropping_q, holding_q, broken_q, error_q, absent_q, behind_q, ends, end_broken;
  logic [CountBits-1:0] beat_q, dropped_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  assign give = m_valid && m_ready_i;
  assign frame_end = beat_q == CountBits'(Beats - 1);
  // a packet that is right begins behind a TLAST, has its own with the last beat, and none before
  assign broken = take && give && (s_last_i != frame_end || (s_last_i && !behind_q));

  nj_frame_sync #(.Beats(Beats), .DataBits(DataBits)) u_sync (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .s_last_i, .m_valid_o(m_valid), .m_ready_i,
    .m_data_o(m_data), .room_i, .end_o(ends), .end_broken_o(end_broken), .frame_error_o(error), .error_pulse_o(pulse)
  );
  nj_stable #(.Bits(DataBits)) u_stable (.clk_i, .rst_i(rst), .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data));

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    waits_q <= !rst && s_valid_i && !s_ready;
    data_q <= s_data_i;
    last_q <= s_last_i;
    if (waits_q && started_q) begin
      assume (rst || s_valid_i);
      assume (rst || (s_data_i == data_q && s_last_i == last_q));
    end

    if (give) beat_q <= frame_end ? '0 : beat_q + 1'b1;
    if (take && give && s_last_i && !frame_end) filling_q <= 1'b1;
    else if (give && frame_end) filling_q <= 1'b0;
    if (dropping_q) begin
      if (take) dropped_q <= dropped_q + 1'b1;
      if (take && (s_last_i || dropped_q == CountBits'(Beats - 1))) begin
        dropping_q <= 1'b0;
        absent_q <= !s_last_i;
        behind_q <= s_last_i;
      end
    end else if (take) begin
      dropped_q <= '0;
      dropping_q <= frame_end && !s_last_i && !absent_q;
      if (frame_end && s_last_i && behind_q) absent_q <= 1'b0;
      if (frame_end || s_last_i) behind_q <= s_last_i;
    end
    holding_q <= (holding_q || (give && frame_end)) && !room_i;
    broken_q <= broken;
    error_q <= error_q || broken;
    if (rst) begin
      {beat_q, filling_q, dropping_q, holding_q, broken_q, error_q, absent_q} <= '0;
      behind_q <= 1'b1;
    end else begin
      assert (m_valid == (filling_q || (s_valid_i && !dropping_q && !holding_q)));
      assert (s_ready == (dropping_q || (m_ready_i && !filling_q && !holding_q)));
      assert (ends == (give && frame_end));
      if (ends) assert (end_broken == (filling_q || broken));
      if (m_valid) assert (m_data == (filling_q ? '0 : s_data_i));
      assert (pulse == broken_q);
      assert (error == error_q);
    end
  end
endmodule
