// Gives each result the tag of its frame: what stood at tag_i with the last beat of the input that the frame was made of.
//
// beat_i: in this clock a beat is taken at the input, and tag_i is its tag. end_i: in this clock a frame ends, with this beat
// or, when it is filled up, after its last one. result_i: in this clock a frame's result is taken; tag_o is that frame's from
// the clock after its end until then. Results come in the order of the frames, each after its end, and at most Depth frames
// wait for theirs.
module nj_tags #(
  parameter int unsigned Depth = 32,  // a power of two, 2 to 4096; a shift register of LUTs a bit
  parameter int unsigned Bits  = 16
) (
  input  logic            clk_i,
  input  logic            rst_i,
  input  logic            beat_i,
  input  logic [Bits-1:0] tag_i,
  input  logic            end_i,
  input  logic            result_i,
  output logic [Bits-1:0] tag_o
);
  localparam int unsigned Address = Depth > 1 ? unsigned'($clog2(Depth)) : 1;

  if (Depth < 2 || Depth > 4096 || Depth != 1 << Address) begin : gen_check_depth
    $error("nj_tags: Depth = %0d, must be a power of two from 2 to 4096", Depth);
  end

  logic [Depth-1:0][Bits-1:0] tags_q;  // of the newest frame lowest
  logic [Address-1:0] oldest_q;  // where that of the oldest is
  logic [Bits-1:0] before_q;

  assign tag_o = tags_q[oldest_q];

  always_ff @(posedge clk_i) begin
    if (beat_i) before_q <= tag_i;
    if (end_i) tags_q <= {tags_q[Depth-2:0], beat_i ? tag_i : before_q};
    if (end_i != result_i) oldest_q <= end_i ? oldest_q + 1'b1 : oldest_q - 1'b1;
    if (rst_i) oldest_q <= '1;  // none
  end
endmodule
