// Packs the beats of a frame into words of Simd bits.
//
// A beat wider than a word is split: word k of it is bits k*Simd and on, filled up with zeros; the beat waits at the
// input until its last word is taken. Else as many beats as fit, P = Simd / InBits, make a word, the first beat lowest.
// The last word of a frame may have fewer beats: they end at bit P*InBits as in a full word, with zeros below. The bits of
// a word above P*InBits are zero. A word goes out a clock after its last beat, while the next one is collected.
module nj_words #(
  parameter int unsigned InBits = 1,
  parameter int unsigned Beats  = 16,  // of a frame
  parameter int unsigned Simd   = 8
) (
  input  logic              clk_i,
  input  logic              rst_i,
  input  logic              s_valid_i,
  output logic              s_ready_o,
  input  logic [InBits-1:0] s_data_i,
  output logic              m_valid_o,
  input  logic              m_ready_i,
  output logic [Simd-1:0]   m_data_o
);
  localparam int unsigned Fit    = InBits > Simd ? 1 : Simd / InBits;
  localparam int unsigned Packed = Fit > Beats ? Beats : Fit;  // beats of a word
  localparam int unsigned Pieces = (InBits + Simd - 1) / Simd;  // words of a beat

  if (Pieces > 1) begin : gen_split
    localparam int unsigned PieceBits = unsigned'($clog2(Pieces));
    logic [Pieces*Simd-1:0] pieces;
    logic [PieceBits-1:0] piece_q;
    logic last;
    always_comb begin
      pieces = '0;
      pieces[InBits-1:0] = s_data_i;
    end
    assign last = piece_q == PieceBits'(Pieces - 1);
    always_ff @(posedge clk_i) begin
      if (rst_i) piece_q <= '0;
      else if (s_valid_i && m_ready_i) piece_q <= last ? '0 : PieceBits'(nj_pkg::next(32'(piece_q)));
    end
    assign m_valid_o = s_valid_i;
    assign s_ready_o = m_ready_i && last;
    nj_select #(.Ways(Pieces), .Bits(Simd)) u_select (.x_i(pieces), .index_i(piece_q), .y_o(m_data_o));
  end else if (Packed == 1) begin : gen_pass
    assign m_valid_o = s_valid_i;
    assign s_ready_o = m_ready_i;
    always_comb begin
      m_data_o = '0;
      m_data_o[InBits-1:0] = s_data_i;
    end
    logic unused;
    assign unused = &{clk_i, rst_i};
  end else begin : gen_pack
    localparam int unsigned Rest = Beats % Packed;  // beats of the last word, 0 when it is full
    localparam int unsigned BeatBits = unsigned'($clog2(Packed));
    logic [Packed*InBits-1:0] word_q;
    logic [BeatBits-1:0] beat_q;
    logic full_q, take, last, short;
    assign s_ready_o = !full_q || m_ready_i;
    assign take      = s_valid_i && s_ready_o;
    assign last      = beat_q == BeatBits'(Packed - 1) || short;
    assign m_valid_o = full_q;
    always_comb begin
      m_data_o = '0;
      m_data_o[Packed*InBits-1:0] = word_q;
    end

    if (Rest == 0) begin : gen_even
      assign short = 1'b0;
      always_ff @(posedge clk_i) if (take) word_q <= (Packed * InBits)'({s_data_i, word_q} >> InBits);
    end else begin : gen_rest
      localparam int unsigned Full = Beats / Packed;  // words
      localparam int unsigned WordBits = unsigned'($clog2(Full + 1));
      logic [WordBits-1:0] index_q;
      logic end_word;
      assign end_word = index_q == WordBits'(Full);
      assign short    = end_word && beat_q == BeatBits'(Rest - 1);
      always_ff @(posedge clk_i) begin
        if (rst_i) index_q <= '0;
        else if (take && last) index_q <= end_word ? '0 : WordBits'(nj_pkg::next(32'(index_q)));
        if (take) begin
          word_q <= (Packed * InBits)'({s_data_i, word_q} >> InBits);
          if (beat_q == '0) word_q[(Packed-1)*InBits-1:0] <= '0;
        end
      end
    end
    always_ff @(posedge clk_i) begin
      if (rst_i) begin
        full_q <= 1'b0;
        beat_q <= '0;
      end else begin
        if (take) full_q <= last;
        else if (m_ready_i) full_q <= 1'b0;
        if (take) beat_q <= last ? '0 : BeatBits'(nj_pkg::next(32'(beat_q)));
      end
    end
  end
endmodule
