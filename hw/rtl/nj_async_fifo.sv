// First-in first-out memory of Depth beats in LUTs between two clocks, with an output register.
//
// Each side counts its beats, and the other side sees the count in Gray code through two registers: of a code that changes
// one bit at a time a clock sees the old or the new value, whenever it looks. So each side knows of the other what was
// true some clocks ago: there may be more room, or more beats, than it knows, and never less. free_o: the places that are
// free as far as the writing side knows; s_ready_o: there is one. All depend on registers only. A beat needs one clock of
// the writing side and three or four of the reading side. Reset both sides at once, for four clocks of the slower one at
// least, with no beat offered.
module nj_async_fifo #(
  parameter int unsigned Depth = 16,  // a power of two, 4 to 4096
  parameter int unsigned Bits  = 8,
  localparam int unsigned Address = Depth > 1 ? unsigned'($clog2(Depth)) : 1
) (
  input  logic             w_clk_i,
  input  logic             w_rst_i,
  input  logic             s_valid_i,
  output logic             s_ready_o,
  input  logic [Bits-1:0]  s_data_i,
  output logic [Address:0] free_o,
  input  logic             r_clk_i,
  input  logic             r_rst_i,
  output logic             m_valid_o,
  input  logic             m_ready_i,
  output logic [Bits-1:0]  m_data_o
);
  if (Depth < 4 || Depth > 4096 || Depth != 1 << Address) begin : gen_check_depth
    $error("nj_async_fifo: Depth = %0d, must be a power of two from 4 to 4096", Depth);
  end

  (* ram_style = "distributed" *) logic [Bits-1:0] beats [Depth];
  logic [Address:0] written_q, read_q, written_gray_q, read_gray_q;  // counts, and the same in Gray code
  (* ASYNC_REG = "TRUE" *) logic [Address:0] written_near_q, written_seen_q, read_near_q, read_seen_q;

  // the writing side
  logic push;
  logic [Address:0] written, written_gray, read_known, free_q;
  assign s_ready_o = free_q != '0;
  assign free_o = free_q;
  assign push = s_valid_i && s_ready_o;
  assign written = written_q + (Address + 1)'(push);
  nj_gray #(.Bits(Address + 1)) u_written (.binary_i(written), .gray_o(written_gray));
  nj_ungray #(.Bits(Address + 1)) u_read_known (.gray_i(read_seen_q), .binary_o(read_known));
  always_ff @(posedge w_clk_i) begin
    if (push) beats[written_q[Address-1:0]] <= s_data_i;
    written_q <= written;
    written_gray_q <= written_gray;
    read_near_q <= read_gray_q;
    read_seen_q <= read_near_q;
    free_q <= (Address + 1)'(Depth) - (written - read_known);
    if (w_rst_i) begin
      {written_q, written_gray_q, read_near_q, read_seen_q} <= '0;
      free_q <= (Address + 1)'(Depth);
    end
  end

  // the reading side
  logic pop, valid_q;
  logic [Address:0] read, read_gray, written_known;
  logic [Bits-1:0] data_q;
  nj_gray #(.Bits(Address + 1)) u_read (.binary_i(read), .gray_o(read_gray));
  nj_ungray #(.Bits(Address + 1)) u_written_known (.gray_i(written_seen_q), .binary_o(written_known));
  assign pop = written_known != read_q && (!valid_q || m_ready_i);
  assign read = read_q + (Address + 1)'(pop);
  always_ff @(posedge r_clk_i) begin
    read_q <= read;
    read_gray_q <= read_gray;
    written_near_q <= written_gray_q;
    written_seen_q <= written_near_q;
    if (pop) data_q <= beats[read_q[Address-1:0]];
    if (pop) valid_q <= 1'b1;
    else if (m_ready_i) valid_q <= 1'b0;
    if (r_rst_i) {read_q, read_gray_q, written_near_q, written_seen_q, valid_q} <= '0;
  end
  assign m_valid_o = valid_q;
  assign m_data_o = data_q;
endmodule
