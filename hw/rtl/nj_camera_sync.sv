// Makes frames of exactly Height lines of Beats beats out of video: s_user_i marks the first beat of a frame, s_last_i the
// last of a line (AXI4-Stream Video). Says of each frame, at its end, whether it is broken.
//
//   right         passed on as it is
//   short line    s_last_i too early: filled with zero beats up to Beats; broken
//   long line     no s_last_i with beat Beats: beats up to and with the next s_last_i are dropped; broken
//   cut frame     a start in the middle, because lines were lost: filled with zero beats to its end while the source
//                 waits; broken. The start begins the next frame, which is right
//   no frame      beats before the first start after reset are dropped: it came in the middle of a frame. So are beats
//                 behind a frame's last line until the next start: lines too many, or a frame whose start was lost. Its
//                 own frame was right and has ended; they are an error all the same
//
// s_cut_i says of a beat that it is none: a frame under way is cut there, and filled at once. What comes before the next
// start then is dropped.
//
// A beat waits a clock here, so that no ready depends on what comes with valid; then a beat per clock. end_o: in this
// clock the last beat of a frame is passed on, and end_broken_o says whether the frame is broken. room_i low when a frame
// ends: the next begins no earlier than a clock after it was high. error_pulse_o is high in the clock after a frame became
// broken, once a frame, and after the first beat that belongs to no frame behind one that was right; frame_error_o from
// then on until reset.
module nj_camera_sync #(
  parameter int unsigned Height   = 4,  // lines
  parameter int unsigned Beats    = 4,  // of a line
  parameter int unsigned DataBits = 8
) (
  input  logic                clk_i,
  input  logic                rst_i,
  input  logic                s_valid_i,
  output logic                s_ready_o,
  input  logic [DataBits-1:0] s_data_i,
  input  logic                s_user_i,
  input  logic                s_last_i,
  input  logic                s_cut_i,
  output logic                m_valid_o,
  input  logic                m_ready_i,
  output logic [DataBits-1:0] m_data_o,
  input  logic                room_i,
  output logic                end_o,
  output logic                end_broken_o,
  output logic                frame_error_o,
  output logic                error_pulse_o
);
  localparam int unsigned XBits = Beats > 1 ? unsigned'($clog2(Beats)) : 1;
  localparam int unsigned YBits = Height > 1 ? unsigned'($clog2(Height)) : 1;

  // the beat that waits here
  logic slot_q, user_q, last_q, stop_q;
  logic [DataBits-1:0] data_q;

  // where the next beat out lies; frame_q: a frame is under way; line_q, cut_q: the rest of its line, or of all, is filled;
  // skip_q: what a line has too much is dropped; hold_q: no frame may begin yet; told_q: the error is known
  logic [XBits-1:0] x_q;
  logic [YBits-1:0] y_q;
  logic frame_q, line_q, cut_q, skip_q, hold_q, told_q, pulse_q, error_q;
  logic line_end, frame_end, fill, pass, drop, cut, step, passed, begins, fault, tells;

  assign line_end  = x_q == XBits'(Beats - 1);
  assign frame_end = line_end && y_q == YBits'(Height - 1);
  assign fill = line_q || cut_q;
  assign pass = slot_q && !fill && !stop_q && (frame_q ? !user_q && !skip_q : user_q && !hold_q);
  assign drop = slot_q && !fill && (frame_q ? skip_q && !user_q && !stop_q : !user_q || stop_q);
  assign cut  = slot_q && !fill && frame_q && (user_q || stop_q);
  assign m_valid_o = fill || pass;
  nj_or_lanes #(.N(DataBits)) u_data (.a_i('0), .b_i(data_q), .keep_i(!fill), .y_o(m_data_o));
  assign step   = m_valid_o && m_ready_i;
  assign passed = pass && m_ready_i;
  assign s_ready_o = !slot_q || drop || passed;

  assign begins = passed && !frame_q;
  assign tells = fault && (begins || !told_q);
  assign fault = cut || (passed && last_q != line_end) || (drop && !frame_q && !stop_q);
  assign end_o = step && frame_end;
  assign end_broken_o = (frame_q && told_q) || !last_q;  // what is filled was told before

  always_ff @(posedge clk_i) begin
    if (s_ready_o) begin
      slot_q <= s_valid_i;
      data_q <= s_data_i;
      user_q <= s_user_i;
      last_q <= s_last_i;
      stop_q <= s_cut_i;
    end
    if (step) begin
      x_q <= line_end ? '0 : x_q + 1'b1;
      if (line_end) y_q <= frame_end ? '0 : y_q + 1'b1;
      frame_q <= !frame_end;
      line_q <= !line_end && (line_q || (pass && last_q));
    end
    cut_q <= (cut_q || cut) && !end_o;
    if (cut || (drop && last_q)) skip_q <= 1'b0;
    else if (passed && line_end) skip_q <= !last_q && !frame_end;
    hold_q <= (end_o || hold_q) && !room_i;

    pulse_q <= tells;
    if (tells) error_q <= 1'b1;
    if (begins || fault) told_q <= fault;
    if (rst_i) begin
      {slot_q, x_q, y_q, frame_q, line_q, cut_q, skip_q, hold_q, pulse_q, error_q} <= '0;
      told_q <= 1'b1;  // beats before the first start are no error
    end
  end

  assign error_pulse_o = pulse_q;
  assign frame_error_o = error_q;
endmodule
