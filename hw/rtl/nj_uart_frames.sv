// Pictures in and results out over a serial line, for an accelerator that has streams: nj_uart_rx and nj_uart_tx.
//
//   in    the bytes of a picture: rows from the top, a pixel's channels one after the other. The next may follow at once
//   out   for every picture 1 + ResultBytes bytes: the status, then s_data_i from its lowest byte on (class, scores)
//   status = {4'hA, s_broken_i, cut, framing, overrun}. s_broken_i comes with s_data_i: the picture of this result had
//   another length, and the result means nothing. The last three tell of the time since the status before:
//     cut      a picture was broken off: the line was silent inside it for Pause clocks
//     framing  a byte came without its stop bit and was dropped
//     overrun  a pixel came before the accelerator had taken the one before it and was dropped
//
// A picture that is broken off, or whose last pixel is dropped, is ended by a zero pixel with m_last_o, so the accelerator
// answers it too, and the next byte begins a picture. If that would be pixel Beats, as of a whole picture, there is one
// more: a picture that lacks a pixel never has the length of a whole one, and its result says that it is broken.
// A sender that lost a byte waits for Pause clocks and is in step again.
// m_data_o: channel 0 lowest. Results wait while one is sent: the input has no room to wait with them, see overrun.
module nj_uart_frames #(
  parameter int unsigned Beats       = 64,  // pixels of a picture
  parameter int unsigned Channels    = 1,   // bytes of a pixel
  parameter int unsigned ResultBytes = 5,
  parameter int unsigned Step        = 7864,    // see nj_uart_rx
  parameter int unsigned Pause       = 1000000  // clocks; longer than any gap the sender makes
) (
  input  logic                     clk_i,
  input  logic                     rst_i,
  input  logic                     rx_i,
  output logic                     tx_o,
  output logic                     m_valid_o,
  input  logic                     m_ready_i,
  output logic [8*Channels-1:0]    m_data_o,
  output logic                     m_last_o,
  input  logic                     s_valid_i,
  output logic                     s_ready_o,
  input  logic [8*ResultBytes-1:0] s_data_i,
  input  logic                     s_broken_i
);
  localparam int unsigned BeatBits    = Beats > 1 ? unsigned'($clog2(Beats)) : 1;
  localparam int unsigned ChannelBits = Channels > 1 ? unsigned'($clog2(Channels)) : 1;
  localparam int unsigned HandedBits  = unsigned'($clog2(Beats + 1));
  localparam int unsigned PauseBits   = unsigned'($clog2(Pause + 1));
  localparam int unsigned LeftBits    = unsigned'($clog2(ResultBytes + 2));

  logic byte_valid, bad_stop;
  logic [7:0] received;
  nj_uart_rx #(.Step(Step)) u_rx (
    .clk_i, .rst_i, .rx_i, .m_valid_o(byte_valid), .m_data_o(received), .bad_stop_o(bad_stop)
  );

  // where in the picture the next byte belongs
  logic [BeatBits-1:0] beat_q;
  logic [ChannelBits-1:0] channel_q;
  logic [PauseBits-1:0] silent_q;
  logic channel_last, beat_last, begun, cut;
  assign channel_last = channel_q == ChannelBits'(Channels - 1);
  assign beat_last    = beat_q == BeatBits'(Beats - 1);
  assign begun       = beat_q != '0 || channel_q != '0;
  assign cut          = silent_q == PauseBits'(Pause) && begun && !byte_valid;
  always_ff @(posedge clk_i) begin
    if (byte_valid || !begun) silent_q <= '0;
    else silent_q <= silent_q + 1'b1;
    if (byte_valid) begin
      channel_q <= channel_last ? '0 : channel_q + 1'b1;
      if (channel_last) beat_q <= beat_last ? '0 : beat_q + 1'b1;
    end
    if (rst_i || cut) {beat_q, channel_q} <= '0;
  end

  logic [8*Channels-1:0] pixel;
  if (Channels > 1) begin : gen_pixel
    logic [8*Channels-9:0] before_q;
    assign pixel = {received, before_q};
    always_ff @(posedge clk_i) if (byte_valid) before_q <= pixel[8*Channels-1:8];
  end else begin : gen_byte
    assign pixel = received;
  end

  // a pixel waits here; owed: an end of picture that had no place here yet
  logic owed_q, complete, free, dropped, ends;
  logic [HandedBits-1:0] handed_q;  // pixels of this picture that were put here
  assign complete = byte_valid && channel_last;
  assign free     = !m_valid_o || m_ready_i;
  assign dropped  = complete && (!free || owed_q);
  assign ends     = owed_q ? handed_q != HandedBits'(Beats - 1) : beat_last;
  always_ff @(posedge clk_i) begin
    if (free) begin
      m_valid_o <= complete || owed_q;
      m_data_o  <= owed_q ? '0 : pixel;
      m_last_o  <= ends;
      if (complete || owed_q) handed_q <= ends ? '0 : handed_q + 1'b1;
    end
    owed_q <= (owed_q && !(free && ends)) || cut || (dropped && beat_last);
    if (rst_i) {m_valid_o, owed_q, handed_q} <= '0;
  end

  logic [2:0] faults, faults_q;
  logic [LeftBits-1:0] left_q;
  logic [8*ResultBytes+7:0] reply_q;
  logic tx_ready;
  assign faults    = {cut, bad_stop, dropped};
  assign s_ready_o = left_q == '0;
  always_ff @(posedge clk_i) begin
    if (rst_i) faults_q <= '0;
    else faults_q <= faults | (s_valid_i && s_ready_o ? 3'b000 : faults_q);
    if (s_ready_o) begin
      reply_q <= {s_data_i, 4'hA, s_broken_i, faults_q};
      if (s_valid_i) left_q <= LeftBits'(ResultBytes + 1);
    end else if (tx_ready) begin
      reply_q <= {8'h00, reply_q[8*ResultBytes+7:8]};
      left_q  <= left_q - 1'b1;
    end
    if (rst_i) left_q <= '0;
  end
  nj_uart_tx #(.Step(Step)) u_tx (
    .clk_i, .rst_i, .s_valid_i(left_q != '0), .s_ready_o(tx_ready), .s_data_i(reply_q[7:0]), .tx_o
  );
endmodule
