// Turns packets ended by TLAST into frames of exactly Beats beats, and says when a packet was none.
//
//   right      Beats beats, TLAST on the last: passed on as they are
//   short      TLAST too early: passed on, then filled with zero beats up to Beats; an error
//   unended    beat Beats without TLAST; an error. What follows depends on DropExcess:
//              0: the next beat begins the next frame. No frame is lost when only TLAST was missing (many frames
//                 in one transfer); what a packet has too many becomes a short frame of its own.
//              1: beats are dropped up to and with the next TLAST. A packet gives one frame whatever its length,
//                 but where only TLAST was missing the next frame is lost.
//              The two cannot be told apart without storing a frame.
//
// After any error the next TLAST makes packets and frames agree again. Combinational from input to output
// (no latency, a beat per clock); error_pulse_o is high in the clock after the beat that broke the rule,
// frame_error_o from then on until reset.
module nj_frame_sync #(
  parameter int unsigned Beats      = 64,
  parameter int unsigned DataBits   = 8,
  parameter bit          DropExcess = 1'b0
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
  logic [CountBits-1:0] count_q;
  logic frame_end, out_beat, broken, pulse_q, error_q;

  assign frame_end = count_q == CountBits'(Beats - 1);
  assign out_beat = m_valid_o && m_ready_i;
  assign m_data_o = state_q == Fill ? '0 : s_data_i;

  always_comb begin
    state_d = state_q;
    broken = 1'b0;
    m_valid_o = 1'b0;
    s_ready_o = 1'b0;
    case (state_q)
      Pass: begin
        m_valid_o = s_valid_i;
        s_ready_o = m_ready_i;
        if (out_beat && frame_end != s_last_i) begin
          broken = 1'b1;
          if (s_last_i) state_d = Fill;
          else if (DropExcess) state_d = Drop;
        end
      end
      Fill: begin
        m_valid_o = 1'b1;
        if (m_ready_i && frame_end) state_d = Pass;
      end
      default: begin
        s_ready_o = 1'b1;
        if (s_valid_i && s_last_i) state_d = Pass;
      end
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= Pass;
      count_q <= '0;
      pulse_q <= 1'b0;
      error_q <= 1'b0;
    end else begin
      state_q <= state_d;
      if (out_beat) count_q <= frame_end ? '0 : count_q + 1'b1;
      pulse_q <= broken;
      error_q <= error_q || broken;
    end
  end

  assign error_pulse_o = pulse_q;
  assign frame_error_o = error_q;
endmodule
