// Elman layer: a dense layer of +-1 weights over the rows of a map, which reads its own last output.
//
//   h[t][o] = 1 if the sum over the beats of row t and of h[t-1] (Weight ? x : -x, x = 0 or 1) >= Threshold[o], else 0
//   m_data_o = h[Rows-1], COut bits; in front of row 0 all bits of h are 0
//
// In: Rows * Columns beats of CIn bits per frame. Out: one beat per frame, Pieces * Fold + 2 clocks after the last pixel
// was accepted, Pieces = ceil(COut / CIn), or later where a row is so short that its state is not there yet. A row has
// Columns + Pieces beats, of which the last are the state (nj_elman_rows), and nj_dense takes Fold clocks for each. A
// result that waits for m_ready_i stops the input when the second row of the next frame needs its state.
module nj_elman #(
  parameter int unsigned Rows    = 4,
  parameter int unsigned Columns = 4,
  parameter int unsigned CIn     = 8,
  parameter int unsigned COut    = 8,
  parameter int unsigned Fold    = 1,  // divides COut
  localparam int unsigned Beats  = Columns + (COut + CIn - 1) / CIn,  // of a row
  // bit (t*COut+o)*CIn+c: 1 = +1, 0 = -1, of bit c of beat t; anything where the state's last beat is filled up
  parameter bit [Beats*COut*CIn-1:0] Weight = '0,
  parameter int unsigned ThrBits = 16,
  parameter bit [COut*ThrBits-1:0] Threshold = '0
) (
  input  logic            clk_i,
  input  logic            rst_i,
  input  logic            s_valid_i,
  output logic            s_ready_o,
  input  logic [CIn-1:0]  s_data_i,
  output logic            m_valid_o,
  input  logic            m_ready_i,
  output logic [COut-1:0] m_data_o
);
  logic x_valid, x_ready, h_valid, h_ready;
  logic [CIn-1:0] x;
  logic [COut-1:0] h;

  nj_elman_rows #(.Rows(Rows), .Columns(Columns), .CIn(CIn), .COut(COut)) u_rows (
    .clk_i, .rst_i, .s_valid_i, .s_ready_o, .s_data_i, .x_valid_o(x_valid), .x_ready_i(x_ready), .x_data_o(x),
    .h_valid_i(h_valid), .h_ready_o(h_ready), .h_data_i(h), .m_valid_o, .m_ready_i, .m_data_o
  );
  nj_dense #(
    .Beats(Beats), .CIn(CIn), .COut(COut), .Fold(Fold), .Weight(Weight), .Thresholded(1'b1), .ThrBits(ThrBits),
    .Threshold(Threshold)
  ) u_dense (
    .clk_i, .rst_i, .s_valid_i(x_valid), .s_ready_o(x_ready), .s_data_i(x), .m_valid_o(h_valid), .m_ready_i(h_ready),
    .m_data_o(h)
  );
endmodule
