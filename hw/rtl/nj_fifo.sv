// First-in first-out memory of Depth beats in LUTs, with an output register.
//
// A beat needs two clocks from input to output when the memory is empty. One beat in and one out per clock; s_ready_o
// and m_valid_o depend on registers only. Holds Depth + 1 beats, the register included.
module nj_fifo #(
  parameter int unsigned Depth = 16,  // a power of two, 2 to 4096
  parameter int unsigned Bits  = 8
) (
  input  logic            clk_i,
  input  logic            rst_i,
  input  logic            s_valid_i,
  output logic            s_ready_o,
  input  logic [Bits-1:0] s_data_i,
  output logic            m_valid_o,
  input  logic            m_ready_i,
  output logic [Bits-1:0] m_data_o
);
  localparam int unsigned Address = Depth > 1 ? unsigned'($clog2(Depth)) : 1;

  if (Depth < 2 || Depth > 4096 || Depth != 1 << Address) begin : gen_check_depth
    $error("nj_fifo: Depth = %0d, must be a power of two from 2 to 4096", Depth);
  end

  (* ram_style = "distributed" *) logic [Bits-1:0] beats [Depth];
  logic [Address-1:0] write_q, read_q;  // in the order of nj_pkg::around
  logic filled_q;  // when both are the same: full, not empty
  logic valid_q, same, push, pop;
  logic [Bits-1:0] data_q;

  assign same = write_q == read_q;
  assign s_ready_o = !(same && filled_q);
  assign push = s_valid_i && s_ready_o;
  assign pop = !(same && !filled_q) && (!valid_q || m_ready_i);

  always_ff @(posedge clk_i) begin
    if (push) write_q <= Address'(nj_pkg::around(32'(write_q), Address));
    if (pop) read_q <= Address'(nj_pkg::around(32'(read_q), Address));
    if (push != pop) filled_q <= push;
    if (pop) valid_q <= 1'b1;
    else if (m_ready_i) valid_q <= 1'b0;
    if (rst_i) {write_q, read_q, filled_q, valid_q} <= '0;
  end

  always_ff @(posedge clk_i) begin
    if (push) beats[write_q] <= s_data_i;
    if (pop) data_q <= beats[read_q];
  end

  assign m_valid_o = valid_q;
  assign m_data_o = data_q;
endmodule
