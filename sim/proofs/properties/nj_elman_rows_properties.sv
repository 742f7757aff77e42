// nj_elman_rows, whatever the matrix is: pixels go to it as they come, behind each row its last result in pieces, in the
// first row of a frame zeros, and the result of a frame's last row goes out. Every output is said for every clock.
// Assumed of the matrix: it holds at most Inside rows, and gives a result only for a row that it has.
module nj_elman_rows_properties #(
  parameter int unsigned Rows    = 2,
  parameter int unsigned Columns = 2,
  parameter int unsigned CIn     = 2,
  parameter int unsigned COut    = 3,
  parameter int unsigned Inside  = 3
) (
  input logic            clk_i,
  input logic            reset_i,
  input logic            s_valid_i,
  input logic [CIn-1:0]  s_data_i,
  input logic            x_ready_i,
  input logic            h_valid_i,
  input logic [COut-1:0] h_data_i,
  input logic            m_ready_i
);
  localparam int unsigned Pieces = (COut + CIn - 1) / CIn;
  localparam int unsigned Bits   = $clog2(Columns + Pieces + Rows + Inside + 1) + 1;

  logic rst, s_ready, x_valid, x_ready, h_valid, h_ready, m_valid, step, give, piece, there;
  logic [CIn-1:0] x_data, wanted;
  logic [COut-1:0] m_data, state_q;
  logic [Pieces*CIn-1:0] filled;
  logic [Bits-1:0] beat_q, row_q, result_q, inside_q;  // place in the row, row that goes in, row whose result is next
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign x_ready = x_ready_i && inside_q < Bits'(Inside);
  assign h_valid = h_valid_i && inside_q > 0;
  assign step = x_valid && x_ready;
  assign give = h_valid && h_ready;
  assign piece = beat_q >= Bits'(Columns);
  assign there = row_q == 0 || inside_q == 0;  // the result of the row in front has come, as those before it
  assign filled = (Pieces * CIn)'(state_q);
  assign wanted = CIn'(filled >> (32'(beat_q) - Columns) * CIn);

  nj_elman_rows #(.Rows(Rows), .Columns(Columns), .CIn(CIn), .COut(COut)) u_rows (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .x_valid_o(x_valid), .x_ready_i(x_ready),
    .x_data_o(x_data), .h_valid_i(h_valid), .h_ready_o(h_ready), .h_data_i, .m_valid_o(m_valid), .m_ready_i,
    .m_data_o(m_data)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    if (step) begin
      beat_q <= beat_q == Bits'(Columns + Pieces - 1) ? '0 : beat_q + 1'b1;
      if (beat_q == Bits'(Columns + Pieces - 1)) row_q <= row_q == Bits'(Rows - 1) ? '0 : row_q + 1'b1;
    end
    inside_q <= inside_q + Bits'(step && beat_q == Bits'(Columns + Pieces - 1)) - Bits'(give);
    if (give) result_q <= result_q == Bits'(Rows - 1) ? '0 : result_q + 1'b1;
    if (give && result_q < Bits'(Rows - 1)) state_q <= h_data_i;
    if (rst) {beat_q, row_q, result_q, inside_q} <= '0;
    if (!rst) begin
      assert (s_ready == (x_ready && !piece));
      assert (x_valid == (piece ? there : s_valid_i));
      if (x_valid) assert (x_data == (!piece ? s_data_i : row_q == 0 ? '0 : wanted));
      assert (m_valid == (h_valid && result_q == Bits'(Rows - 1)));
      if (m_valid) assert (m_data == h_data_i);
      assert (h_ready == (result_q == Bits'(Rows - 1) ? m_ready_i : 1'b1) || inside_q == 0);
    end
  end
endmodule
