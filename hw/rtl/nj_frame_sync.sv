// Turns packets ended by TLAST into frames of exactly Beats beats, and says which frame is not what a packet held.
//
//   right      Beats beats, TLAST on the last, begun behind a TLAST or reset: passed on as they are
//   short      TLAST too early: passed on, then filled with zero beats up to Beats; broken
//   unended    beat Beats without TLAST: the frame ends there all the same; broken. Is TLAST late or missing?
//              Without storing a frame only what follows can tell, so beats are dropped until it comes, at most Beats:
//                late      it comes: what the packet had too many is gone, and it gave one frame like any other
//                missing   it comes with beat Beats: the next frame was whole, and is lost. One, not all after it
//                absent    it does not come: the source marks no ends (TLAST tied low, or many frames in one
//                          transfer). The count alone cuts frames from here on, each broken, for who knows where it
//                          begins; none is dropped, until a right packet begins behind a TLAST and ends with one
//
// Dropping comes first because a late TLAST otherwise makes a frame of the excess, a result that no packet asked
// for, and results and packets no longer pair up. The limit is there because without it a source that marks no ends
// would get one result and then none for ever. So a packet up to twice too long gives one frame, a source without
// TLAST loses its second frame only, and after any error the next TLAST makes packets and frames agree again.
//
// Reset forgets the frame under way: the next beat is the first of a frame; if it is the middle of a picture, TLAST
// comes too early. Combinational from input to output (no latency, a beat per clock). end_o: in this clock the last beat
// of a frame is passed on, and end_broken_o says whether the frame is broken. room_i low when a frame ends: the next
// begins no earlier than a clock after it was high. error_pulse_o is high in the clock after a frame became broken,
// once a frame, frame_error_o from then on until reset. s_data_i and s_last_i may be anything while s_valid_i is low.
module nj_frame_sync #(
  parameter int unsigned Beats    = 64,
  parameter int unsigned DataBits = 8
) (
  input  logic                clk_i,
  input  logic                rst_i,
  input  logic                s_valid_i,
  output logic                s_ready_o,
  input  logic [DataBits-1:0] s_data_i,
  input  logic                s_last_i,
  output logic                m_valid_o,
  input  logic                m_ready_i,
  output logic [DataBits-1:0] m_data_o,
  input  logic                room_i,
  output logic                end_o,
  output logic                end_broken_o,
  output logic                frame_error_o,
  output logic                error_pulse_o
);
  localparam int unsigned CountBits = Beats > 1 ? unsigned'($clog2(Beats)) : 1;

  // fill_q: a short packet is filled; drop_q: what follows an unended frame is dropped; hold_q: no frame may begin yet;
  // none of them: beats pass.
  logic fill_q, drop_q, hold_q;
  logic absent_q;  // TLAST does not come: frames by the count alone
  logic behind_last_q;  // the frame under way began behind a TLAST
  logic [CountBits-1:0] count_q;
  logic frame_end, step, in_step, in_end, broken, pulse_q, error_q;

  assign frame_end = count_q == CountBits'(Beats - 1);
  assign m_valid_o = fill_q || (s_valid_i && !drop_q && !hold_q);
  assign s_ready_o = drop_q || (m_ready_i && !fill_q && !hold_q);
  nj_or_lanes #(.N(DataBits)) u_data (.a_i('0), .b_i(s_data_i), .keep_i(!fill_q), .y_o(m_data_o));

  assign step = fill_q ? m_ready_i : s_valid_i && s_ready_o;  // a beat is passed, filled or dropped
  assign in_step = step && !fill_q;
  assign in_end = in_step && (frame_end || s_last_i);
  assign broken = in_step && !drop_q && (s_last_i ? !(frame_end && behind_last_q) : frame_end);
  assign end_o = step && frame_end && !drop_q;
  assign end_broken_o = fill_q || !s_last_i || !behind_last_q;

  always_ff @(posedge clk_i) begin
    if (step) count_q <= count_q + 1'b1;
    if (rst_i || (step && (frame_end || (drop_q && s_last_i)))) count_q <= '0;

    if (step) fill_q <= !frame_end && (fill_q || (s_last_i && !drop_q));
    if (in_step) drop_q <= drop_q ? !in_end : frame_end && !s_last_i && !absent_q;
    hold_q <= (end_o || hold_q) && !room_i;
    if (in_end) begin
      behind_last_q <= s_last_i;
      if (drop_q) absent_q <= !s_last_i;
      else if (frame_end && s_last_i && behind_last_q) absent_q <= 1'b0;
    end
    pulse_q <= broken;
    if (broken) error_q <= 1'b1;
    if (rst_i) begin
      {fill_q, drop_q, hold_q, absent_q, pulse_q, error_q} <= '0;
      behind_last_q <= 1'b1;
    end
  end

  assign error_pulse_o = pulse_q;
  assign frame_error_o = error_q;
endmodule
