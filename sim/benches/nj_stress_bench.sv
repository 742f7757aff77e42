// Feeds nj_accelerator beats that need not be whole frames, with resets between them, and records what comes out.
//
//   +beats=<file>   Count beats of InBits/8 + 1 bytes: flags (bit 0 TLAST, bit 1 reset before this beat), then the
//                   data, most significant byte first
//   +log=<file>     as nj_frame_bench writes it, but for first and last pixels, and with
//                     X <cycle> <frame_error>  reset begins, or the end; frame_error as it stands then
//   +count=<n> +idle=<0..65535> +stall=<0..65535> +stall_seed=<n> +silence=<n> +quiet=<n>
//
// With probability idle/65536 the source has no beat in a cycle; with probability stall/65536 the sink has no room
// in a cycle, and makes the next result wait for up to 2*Beats cycles. While there is no beat, data and TLAST are
// noise. A reset comes when the beat before was accepted; results that were still under way are gone then.
module nj_stress_bench #(
  parameter int unsigned InBits  = 8,   // of s_axis_tdata, a multiple of 8
  parameter int unsigned OutBits = 16,  // of m_axis_tdata
  parameter int unsigned Beats   = 64,  // pixels per frame
  parameter int unsigned PointBits = 1  // of operating_point, which is 0
) (
  output logic done_o
);
  localparam int unsigned ResetCycles = 4;
  localparam int unsigned NoiseWords = (InBits + 31) / 32;

  logic clk = 1'b0;
  logic rst_n = 1'b0;
  logic done_q = 1'b0;
  always #1 clk = !clk;
  assign done_o = done_q;

  string beat_name, log_name;
  int beat_file, log_file;
  int unsigned count, idle, stall, seed, silence, quiet, got;
  logic [31:0] random_q;
  logic [NoiseWords-1:0][31:0] noise;

  logic [InBits+7:0] beat;
  logic [InBits-1:0] in_data_q;
  logic in_valid_q = 1'b0, in_last_q = 1'b0, in_ready;
  logic [OutBits-1:0] out_data, held_data_q;
  logic out_valid, out_last, out_broken, out_error, held_broken_q, held_q = 1'b0;
  logic out_ready_q = 1'b0;
  int unsigned sent, hold, silent, resetting;
  longint unsigned cycle;

  nj_accelerator u_accelerator (
    .ap_clk       (clk),
    .ap_rst_n     (rst_n),
    .operating_point(PointBits'(0)),
    .s_axis_tdata (in_data_q),
    .s_axis_tvalid(in_valid_q),
    .s_axis_tready(in_ready),
    .s_axis_tlast (in_last_q),
    .m_axis_tdata (out_data),
    .m_axis_tvalid(out_valid),
    .m_axis_tready(out_ready_q),
    .m_axis_tlast (out_last),
    .m_axis_tuser (out_broken),
    .frame_error  (out_error),
    .frame_error_pulse(),
    .frame_end    ()
  );

  task automatic load_beat();
    if (sent < count) begin
      got = $fread(beat, beat_file);
      if (got != InBits / 8 + 1) $fatal(1, "beat %0d: %0d bytes in the file, %0d expected", sent, got, InBits / 8 + 1);
    end
  endtask

  task automatic finish_with(input string how);
    $fwrite(log_file, "X %0d %b\n%s %0d\n", cycle, out_error, how, cycle);
    $fclose(log_file);
    done_q <= 1'b1;
  endtask

  initial begin
    if (!$value$plusargs("beats=%s", beat_name) || !$value$plusargs("log=%s", log_name)
        || !$value$plusargs("count=%d", count)) $fatal(1, "+beats=, +log= and +count= are needed");
    if (!$value$plusargs("idle=%d", idle)) idle = 0;
    if (!$value$plusargs("stall=%d", stall)) stall = 0;
    if (!$value$plusargs("stall_seed=%d", seed)) seed = 1;
    if (!$value$plusargs("silence=%d", silence)) silence = 1_000_000;
    if (!$value$plusargs("quiet=%d", quiet)) quiet = 100 * Beats;
    beat_file = $fopen(beat_name, "rb");
    log_file = $fopen(log_name, "w");
    if (beat_file == 0 || log_file == 0) $fatal(1, "cannot open %s or %s", beat_name, log_name);
    random_q = seed ^ 32'h9E37_79B9;
    {sent, hold, silent} = '0;
    resetting = ResetCycles;
    cycle = 0;
    load_beat();
  end

  function automatic logic [31:0] xorshift(input logic [31:0] x);
    x ^= x << 13;
    x ^= x >> 17;
    return x ^ (x << 5);
  endfunction

  always_comb for (int i = 0; i < NoiseWords; i++) noise[i] = random_q * (32'h9E37_79B1 + 32'(2 * i));

  always @(posedge clk) begin
    if (!done_q) begin
      cycle <= cycle + 1;
      silent <= silent + 1;
      random_q <= xorshift(random_q);
      rst_n <= resetting == 0;
      if (resetting != 0) resetting <= resetting - 1;

      // sink
      out_ready_q <= hold == 0 && random_q[31:16] >= stall[15:0];
      if (hold != 0) hold <= hold - 1;
      if (rst_n && out_valid && out_ready_q) begin
        silent <= 0;
        $fwrite(log_file, "R %h %0d %b %b %b\n", out_data, cycle, out_last, out_error, out_broken);
        if (random_q[23:8] < stall[15:0]) begin
          out_ready_q <= 1'b0;
          hold <= random_q % (2 * Beats);
        end
      end
      held_q <= rst_n && out_valid && !out_ready_q;
      held_data_q <= out_data;
      held_broken_q <= out_broken;
      if (rst_n && held_q && (!out_valid || {out_data, out_broken} != {held_data_q, held_broken_q})) $fwrite(log_file, "E %0d\n", cycle);

      // source
      if (rst_n && in_valid_q && in_ready) silent <= 0;
      if (!in_valid_q || rst_n && in_ready) begin
        in_valid_q <= 1'b0;
        in_data_q <= InBits'(noise);
        in_last_q <= random_q[9];
        if (resetting == 0 && rst_n && sent < count) begin
          if (beat[InBits+1]) begin
            $fwrite(log_file, "X %0d %b\n", cycle, out_error);
            beat[InBits+1] = 1'b0;
            resetting <= ResetCycles;
            rst_n <= 1'b0;
          end else if (random_q[15:0] >= idle[15:0]) begin
            in_valid_q <= 1'b1;
            in_data_q <= beat[InBits-1:0];
            in_last_q <= beat[InBits];
            sent = sent + 1;
            load_beat();
          end
        end
      end

      // end
      if (sent == count && !in_valid_q && silent > quiet) finish_with("D");
      else if (silent > silence) finish_with("S");
    end
  end
endmodule
