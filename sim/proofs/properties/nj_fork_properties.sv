// nj_fork: each output puts out every beat once, at its own time, and the input is taken when all have; nothing is lost,
// doubled or changed, and no output waits for another.
//
// A beat that waits at the input stays as it is, as it does behind every module.
module nj_fork_properties #(
  parameter int unsigned Outputs = 2,
  parameter int unsigned Bits    = 2
) (
  input logic               clk_i,
  input logic               reset_i,
  input logic               s_valid_i,
  input logic [Bits-1:0]    s_data_i,
  input logic [Outputs-1:0] m_ready_i
);
  logic rst, s_ready, take, waits_q;
  logic [Bits-1:0] m_data, data_q;
  logic [Outputs-1:0] m_valid, give, ahead_q;  // ahead_q: the beat that was given and is not taken at the input yet
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  assign give = m_valid & m_ready_i;

  nj_fork #(.Outputs(Outputs), .Bits(Bits)) u_fork (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );
  for (genvar i = 0; i < int'(Outputs); i++) begin : gen_output
    nj_stable #(.Bits(Bits)) u_stable (
      .clk_i, .rst_i(rst), .valid_i(m_valid[i]), .ready_i(m_ready_i[i]), .data_i(m_data)
    );
  end

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    waits_q <= !rst && s_valid_i && !s_ready;
    data_q <= s_data_i;
    if (waits_q && started_q) assume (rst || (s_valid_i && s_data_i == data_q));

    for (int unsigned i = 0; i < Outputs; i++) ahead_q[i] <= (ahead_q[i] || give[i]) && !take;
    if (rst) begin
      ahead_q <= '0;
    end else begin
      for (int unsigned i = 0; i < Outputs; i++) begin
        assert (m_valid[i] == (s_valid_i && !ahead_q[i]));  // once, and whatever the others do
        if (m_valid[i]) assert (m_data == s_data_i);
        if (take) assert (ahead_q[i] || give[i]);
      end
      if (&(ahead_q | m_ready_i)) assert (s_ready);
    end
  end
endmodule
