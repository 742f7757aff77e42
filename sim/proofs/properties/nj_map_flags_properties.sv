// nj_map_flags: cells pass as they are offered, marked by their place; the last of a frame waits for its frame's end and
// carries its frame's flag; room_o is what nj_frame_flags says.
//
// A free input marks one end, whichever; the number of frames ahead of it tells which last cell is its.
module nj_map_flags_properties #(
  parameter int unsigned Rows    = 2,
  parameter int unsigned Columns = 2,
  parameter int unsigned Depth   = 4
) (
  input logic clk_i,
  input logic reset_i,
  input logic mark_i,
  input logic end_i,
  input logic broken_i,
  input logic s_valid_i,
  input logic m_ready_i
);
  localparam int unsigned CountBits = $clog2(Depth + 2);
  localparam int unsigned PlaceBits = $clog2(Rows * Columns + 1);

  logic rst, room, s_ready, m_valid, m_last, m_end, broken, give, last, finish, known;
  logic allowed_q, marked_q, want_q, waits_q;
  logic [CountBits-1:0] inside_q, ahead_q;
  logic [PlaceBits-1:0] place_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign last = place_q % PlaceBits'(Columns) == PlaceBits'(Columns - 1);
  assign finish = place_q == PlaceBits'(Rows * Columns - 1);
  assign known = !finish || inside_q != '0;
  assign give = m_valid && m_ready_i && finish;

  nj_map_flags #(.Rows(Rows), .Columns(Columns), .Depth(Depth)) u_flags (
    .clk_i, .rst_i(rst), .end_i, .broken_i, .room_o(room), .s_valid_i, .s_ready_o(s_ready), .m_valid_o(m_valid),
    .m_ready_i, .m_last_o(m_last), .m_end_o(m_end), .m_broken_o(broken)
  );
  nj_stable #(.Bits(3)) u_stable (
    .clk_i, .rst_i(rst), .valid_i(m_valid), .ready_i(m_ready_i), .data_i({m_last, m_end, broken})
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    waits_q <= !rst && s_valid_i && !s_ready;
    if (waits_q && started_q) assume (rst || s_valid_i);
    if (!rst) assume (!end_i || allowed_q);  // as nj_frame_sync does it

    allowed_q <= room || (allowed_q && !end_i);
    inside_q <= inside_q + CountBits'(end_i) - CountBits'(give);
    if (m_valid && m_ready_i) place_q <= finish ? '0 : place_q + 1'b1;
    if (give) ahead_q <= ahead_q - 1'b1;
    if (!marked_q && end_i && mark_i) begin
      marked_q <= 1'b1;
      want_q <= broken_i;
      ahead_q <= inside_q - CountBits'(give);
    end else if (give && ahead_q == '0) begin
      marked_q <= 1'b0;
    end
    if (rst) begin
      {inside_q, marked_q, place_q} <= '0;
      allowed_q <= 1'b1;
    end else begin
      assert (inside_q <= CountBits'(Depth));
      assert (room == (inside_q <= CountBits'(Depth / 2)));
      assert (m_last == last && m_end == finish);
      assert (m_valid == (s_valid_i && known));
      assert (s_ready == (m_ready_i && known));
      if (!finish) assert (!broken);
      if (finish && marked_q && ahead_q == '0 && m_valid) assert (broken == want_q);
    end
  end
endmodule
