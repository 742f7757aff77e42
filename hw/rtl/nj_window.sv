// The last Kernel columns as a window, held for the Fold clocks that its outputs take.
//
// s_column_i: one column per beat, already summed downwards or not. s_emit_i: it completes a window. s_mask_i[c]: column c
// of the window (0 the oldest) lies inside the frame; otherwise it reads as Outside. m_window_o = {column Kernel-1, ..., 0}.
// m_round_o counts the clocks of a window from 0 to Fold-1. With Fold > 1 further columns move in behind the window
// that is held; with Fold 1 the columns themselves are what is read.
// Latency: 1 clock from the column that completes a window, 2 with Fold > 1.
module nj_window #(
  parameter int unsigned Kernel = 3,
  parameter int unsigned Bits   = 8,  // of a column
  parameter int unsigned Fold   = 1,
  parameter bit          Masked = 1'b1,  // 0: every window lies inside the frame
  parameter logic [Bits-1:0] Outside = '0,
  localparam int unsigned RoundBits = Fold > 1 ? unsigned'($clog2(Fold)) : 1
) (
  input  logic                   clk_i,
  input  logic                   rst_i,
  input  logic                   s_valid_i,
  output logic                   s_ready_o,
  input  logic                   s_emit_i,
  input  logic [Kernel-1:0]      s_mask_i,
  input  logic [Bits-1:0]        s_column_i,
  output logic                   m_valid_o,
  input  logic                   m_ready_i,
  output logic [Kernel*Bits-1:0] m_window_o,
  output logic [RoundBits-1:0]   m_round_o
);
  logic full_q, window_ready, take;
  assign s_ready_o = !full_q || window_ready;
  assign take      = s_ready_o && s_valid_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) full_q <= 1'b0;
    else if (s_ready_o) full_q <= s_valid_i && s_emit_i;
  end

  // Registers are reset to put in columns outside, which costs nothing. So with Fold 1 a column that is outside of this
  // window, but not of a later one, must be kept apart.
  logic [Kernel-1:0] mask;
  if (Masked) begin : gen_mask
    assign mask = s_mask_i;
  end else begin : gen_no_mask
    assign mask = '1;
    if (Kernel > 0) begin : gen_unused
      /* verilator lint_off UNUSEDSIGNAL */
      logic unused;
      assign unused = ^s_mask_i;
      /* verilator lint_on UNUSEDSIGNAL */
    end
  end

  logic [Bits-1:0] column [Kernel];  // what a window that the present column completes would hold
  if (Kernel > 1) begin : gen_past
    logic [Bits-1:0] past_q [Kernel-1];
    always_ff @(posedge clk_i) begin
      if (take) begin
        for (int c = 0; c < int'(Kernel) - 2; c++) past_q[c] <= past_q[c+1];
        past_q[Kernel-2] <= s_column_i;
      end
    end
    for (genvar c = 0; c < int'(Kernel) - 1; c++) begin : gen_column
      assign column[c] = past_q[c];
    end
  end
  assign column[Kernel-1] = s_column_i;

  if (Fold == 1) begin : gen_view
    assign window_ready = m_ready_i;
    assign m_valid_o    = full_q;
    assign m_round_o    = '0;
    always_ff @(posedge clk_i) begin
      if (take) begin
        for (int c = 0; c < int'(Kernel); c++) m_window_o[c*Bits+:Bits] <= mask[c] ? column[c] : Outside;
      end
    end
  end else begin : gen_hold
    logic [Bits-1:0]   last_q [Kernel];
    logic [Kernel-1:0] mask_q;
    logic              final_q;  // m_round_o is Fold-1
    always_ff @(posedge clk_i) begin
      if (take) begin
        for (int c = 0; c < int'(Kernel); c++) last_q[c] <= column[c];
        mask_q <= mask;
      end
    end
    assign window_ready = !m_valid_o || (m_ready_i && final_q);
    always_ff @(posedge clk_i) begin
      if (rst_i) begin
        m_valid_o <= 1'b0;
        m_round_o <= '0;
        final_q   <= 1'b0;
      end else begin
        if (window_ready) m_valid_o <= full_q;
        if (m_valid_o && m_ready_i) begin
          m_round_o <= final_q ? '0 : RoundBits'(nj_pkg::next(32'(m_round_o)));
          final_q   <= m_round_o == RoundBits'(Fold - 2);
        end
      end
      if (window_ready && full_q) begin
        for (int c = 0; c < int'(Kernel); c++) m_window_o[c*Bits+:Bits] <= mask_q[c] ? last_q[c] : Outside;
      end
    end
  end
endmodule
