// 3x3 jets of integer maps, several clocks per window, selected output by output from a memory.
//
//   out[o] = Constant[o] + sum over c of 0 or +-(a jet)[c], thresholded: >= 0
//
// Map c of slot s is the one of number s*Words+w in the beat, w = 0 to Words-1 coming one after the other. The jets of a
// word of maps are made in one adder per slot (nj_jet_steps, nj_jet_responses: 20 clocks, 14 where a pixel completes no window)
// while those of the word before are selected and summed (nj_jet_sums: a clock per group of outputs); windows come in
// raster order. Padding reads as 0. Clocks of a frame: hw/jets/schedule.py.
module nj_jets #(
  parameter int unsigned Height = 8,
  parameter int unsigned Width  = 8,
  parameter int unsigned Stride = 1,  // 1 or 2
  parameter int unsigned Pad    = 1,  // 0 or 1
  parameter int unsigned InBits = 4,
  parameter bit          Signed = 1'b1,
  parameter int unsigned Slots  = 1,  // a power of two
  parameter int unsigned Words  = 4,
  parameter int unsigned Lanes  = 1,
  parameter int unsigned Outputs = 4,
  parameter int unsigned SumBits = 10,
  parameter int unsigned ConstantBits = 8,
  parameter bit          Thresholded  = 1'b1,
  parameter int unsigned OutBits = 1,
  parameter bit          Block  = 1'b0,
  parameter bit          Joined = 1'b0,
  // verilog_lint: waive explicit-parameter-storage-type
  parameter              File   = "",  // of nj_jet_sums, as Block to Constant
  localparam int unsigned Groups        = (Outputs + Lanes - 1) / Lanes,
  localparam int unsigned Depth         = ((Words - 1) << unsigned'($clog2(Groups))) + Groups,
  localparam int unsigned LineBits      = Lanes * (Slots * 5 + (Joined ? ConstantBits : 0)),
  localparam int unsigned SelectionBits = File == "" ? Depth * LineBits : 1,
  parameter bit [SelectionBits-1:0] Selection = '0,
  parameter bit [Groups*Lanes*ConstantBits-1:0] Constant = '0
) (
  input  logic                          clk_i,
  input  logic                          rst_i,
  input  logic                          s_valid_i,
  output logic                          s_ready_o,
  input  logic [Slots*Words*InBits-1:0] s_data_i,
  output logic                          m_valid_o,
  input  logic                          m_ready_i,
  output logic [Outputs*OutBits-1:0]    m_data_o
);
  localparam int unsigned Wide    = Width + 2 * Pad;
  localparam int unsigned XBits   = unsigned'($clog2(Wide));
  localparam int unsigned MapBits = Words > 1 ? unsigned'($clog2(Words)) : 1;
  localparam int unsigned JetBits = InBits + (Signed ? 4 : 5);

  logic advance, done, used, row, framed, column, keep_column, keep_row, first, double, minus, load, put;
  logic [XBits-1:0] x;
  logic [MapBits-1:0] map;
  logic [1:0] operand, order;
  logic [3:0] index;
  logic [Slots*JetBits-1:0] jet;

  // the pixel that is worked on, so that the layer in front makes the next one meanwhile
  logic beat_valid_q, beat_end;
  logic [Slots*Words*InBits-1:0] beat_q;
  assign s_ready_o = !beat_valid_q || beat_end;
  always_ff @(posedge clk_i) begin
    if (rst_i) beat_valid_q <= 1'b0;
    else if (s_ready_o) beat_valid_q <= s_valid_i;
    if (s_ready_o) beat_q <= s_data_i;
  end

  // how many words of jets are there, of two; the half of the memory that is written
  logic [1:0] full_q;
  logic half_q, put_half_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      full_q <= '0;
      half_q <= 1'b0;
    end else begin
      if (done != used) full_q <= done ? {full_q[0], !full_q[0]} : {1'b0, full_q[1]};
      half_q <= half_q ^ done;
    end
    if (advance) put_half_q <= half_q;
  end

  nj_jet_steps #(.Height(Height), .Width(Width), .Stride(Stride), .Pad(Pad), .Words(Words)) u_steps (
    .clk_i, .rst_i, .ce_i(advance), .s_valid_i(beat_valid_q), .s_ready_o(beat_end), .room_i(!full_q[1]),
    .done_o(done), .x_o(x), .map_o(map), .row_o(row), .framed_o(framed), .operand_o(operand), .order_o(order),
    .column_o(column), .keep_column_o(keep_column), .keep_row_o(keep_row), .first_o(first), .double_o(double),
    .minus_o(minus), .load_o(load), .put_o(put), .index_o(index)
  );
  for (genvar s = 0; s < int'(Slots); s++) begin : gen_slot
    nj_jet_responses #(.InBits(InBits), .Signed(Signed), .Wide(Wide), .Words(Words)) u_responses (
      .clk_i, .ce_i(advance), .x_i(beat_q[s*Words*InBits+:Words*InBits]), .column_x_i(x), .map_i(map), .row_i(row),
      .framed_i(framed), .operand_i(operand), .order_i(order), .column_i(column), .keep_column_i(keep_column),
      .keep_row_i(keep_row), .first_i(first), .double_i(double), .minus_i(minus), .load_i(load),
      .jet_o(jet[s*JetBits+:JetBits])
    );
  end
  nj_jet_sums #(
    .JetBits(JetBits), .Slots(Slots), .Words(Words), .Lanes(Lanes), .Outputs(Outputs), .SumBits(SumBits),
    .ConstantBits(ConstantBits), .Thresholded(Thresholded), .OutBits(OutBits), .Block(Block), .Joined(Joined), .File(File),
    .Selection(Selection), .Constant(Constant)
  ) u_sums (
    .clk_i, .rst_i, .advance_o(advance), .full_i(full_q), .used_o(used), .put_i(put), .half_i(put_half_q),
    .index_i(index), .jet_i(jet), .m_valid_o, .m_ready_i, .m_data_o
  );
endmodule
