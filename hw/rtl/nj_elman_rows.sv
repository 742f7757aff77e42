// What makes a matrix recurrent: rows of pixels go to it, behind each row its own last result, and the last result is out.
//
// A row is Columns beats of CIn bits (s), then the state in Pieces = ceil(COut / CIn) beats, its lowest bits first, filled
// up with zeros (x). The matrix gives a result of COut bits for each row (h), which is the state behind the next row. In
// front of the first row of a frame all bits are 0. The result of the Rows-th row goes out (m), and the state is cleared.
//
// Beats pass without a clock between. The state behind a row waits until the result of the row in front has come, a clock
// before. Pixels of the next frame pass meanwhile; its second row waits until the result of this one was taken. The
// contract with the matrix: a result comes behind the last beat of its row, and in order.
module nj_elman_rows #(
  parameter int unsigned Rows    = 4,
  parameter int unsigned Columns = 4,
  parameter int unsigned CIn     = 8,
  parameter int unsigned COut    = 8
) (
  input  logic            clk_i,
  input  logic            rst_i,
  input  logic            s_valid_i,
  output logic            s_ready_o,
  input  logic [CIn-1:0]  s_data_i,
  output logic            x_valid_o,
  input  logic            x_ready_i,
  output logic [CIn-1:0]  x_data_o,
  input  logic            h_valid_i,
  output logic            h_ready_o,
  input  logic [COut-1:0] h_data_i,
  output logic            m_valid_o,
  input  logic            m_ready_i,
  output logic [COut-1:0] m_data_o
);
  localparam int unsigned Pieces = (COut + CIn - 1) / CIn;
  localparam int unsigned Most   = Columns > Pieces ? Columns : Pieces;
  localparam int unsigned Low    = Most > 1 ? unsigned'($clog2(Most)) : 1;
  localparam int unsigned PieceBits = Pieces > 1 ? unsigned'($clog2(Pieces)) : 1;
  localparam bit [Low:0] First = (Low + 1)'((2 << Low) - Columns);  // so that the last pixel is all ones

  if (Rows < 1 || Columns < 1) begin : gen_check_size
    $error("nj_elman_rows: a map of %0d x %0d", Rows, Columns);
  end

  // The place in the row: First to all ones for pixels, 0 to Pieces - 1 for the state.
  logic [Low:0] beat_q;
  logic piece, step, row_end, last_row, frame_end;
  assign piece     = !beat_q[Low];
  assign step      = x_valid_o && x_ready_i;
  assign row_end   = step && beat_q == (Low + 1)'(Pieces - 1);
  assign frame_end = row_end && last_row;
  always_ff @(posedge clk_i) begin
    if (rst_i || row_end) beat_q <= First;
    else if (step) beat_q <= beat_q + 1'b1;
  end

  if (Rows > 1) begin : gen_rows
    localparam int unsigned RowBits = unsigned'($clog2(Rows));
    logic [RowBits-1:0] row_q;
    assign last_row = row_q == RowBits'(Rows - 1);
    always_ff @(posedge clk_i) begin
      if (rst_i || frame_end) row_q <= '0;
      else if (row_end) row_q <= row_q + 1'b1;
    end
  end else begin : gen_row
    assign last_row = 1'b1;
  end

  // Whose result comes next: that of a frame's last row, which goes out, or a state.
  logic owed, load;
  if (Rows > 1) begin : gen_owed
    logic owed_q;
    assign owed = owed_q;
    always_ff @(posedge clk_i) begin
      if (rst_i) owed_q <= 1'b0;
      else if (frame_end) owed_q <= 1'b1;
      else if (h_valid_i && m_ready_i) owed_q <= 1'b0;
    end
  end else begin : gen_always
    assign owed = 1'b1;
  end
  assign load = h_valid_i && !owed;

  // The state, and is it there?
  logic [COut-1:0] state_q;
  logic known_q;
  always_ff @(posedge clk_i) begin
    if (rst_i || frame_end) state_q <= '0;
    else if (load) state_q <= h_data_i;
    if (rst_i || frame_end || load) known_q <= 1'b1;
    else if (row_end) known_q <= 1'b0;
  end

  logic [Pieces*CIn-1:0] pieces;
  logic [CIn-1:0] state;
  always_comb begin
    pieces = '0;
    pieces[COut-1:0] = state_q;
  end
  nj_select #(.Ways(Pieces), .Bits(CIn)) u_piece (.x_i(pieces), .index_i(beat_q[PieceBits-1:0]), .y_o(state));

  assign x_valid_o = piece ? known_q : s_valid_i;
  assign x_data_o  = piece ? state : s_data_i;
  assign s_ready_o = x_ready_i && !piece;
  assign h_ready_o = m_ready_i || !owed;
  assign m_valid_o = h_valid_i && owed;
  assign m_data_o  = h_data_i;
endmodule
