// First-in first-out memory of Depth beats in LUTs, with an output register.
//
// A beat needs two clocks from input to output when the memory is empty. One beat in and one out per clock; s_ready_o
// and m_valid_o depend on registers only. Holds Depth + 1 beats, the register included.
module nj_fifo #(
  parameter int unsigned Depth = 16,  // at least 2
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
  localparam int unsigned AddressBits = Depth > 1 ? unsigned'($clog2(Depth)) : 1;
  localparam int unsigned CountBits = unsigned'($clog2(Depth + 1));

  if (Depth < 2) begin : gen_check_depth
    $error("nj_fifo: Depth = %0d, must be at least 2", Depth);
  end

  (* ram_style = "distributed" *) logic [Bits-1:0] beats [Depth];
  logic [AddressBits-1:0] write_q, read_q;
  logic [CountBits-1:0] count_q;
  logic valid_q, full_q, push, pop;
  logic [Bits-1:0] data_q;

  assign s_ready_o = !full_q;
  assign push = s_valid_i && !full_q;
  assign pop = count_q != '0 && (!valid_q || m_ready_i);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      write_q <= '0;
      read_q <= '0;
      count_q <= '0;
      full_q <= 1'b0;
      valid_q <= 1'b0;
    end else begin
      if (push) write_q <= write_q == AddressBits'(Depth - 1) ? '0 : AddressBits'(nj_pkg::next(32'(write_q)));
      if (pop) read_q <= read_q == AddressBits'(Depth - 1) ? '0 : AddressBits'(nj_pkg::next(32'(read_q)));
      if (push != pop) begin
        count_q <= push ? count_q + 1'b1 : count_q - 1'b1;
        full_q <= push && count_q == CountBits'(Depth - 1);
      end
      if (pop) valid_q <= 1'b1;
      else if (m_ready_i) valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (push) beats[write_q] <= s_data_i;
    if (pop) data_q <= beats[read_q];
  end

  assign m_valid_o = valid_q;
  assign m_data_o = data_q;
endmodule
