// Plays any video into nj_camera_accelerator: beats with starts, ends and resets between, from a file.
//
// +beats=<file>  a record per beat: a byte of flags (1 last, 2 reset before it, 4 start), then the beat, high byte first
// +log=<file>    a line per event: F <hash> <broken> for a frame that nj_camera_sync, or nj_frame_sync, has passed on;
//                R <word> <cycle> <last> <broken> for a result; E <cycle> for a breach of the protocol; X for a reset;
//                D <cycle> when all was sent and nothing came for +quiet clocks; S <cycle> when nothing moved for +silence
// +view=<file>   a line per pixel of the network, in hexadecimal; x for a reset
// +idle, +stall: in 1/65536, probability that there is no beat, and that a result is not taken. While there is none the
// beat is noise. hash of a frame's beats: h = h * 1664525 + the XOR of the beat's 32-bit words, from 0.
module nj_camera_bench #(
  parameter int unsigned InBits    = 8,   // of s_axis_tdata, a multiple of 8
  parameter int unsigned DataBits  = 8,   // of these that are pixels
  parameter int unsigned ViewBits  = 8,
  parameter int unsigned OutBits   = 16,  // of m_axis_tdata
  parameter int unsigned PointBits = 1    // of operating_point, which is 0
) (
  output logic done_o
);
  localparam int unsigned ResetCycles = 4;
  localparam int unsigned Words = (InBits + 31) / 32;

  logic clk = 1'b0;
  logic rst_n = 1'b0;
  logic done_q = 1'b0;
  always #1 clk = !clk;
  assign done_o = done_q;

  string beat_name, log_name, view_name;
  int beat_file, log_file, view_file;
  int unsigned count, idle, stall, seed, silence, quiet, got;
  logic [31:0] random_q;
  logic [Words-1:0][31:0] noise;

  logic [InBits+7:0] beat;
  logic [InBits-1:0] in_data_q;
  logic in_valid_q = 1'b0, in_last_q = 1'b0, in_user_q = 1'b0, in_ready;
  logic [OutBits-1:0] out_data, held_data_q;
  logic out_valid, out_last, out_broken, out_error, held_broken_q, held_q = 1'b0;
  logic out_ready_q = 1'b0, frame_end;
  int unsigned sent, silent, resetting;
  longint unsigned cycle;

  nj_camera_accelerator u_accelerator (
    .ap_clk       (clk),
    .ap_rst_n     (rst_n),
    .operating_point(PointBits'(0)),
    .s_axis_tdata (in_data_q),
    .s_axis_tvalid(in_valid_q),
    .s_axis_tready(in_ready),
    .s_axis_tuser (in_user_q),
    .s_axis_tlast (in_last_q),
    .frame_cut    (1'b0),
    .m_axis_tdata (out_data),
    .m_axis_tvalid(out_valid),
    .m_axis_tready(out_ready_q),
    .m_axis_tlast (out_last),
    .m_axis_tuser (out_broken),
    .frame_error  (out_error),
    .frame_error_pulse(),
    .frame_end    (frame_end)
  );

  // what is passed on of frames, and what the network sees of them
  logic [Words-1:0][31:0] passed;
  logic [31:0] folded, hash, hash_q;
  always_comb begin
    passed = '0;
    passed[(DataBits-1)/32:0] = ((DataBits - 1) / 32 * 32 + 32)'(u_accelerator.frames_tdata);
    folded = '0;
    for (int i = 0; i < int'(Words); i++) folded ^= passed[i];
    hash = hash_q * 32'd1664525 + folded;
  end

  task automatic load_beat();
    if (sent < count) begin
      got = $fread(beat, beat_file);
      if (got != InBits / 8 + 1) $fatal(1, "beat %0d: %0d bytes in the file, %0d expected", sent, got, InBits / 8 + 1);
    end
  endtask

  task automatic finish_with(input string how);
    $fwrite(log_file, "%s %0d\n", how, cycle);
    $fclose(log_file);
    $fclose(view_file);
    done_q <= 1'b1;
  endtask

  initial begin
    if (!$value$plusargs("beats=%s", beat_name) || !$value$plusargs("log=%s", log_name)
        || !$value$plusargs("view=%s", view_name) || !$value$plusargs("count=%d", count))
      $fatal(1, "+beats=, +log=, +view= and +count= are needed");
    if (!$value$plusargs("idle=%d", idle)) idle = 0;
    if (!$value$plusargs("stall=%d", stall)) stall = 0;
    if (!$value$plusargs("stall_seed=%d", seed)) seed = 1;
    if (!$value$plusargs("silence=%d", silence)) silence = 1_000_000;
    if (!$value$plusargs("quiet=%d", quiet)) quiet = 10_000;
    beat_file = $fopen(beat_name, "rb");
    log_file = $fopen(log_name, "w");
    view_file = $fopen(view_name, "w");
    if (beat_file == 0 || log_file == 0 || view_file == 0) $fatal(1, "cannot open %s, %s or %s", beat_name, log_name, view_name);
    random_q = seed ^ 32'h9E37_79B9;
    {sent, silent, hash_q} = '0;
    resetting = ResetCycles;
    cycle = 0;
    load_beat();
  end

  function automatic logic [31:0] xorshift(input logic [31:0] x);
    x ^= x << 13;
    x ^= x >> 17;
    return x ^ (x << 5);
  endfunction

  always_comb for (int i = 0; i < int'(Words); i++) noise[i] = random_q * (32'h9E37_79B1 + 32'(2 * i));

  always @(posedge clk) begin
    if (!done_q) begin
      cycle <= cycle + 1;
      silent <= silent + 1;
      random_q <= xorshift(random_q);
      rst_n <= resetting == 0;
      if (resetting != 0) resetting <= resetting - 1;

      if (rst_n && u_accelerator.frames_tvalid && u_accelerator.frames_tready) begin
        silent <= 0;
        hash_q <= frame_end ? '0 : hash;
        if (frame_end) $fwrite(log_file, "F %h %b\n", hash, u_accelerator.end_broken);
      end
      if (rst_n && u_accelerator.view_tvalid && u_accelerator.view_tready)
        $fwrite(view_file, "%h\n", ViewBits'(u_accelerator.view_tdata));

      // sink
      out_ready_q <= random_q[31:16] >= stall[15:0];
      if (rst_n && out_valid && out_ready_q) begin
        silent <= 0;
        $fwrite(log_file, "R %h %0d %b %b\n", out_data, cycle, out_last, out_broken);
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
        {in_last_q, in_user_q} <= random_q[10:9];
        if (resetting == 0 && rst_n && sent < count) begin
          if (beat[InBits+1]) begin
            $fwrite(log_file, "X\n");
            $fwrite(view_file, "x\n");
            beat[InBits+1] = 1'b0;
            resetting <= ResetCycles;
            rst_n <= 1'b0;
            hash_q <= '0;
          end else if (random_q[15:0] >= idle[15:0]) begin
            in_valid_q <= 1'b1;
            in_data_q <= beat[InBits-1:0];
            in_last_q <= beat[InBits];
            in_user_q <= beat[InBits+2];
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
