// nj_fifo for simulations that find out how deep FIFOs must be: its depth is set when a run begins, and it is gauged.
//
//   +depth.<instance>=<n>   in place of Depth. 0: wires, as if there were no FIFO; else what nj_fifo does, clock by clock
//
// <instance> is the full name, as %m prints it. At the end of the run it prints a line
//   FIFO <instance> <held> <stalled>
// held: the most beats that waited in the memory at once; stalled: the most clocks in a row in which the layer behind it
// did not take the beat that was there.
module nj_fifo #(
  parameter int unsigned Depth = 0,  // 0: there is always room
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
  string name;
  int unsigned depth, count, held, stall, stalled;
  bit wires, endless;
  logic valid_q, full, push, pop;
  logic [Bits-1:0] data_q;
  logic [Bits-1:0] beats[$];

  initial begin
    $sformat(name, "depth.%m=%%d");
    depth = Depth;
    wires = 1'b0;
    if ($value$plusargs(name, depth)) wires = depth == 0;
    endless = depth == 0 && !wires;
    {held, stalled} = '0;
  end

  assign full      = !endless && count == depth;
  assign push      = s_valid_i && !full && !wires;
  assign pop       = count != 0 && (!valid_q || m_ready_i);
  assign s_ready_o = wires ? m_ready_i : !full;
  assign m_valid_o = wires ? s_valid_i : valid_q;
  assign m_data_o  = wires ? s_data_i : data_q;

  always_ff @(posedge clk_i) begin
    if (pop) data_q <= beats.pop_front();
    if (push) beats.push_back(s_data_i);
    if (pop) valid_q <= 1'b1;
    else if (m_ready_i) valid_q <= 1'b0;
    count <= count + 32'(push) - 32'(pop);
    stall <= m_valid_o && !m_ready_i ? stall + 1 : 0;
    if (count > held && !rst_i) held <= count;
    if (stall > stalled && !rst_i) stalled <= stall;
    if (rst_i) begin
      beats.delete();
      valid_q <= 1'b0;
      {count, stall} <= '0;
    end
  end

  final $display("FIFO %m %0d %0d", held, stalled);
endmodule
