// Stores two frames of Words words: while one is read, in any order and as often as wanted, the next comes in.
//
// m_valid_o: a whole frame is there, and m_data_o is its word m_word_i in the same clock. m_free_i gives the frame up; the
// next one shows in the clock after. Takes a word per clock while a frame's place is free; s_ready_o depends on
// registers only. Memory in LUTs, 32 or 64 words deep without selection.
module nj_frame_store #(
  parameter int unsigned Words = 8,  // at least 2
  parameter int unsigned Bits  = 8,
  localparam int unsigned WordBits = Words > 1 ? unsigned'($clog2(Words)) : 1
) (
  input  logic                clk_i,
  input  logic                rst_i,
  input  logic                s_valid_i,
  output logic                s_ready_o,
  input  logic [Bits-1:0]     s_data_i,
  output logic                m_valid_o,
  input  logic [WordBits-1:0] m_word_i,
  input  logic                m_free_i,
  output logic [Bits-1:0]     m_data_o
);
  (* ram_style = "distributed" *) logic [Bits-1:0] words [2**(WordBits+1)];
  logic [WordBits-1:0] write_q;
  logic write_bank_q, read_bank_q, push, push_end;
  logic [1:0] frames_q;  // 0 to 2

  assign s_ready_o = !frames_q[1];
  assign push      = s_valid_i && s_ready_o;
  assign push_end  = push && write_q == WordBits'(Words - 1);
  assign m_valid_o = frames_q != '0;
  assign m_data_o  = words[{read_bank_q, m_word_i}];

  always_ff @(posedge clk_i) begin
    if (push) words[{write_bank_q, write_q}] <= s_data_i;
    if (rst_i) begin
      write_q      <= '0;
      write_bank_q <= 1'b0;
      read_bank_q  <= 1'b0;
      frames_q     <= '0;
    end else begin
      if (push) write_q <= push_end ? '0 : WordBits'(nj_pkg::next(32'(write_q)));
      write_bank_q <= write_bank_q ^ push_end;
      read_bank_q  <= read_bank_q ^ m_free_i;
      if (push_end != m_free_i) frames_q <= push_end ? frames_q + 1'b1 : frames_q - 1'b1;
    end
  end
endmodule
