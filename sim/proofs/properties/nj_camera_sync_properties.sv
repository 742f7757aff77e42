// nj_camera_sync: what a beat makes due is decided here when it is taken: zero beats in front of it, itself or nothing, and
// zero beats behind it. A beat that only cuts is none. This comes out in order, and nothing else. Starts are the first beats of frames, of Height x Beats
// beats each. A frame is broken exactly when a zero beat was filled in or a line did not end with its last beat. No frame
// begins before a clock after room_i. Errors are told once a frame, and once for beats of no frame behind a right one.
module nj_camera_sync_properties #(
  parameter int unsigned Height   = 2,
  parameter int unsigned Beats    = 2,
  parameter int unsigned DataBits = 1
) (
  input logic                clk_i,
  input logic                reset_i,
  input logic                s_valid_i,
  input logic [DataBits-1:0] s_data_i,
  input logic                s_user_i,
  input logic                s_last_i,
  input logic                s_cut_i,
  input logic                m_ready_i,
  input logic                room_i
);
  localparam int unsigned Size = Height * Beats;
  localparam int unsigned CountBits = $clog2(2 * Size + 2);

  logic rst, s_ready, m_valid, take, give, ends, end_broken, error, pulse;
  logic [DataBits-1:0] m_data;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  assign give = m_valid && m_ready_i;

  nj_camera_sync #(.Height(Height), .Beats(Beats), .DataBits(DataBits)) u_sync (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .s_user_i, .s_last_i, .s_cut_i, .m_valid_o(m_valid),
    .m_ready_i, .m_data_o(m_data), .room_i, .end_o(ends), .end_broken_o(end_broken), .frame_error_o(error),
    .error_pulse_o(pulse)
  );
  nj_stable #(.Bits(DataBits)) u_stable (.clk_i, .rst_i(rst), .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data));

  // what the beat at the input makes due, behind the place_q beats of its frame that are due by those before it
  logic [CountBits-1:0] place_q, x, ahead, behind;
  logic frame_q, skip_q, due, fault, line_end;
  always_comb begin
    x = s_user_i ? '0 : place_q % CountBits'(Beats);
    line_end = x == CountBits'(Beats - 1);
    due = !s_cut_i && (s_user_i || (frame_q && !skip_q));
    ahead = (s_user_i || s_cut_i) && frame_q ? CountBits'(Size) - place_q : '0;
    behind = due && s_last_i ? CountBits'(Beats - 1) - x : '0;
    fault = due && s_last_i != line_end;
  end

  // what is due now: zeros_q beats of zeros, then the beat that was taken last if due_q, then behind_q beats of zeros
  logic [CountBits-1:0] zeros_q, behind_q, out_q, left;
  logic [DataBits-1:0] want_q;
  logic due_q, start_q, fault_q, holding_q, idle_q, spoiled_q, spoiled;
  assign left = !give ? zeros_q : zeros_q != '0 ? zeros_q - 1'b1 : behind_q;
  assign spoiled = zeros_q != '0 || fault_q || (spoiled_q && out_q != '0);  // the frame, with this beat out

  // seen_q: told of this frame, or of the gap behind it; inside_q: a frame was under way a clock ago
  logic seen_q, stray_q, inside_q, ended_q, broken_q, error_q, begins;
  assign begins = give && out_q == '0;

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    if (take) begin
      if (due) begin
        place_q <= (s_user_i ? '0 : place_q) + 1'b1 + behind;
        frame_q <= (s_user_i ? '0 : place_q) + 1'b1 + behind != CountBits'(Size);
      end else if (s_cut_i) begin
        frame_q <= 1'b0;
      end
      skip_q <= due ? line_end && !s_last_i : skip_q && !s_last_i && !s_cut_i;
      want_q <= s_data_i;
      behind_q <= behind;
      start_q <= s_user_i;
      fault_q <= fault;
    end
    due_q <= take ? due : due_q && !(give && zeros_q == '0);
    zeros_q <= left + (take ? ahead : '0);
    if (give) begin
      out_q <= out_q == CountBits'(Size - 1) ? '0 : out_q + 1'b1;
      spoiled_q <= spoiled;
    end
    holding_q <= (holding_q || ends) && !room_i;
    idle_q <= !m_valid && !holding_q && (due_q || zeros_q != '0);

    ended_q <= ends;
    broken_q <= end_broken;
    inside_q <= begins || (inside_q && !ended_q);
    seen_q <= !begins && (seen_q || pulse);
    stray_q <= !begins && (stray_q || (take && !s_user_i && !s_cut_i && !frame_q));
    error_q <= error_q || pulse;

    if (rst) begin
      {place_q, frame_q, skip_q, due_q, zeros_q, behind_q, out_q, holding_q, idle_q} <= '0;
      {ended_q, inside_q, stray_q, error_q} <= '0;
      seen_q <= 1'b1;
    end else begin
      if (m_valid) begin
        assert (zeros_q != '0 || due_q);
        assert (m_data == (zeros_q != '0 ? '0 : want_q));
        if (zeros_q == '0) assert (start_q == (out_q == '0));
        if (out_q == '0) assert (zeros_q == '0 && !holding_q);
      end
      assert (ends == (give && out_q == CountBits'(Size - 1)));
      if (ends) assert (end_broken == spoiled);
      if (idle_q) assert (m_valid);  // a clock to see that a frame is cut, no more
      if (!due_q && zeros_q == '0) assert (s_ready);

      assert (error == (error_q || pulse));
      if (pulse) assert (!seen_q && (inside_q || stray_q));
      if (ended_q) assert ((seen_q || pulse) == broken_q);
      if (begins && stray_q) assert (seen_q || pulse);
    end
  end
endmodule
