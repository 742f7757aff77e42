// Turns packets ended by TLAST into frames of exactly Beats beats, and says when a packet was none.
//
//   right      Beats beats, TLAST on the last: passed on as they are
//   short      TLAST too early: passed on, then filled with zero beats up to Beats; an error
//   unended    beat Beats without TLAST: the frame ends there all the same; an error. Is TLAST late or missing?
//              Without storing a frame only what follows can tell, so beats are dropped until it comes, at most Beats:
//                late      it comes: what the packet had too many is gone, and it gave one frame like any other
//                missing   it comes with beat Beats: the next frame was whole, and is lost. One, not all after it
//                absent    it does not come: the source marks no ends (TLAST tied low, or many frames in one
//                          transfer). The count alone cuts frames from here on, each an error if unended, none
//                          dropped, until a right packet begins behind a TLAST and ends with one
//
// Dropping comes first because a late TLAST otherwise makes a frame of the excess, a result that no packet asked
// for, and results and packets no longer pair up. The limit is there because without it a source that marks no ends
// would get one result and then none for ever. So a packet up to twice too long gives one frame, a source without
// TLAST loses its second frame only, and after any error the next TLAST makes packets and frames agree again.
//
// Reset forgets the frame under way: the next beat is the first of a frame. Combinational from input to output (no
// latency, a beat per clock); error_pulse_o is high in the clock after the beat that broke the rule, frame_error_o
// from then on until reset. s_data_i and s_last_i may be anything while s_valid_i is low.
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
  output logic                frame_error_o,
  output logic                error_pulse_o
);
  localparam int unsigned CountBits = Beats > 1 ? unsigned'($clog2(Beats)) : 1;

  typedef enum logic [1:0] {Pass, Fill, Drop} state_e;

  state_e state_q, state_d;
  logic [CountBits-1:0] count_q, count_d;
  logic absent_q, absent_d;  // TLAST does not come: frames by the count alone
  logic behind_last_q, behind_last_d;  // the frame under way began behind a TLAST
  logic frame_end, in_beat, step, broken, pulse_q, error_q;

  assign frame_end = count_q == CountBits'(Beats - 1);
  assign in_beat = s_valid_i && s_ready_o;
  assign m_data_o = state_q == Fill ? '0 : s_data_i;

  always_comb begin
    state_d = state_q;
    count_d = count_q;
    absent_d = absent_q;
    behind_last_d = behind_last_q;
    broken = 1'b0;
    m_valid_o = 1'b0;
    s_ready_o = 1'b0;
    step = 1'b0;
    case (state_q)
      Pass: begin
        m_valid_o = s_valid_i;
        s_ready_o = m_ready_i;
        step = in_beat;
        if (in_beat) begin
          broken = frame_end != s_last_i;
          if (frame_end && s_last_i && behind_last_q) absent_d = 1'b0;
          if (frame_end || s_last_i) behind_last_d = s_last_i;
          if (s_last_i && !frame_end) state_d = Fill;
          if (frame_end && !s_last_i && !absent_q) state_d = Drop;
        end
      end
      Fill: begin
        m_valid_o = 1'b1;
        step = m_ready_i;
        if (step && frame_end) state_d = Pass;
      end
      default: begin  // Drop
        s_ready_o = 1'b1;
        step = in_beat;
        if (in_beat && (s_last_i || frame_end)) begin
          state_d = Pass;
          behind_last_d = s_last_i;
          absent_d = !s_last_i;
        end
      end
    endcase
    if (step) count_d = count_q + 1'b1;
    if (step && (frame_end || state_q == Drop && s_last_i)) count_d = '0;
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= Pass;
      count_q <= '0;
      absent_q <= 1'b0;
      behind_last_q <= 1'b1;
      pulse_q <= 1'b0;
      error_q <= 1'b0;
    end else begin
      state_q <= state_d;
      count_q <= count_d;
      absent_q <= absent_d;
      behind_last_q <= behind_last_d;
      pulse_q <= broken;
      error_q <= error_q || broken;
    end
  end

  assign error_pulse_o = pulse_q;
  assign frame_error_o = error_q;
endmodule
