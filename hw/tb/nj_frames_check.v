// Sends the frames of frames.mem to an accelerator, back to back or with stalls, and compares its results with golden.mem.
// Plain Verilog-2005, for any simulator.
//
//   +nj_root=DIR    the folder in which tb/ lies; without it frames.mem and golden.mem lie where the simulation runs
//   +nj_frames=N    how many frames, from the first; without it all
//   +nj_stall=P     percent from 0 to 90: with this probability the source has no pixel in a clock, and the sink is not ready
//                   in a clock or makes a result wait for up to two frames, long enough to stop every layer
//   +nj_seed=N      of the stalls
//
// Its last line begins with PASS or FAIL. Faults are a result that differs, is missing, doubled, withdrawn or changed before it
// was taken, unknown bits, m_last_i not high, m_broken_i or error_i high; without stalls also a frame that takes more than Cycles
// clocks. The first and the last gap between results are left out of that: they belong to filling and draining.
//
// It makes clock and reset. Frames begin when start_i is high. Once all results came, done_o is high, and the line is written
// when stop_i is high too. fault_i counts as a fault in every clock in which it is high.
module nj_frames_check #(
  parameter integer InBits  = 8,
  parameter integer OutBits = 8,
  parameter integer Beats   = 64,      // pixels of a frame
  parameter integer Frames  = 1,       // in frames.mem
  parameter integer Cycles  = 64,      // that a frame may take
  parameter integer Silence = 100000   // clocks in which nothing moves, after which it is given up
) (
  output reg                clk_o,
  output reg                rst_n_o,
  input  wire               start_i,
  input  wire               stop_i,
  input  wire               fault_i,
  output reg                done_o,
  output reg  [InBits-1:0]  s_data_o,
  output reg                s_valid_o,
  input  wire               s_ready_i,
  output reg                s_last_o,
  input  wire [OutBits-1:0] m_data_i,
  input  wire               m_valid_i,
  output reg                m_ready_o,
  input  wire               m_last_i,
  input  wire               m_broken_i,
  input  wire               error_i
);
  localparam integer RootBits = 8 * 1000;
  localparam integer PathBits = 8 * 1024;
  localparam integer EndMark = 90;  // the word behind the last one of both files: 5a
  localparam integer NoiseWords = (InBits + 31) / 32;
  localparam integer Shown = 10;  // faults that are written out

  // verilog_lint: waive-start unpacked-dimensions-range-ordering (Verilog-2005 has ranges only)
  reg [InBits-1:0]   frames [0:Frames*Beats];
  reg [OutBits-1:0]  golden [0:Frames];
  integer            ends [0:Frames-1];  // the clock in which each frame's last pixel was taken
  // verilog_lint: waive-stop unpacked-dimensions-range-ordering
  reg [RootBits-1:0] root;
  reg [PathBits-1:0] path;
  reg                rooted, ended, slow;
  integer count, stall, seed, limit;  // limit: stall in 1/65536
  integer sent, position, taken, right, faults, hold, silent, cycle;
  integer first_result, last_result, latency;
  reg [31:0] random;
  reg [NoiseWords*32-1:0] noise;
  reg [OutBits-1:0] held_data;
  reg held, held_broken;

  initial begin
    clk_o = 1'b0;
    rst_n_o = 1'b0;
    {ended, slow, done_o, s_valid_o, s_last_o, m_ready_o, held, held_broken} = 8'd0;
    s_data_o = {InBits{1'b0}};
    held_data = {OutBits{1'b0}};
    sent = 0;
    position = 0;
    taken = 0;
    right = 0;
    faults = 0;
    silent = 0;
    cycle = 0;
    first_result = 0;
    last_result = 0;
    latency = 0;
    rooted = $value$plusargs("nj_root=%s", root) != 0;
    if ($value$plusargs("nj_frames=%d", count) == 0) count = Frames;
    if ($value$plusargs("nj_stall=%d", stall) == 0) stall = 0;
    if ($value$plusargs("nj_seed=%d", seed) == 0) seed = 1;
    if (count < 1 || count > Frames || stall < 0 || stall > 90) begin
      $display("FAIL: +nj_frames=%0d must be from 1 to %0d, and +nj_stall=%0d from 0 to 90", count, Frames, stall);
      give_up;
    end
    limit = stall * 65536 / 100;
    hold = stall == 0 ? 0 : Beats;  // the first result waits too
    random = seed ^ 32'h9e3779b9;
    if (random == 32'd0) random = 32'd1;
    path = rooted ? {root, "/tb/frames.mem"} : "frames.mem";
    $readmemh(path, frames);
    if (frames[Frames*Beats] !== EndMark) lacking;
    path = rooted ? {root, "/tb/golden.mem"} : "golden.mem";
    $readmemh(path, golden);
    if (golden[Frames] !== EndMark) lacking;
  end

  always #5 clk_o = !clk_o;

  always @(posedge clk_o) if (!ended) begin
    cycle = cycle + 1;
    if (cycle == 8) rst_n_o <= 1'b1;
    random = random ^ (random << 13);
    random = random ^ (random >> 17);
    random = random ^ (random << 5);
    noise = {NoiseWords{random}};
    if (fault_i) fault;
    if (rst_n_o) begin
      if (start_i) silent = silent + 1;
      source;
      sink;
      if (silent > Silence) begin
        fault;
        $display("clock %0d: nothing moved any more after %0d of %0d results", cycle, taken, count);
        finish;
      end else if (taken >= count && silent > 2 * Beats) begin
        done_o <= 1'b1;
        if (done_o && stop_i) finish;
      end
    end
  end

  // A pixel that was not taken stays. While there is none, data and last are noise.
  task automatic source;
    begin
      if (s_valid_o && s_ready_i === 1'bx) begin
        fault;
        if (faults <= Shown) $display("clock %0d: s_ready is unknown", cycle);
      end
      if (s_valid_o && s_ready_i) begin
        silent = 0;
        if (s_last_o) ends[sent-1] = cycle;
      end
      if (!s_valid_o || s_ready_i) begin
        s_valid_o <= 1'b0;
        s_data_o <= noise[InBits-1:0];
        s_last_o <= random[9];
        if (start_i && sent < count && random[15:0] >= limit) begin
          s_valid_o <= 1'b1;
          s_data_o <= frames[sent*Beats+position];
          s_last_o <= position == Beats - 1;
          position = position + 1;
          if (position == Beats) begin
            position = 0;
            sent = sent + 1;
          end
        end
      end
    end
  endtask

  task automatic sink;
    begin
      if (m_valid_i === 1'bx) begin
        fault;
        if (faults <= Shown) $display("clock %0d: m_valid is unknown", cycle);
      end
      if (held && (m_valid_i !== 1'b1 || m_data_i !== held_data || m_broken_i !== held_broken)) begin
        fault;
        if (faults <= Shown) $display("clock %0d: a result was withdrawn or changed before it was taken", cycle);
      end
      held = m_valid_i && !m_ready_o;
      held_data = m_data_i;
      held_broken = m_broken_i;
      m_ready_o <= hold == 0 && random[31:16] >= limit;
      if (hold != 0 && m_valid_i) hold = hold - 1;  // while a result waits
      if (m_valid_i && m_ready_o) begin
        silent = 0;
        result;
        taken = taken + 1;
        if (random[31:16] < limit) begin
          m_ready_o <= 1'b0;
          hold = random % (2 * Beats);
        end
      end
    end
  endtask

  task automatic result;
    if (taken >= count) begin
      fault;
      if (faults <= Shown) $display("clock %0d: a result too many, %h", cycle, m_data_i);
    end else begin
      if (m_data_i === golden[taken]) right = right + 1;
      else begin
        fault;
        if (faults <= Shown) $display("frame %0d: the result is %h, and golden.mem has %h", taken, m_data_i, golden[taken]);
      end
      if (m_last_i !== 1'b1 || m_broken_i !== 1'b0 || error_i !== 1'b0) begin
        fault;
        if (faults <= Shown) $display("frame %0d: last, broken, frame_error are %b, %b, %b and must be 1, 0, 0", taken, m_last_i,
                                      m_broken_i, error_i);
      end
      if (cycle - ends[taken] > latency) latency = cycle - ends[taken];
      if (taken == 1) first_result = cycle;
      if (taken == count - 2) last_result = cycle;
    end
  endtask

  task automatic fault;
    faults = faults + 1;
  endtask

  // The file at path is not there, or was cut.
  task automatic lacking;
    begin
      $display("FAIL: %0s is not there or was cut; say with +nj_root=DIR in which folder tb/ lies", path);
      give_up;
    end
  endtask

  task automatic give_up;
    begin
      ended = 1'b1;
      $finish;
    end
  endtask

  task automatic finish;
    begin
      slow = stall == 0 && count >= 5 && taken >= count && last_result - first_result > (count - 3) * Cycles;
      if (slow) $display("%0d frames took %0d clocks, and %0d were promised for each", count - 3, last_result - first_result, Cycles);
      if (faults != 0 || slow || right != count) $write("FAIL: ");
      else $write("PASS: ");
      if (count < Frames) $write("%0d of ", count);
      $write("%0d frames, %0d mismatches", Frames, count - right);
      if (faults != 0) $write(", %0d faults", faults);
      if (stall != 0) $display(", with stalls (%0d percent, seed %0d)", stall, seed);
      else begin
        if (count >= 5) $write(", %0d clocks per frame", (last_result - first_result + count - 4) / (count - 3));
        $display(", %0d clocks from the last pixel to the result", latency);
      end
      give_up;
    end
  endtask
endmodule
