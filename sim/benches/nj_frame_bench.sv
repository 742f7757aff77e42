// Feeds whole frames to nj_accelerator and records what comes out, at full speed, with its own clock.
//
//   +frames=<file>   frames of Beats beats of InBits/8 bytes, each beat's most significant byte first
//   +log=<file>      what happened, one line per event, cycles counted from 0 at the end of reset:
//                      F <cycle>  first and   L <cycle>  last pixel of a frame accepted
//                      R <hex data> <cycle> <tlast> <frame_error> <tuser>  a result, or a cell of a map, accepted
//                      E <cycle>  result withdrawn or changed before it was accepted
//                      S <cycle>  gave up: nothing accepted on either side for Silence cycles
//                      D <cycle>  the end: all results there and then Quiet cycles without another, or a flood
//   +points=<file>   operating points in hexadecimal, one a line and frame; without it 0. The point of a frame stands at the
//                    port from the clock after the (last) result of the frame before was taken
//   +count=<n>       frames to send; after every +pictures=<n> frames the file begins again
//   +stall=<0..65535> +stall_seed=<n> +silence=<n> +quiet=<n>
//   +period=<clocks>  pixels come evenly, a frame in so many clocks, and wait at the input when they are not taken
//
// Stalls, both drawn from one xorshift generator with probability stall/65536: the source has no pixel in a
// cycle; the sink makes a result wait for up to 2*Beats cycles, long enough to stop every layer behind it.
// While there is no pixel, data and TLAST are noise.
module nj_frame_bench #(
  parameter int unsigned InBits  = 8,   // of s_axis_tdata, a multiple of 8
  parameter int unsigned OutBits = 16,  // of m_axis_tdata
  parameter int unsigned Beats   = 64,  // pixels per frame
  parameter int unsigned PointBits = 1,  // of operating_point
  parameter int unsigned Cells   = 1,   // results of a frame: of a map its cells
  localparam int unsigned UserBits = Cells > 1 ? 2 : 1  // of m_axis_tuser: of a map the end of a frame, and broken
) (
  output logic done_o
);
  localparam int unsigned Flood = 100;  // results beyond twice as many as frames: they would never end
  localparam int unsigned NoiseWords = (InBits + 31) / 32;

  logic clk = 1'b0;
  logic rst_n = 1'b0;
  logic done_q = 1'b0;
  always #1 clk = !clk;
  assign done_o = done_q;

  string frame_name, log_name, point_name;
  int frame_file, log_file, point_file;
  logic [PointBits-1:0] point_q = '0, next_point = '0;
  int unsigned count, pictures, stall, seed, silence, quiet, period, got;
  logic [31:0] random_q;
  logic [NoiseWords-1:0][31:0] noise;

  logic [InBits-1:0] frame [Beats];
  logic [InBits-1:0] in_data_q;
  logic in_valid_q = 1'b0, in_last_q, in_first_q, in_ready;
  logic [OutBits-1:0] out_data, held_data_q;
  logic [UserBits-1:0] out_user, held_user_q;
  logic out_valid, out_last, out_error, held_last_q, held_q = 1'b0;
  logic out_ready_q = 1'b0;
  int unsigned position, frames_sent, results, cells, hold, silent;  // cells: of the frame whose results come
  longint unsigned cycle, due;  // due: pixels that have come, in units of 1/period

  nj_accelerator u_accelerator (
    .ap_clk       (clk),
    .ap_rst_n     (rst_n),
    .operating_point(point_q),
    .s_axis_tdata (in_data_q),
    .s_axis_tvalid(in_valid_q),
    .s_axis_tready(in_ready),
    .s_axis_tlast (in_last_q),
    .m_axis_tdata (out_data),
    .m_axis_tvalid(out_valid),
    .m_axis_tready(out_ready_q),
    .m_axis_tlast (out_last),
    .m_axis_tuser (out_user),
    .frame_error  (out_error),
    .frame_error_pulse(),
    .frame_end    ()
  );

  task automatic load_frame();
    if (frames_sent < count) begin
      if (frames_sent != 0 && frames_sent % pictures == 0) got = $rewind(frame_file);
      got = $fread(frame, frame_file);
      if (got != Beats * InBits / 8) $fatal(1, "frame %0d: %0d bytes in the file, %0d expected", frames_sent, got,
                                            Beats * InBits / 8);
    end
  endtask

  task automatic load_point();
    if (point_file != 0 && $fscanf(point_file, "%h\n", next_point) != 1) next_point = '0;
  endtask

  initial begin
    if (!$value$plusargs("frames=%s", frame_name) || !$value$plusargs("log=%s", log_name)
        || !$value$plusargs("count=%d", count)) $fatal(1, "+frames=, +log= and +count= are needed");
    if (!$value$plusargs("pictures=%d", pictures)) pictures = count;
    point_file = $value$plusargs("points=%s", point_name) ? $fopen(point_name, "r") : 0;
    if (!$value$plusargs("stall=%d", stall)) stall = 0;
    if (!$value$plusargs("stall_seed=%d", seed)) seed = 1;
    if (!$value$plusargs("silence=%d", silence)) silence = 1_000_000;
    if (!$value$plusargs("quiet=%d", quiet)) quiet = 2 * Beats;
    if (!$value$plusargs("period=%d", period)) period = 0;
    frame_file = $fopen(frame_name, "rb");
    log_file = $fopen(log_name, "w");
    if (frame_file == 0 || log_file == 0) $fatal(1, "cannot open %s or %s", frame_name, log_name);
    random_q = seed ^ 32'h9E37_79B9;
    {position, frames_sent, results, cells, hold, silent} = '0;
    {cycle, due} = '0;
    if (stall != 0) hold = Beats;  // the first result waits too
    load_frame();
    load_point();
    point_q <= next_point;
    repeat (8) @(posedge clk);
    rst_n <= 1'b1;
  end

  function automatic logic [31:0] xorshift(input logic [31:0] x);
    x ^= x << 13;
    x ^= x >> 17;
    return x ^ (x << 5);
  endfunction

  always_comb for (int i = 0; i < NoiseWords; i++) noise[i] = random_q * (32'h9E37_79B1 + 32'(2 * i));

  always @(posedge clk) begin
    if (rst_n && !done_q) begin
      cycle <= cycle + 1;
      silent <= silent + 1;
      random_q <= xorshift(random_q);

      // source
      due <= due + Beats;
      if (in_valid_q && in_ready) begin
        silent <= 0;
        if (in_first_q) $fwrite(log_file, "F %0d\n", cycle);
        if (in_last_q) $fwrite(log_file, "L %0d\n", cycle);
      end
      if (!in_valid_q || in_ready) begin
        in_valid_q <= 1'b0;
        in_data_q <= InBits'(noise);
        in_last_q <= random_q[9];
        in_first_q <= random_q[10];
        if (frames_sent < count && random_q[15:0] >= stall[15:0] && due >= period) begin
          in_valid_q <= 1'b1;
          due <= due + Beats - period;
          in_data_q <= frame[position];
          in_first_q <= position == 0;
          in_last_q <= position == Beats - 1;
          position <= position + 1;
          if (position == Beats - 1) begin
            position <= 0;
            frames_sent = frames_sent + 1;
            load_frame();
          end
        end
      end

      // sink
      out_ready_q <= hold == 0;
      if (hold != 0 && out_valid) hold <= hold - 1;  // while a result waits, however long it took to come
      if (out_valid && out_ready_q) begin
        silent <= 0;
        cells <= cells == Cells - 1 ? 0 : cells + 1;
        if (cells == Cells - 1) begin
          results <= results + 1;
          load_point();
          point_q <= next_point;
        end
        $fwrite(log_file, "R %h %0d %b %b %b\n", out_data, cycle, out_last, out_error, out_user);
        if (random_q[31:16] < stall[15:0]) begin
          out_ready_q <= 1'b0;
          hold <= random_q % (2 * Beats);
        end
      end
      held_q <= out_valid && !out_ready_q;
      held_data_q <= out_data;
      held_user_q <= out_user;
      held_last_q <= out_last;
      if (held_q && (!out_valid || {out_data, out_last, out_user} != {held_data_q, held_last_q, held_user_q}))
        $fwrite(log_file, "E %0d\n", cycle);

      // end
      if (results >= count && silent > quiet) begin
        $fwrite(log_file, "D %0d\n", cycle);
        $fclose(log_file);
        done_q <= 1'b1;
      end else if (results > 2 * count + Flood) begin
        $fwrite(log_file, "D %0d\n", cycle);
        $fclose(log_file);
        done_q <= 1'b1;
      end else if (silent > silence) begin
        $fwrite(log_file, "S %0d\n", cycle);
        $fclose(log_file);
        done_q <= 1'b1;
      end
    end
  end
endmodule
