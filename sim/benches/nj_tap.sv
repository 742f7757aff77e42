// Writes every handshaken beat of one stream to a file, one hexadecimal line each, after the first
// +tap_skip=<n> frames of Beats beats. Bound into the accelerator when a differing frame is looked into.
module nj_tap #(
  parameter int unsigned Width = 8,
  parameter int unsigned Beats = 1,
  parameter string File = "tap.hex"
) (
  input logic             clk_i,
  input logic             rst_ni,
  input logic             valid_i,
  input logic             ready_i,
  input logic [Width-1:0] data_i
);
  int file;
  int unsigned frames;
  longint unsigned skip;

  initial begin
    if (!$value$plusargs("tap_skip=%d", frames)) frames = 0;
    skip = frames * 64'(Beats);
    file = $fopen(File, "w");
    if (file == 0) $fatal(1, "cannot write %s", File);
  end

  always @(posedge clk_i) begin
    if (rst_ni && valid_i && ready_i) begin
      if (skip != 0) skip <= skip - 1;
      else $fwrite(file, "%h\n", data_i);
    end
  end

  final $fclose(file);
endmodule
