// A beat that waits for ready stays as it is: valid_i stays high and data_i unchanged until it is taken.
module nj_stable #(
  parameter int unsigned Bits = 8
) (
  input logic            clk_i,
  input logic            rst_i,
  input logic            valid_i,
  input logic            ready_i,
  input logic [Bits-1:0] data_i
);
  logic waits_q = 1'b0;
  logic [Bits-1:0] data_q;

  always_ff @(posedge clk_i) begin
    waits_q <= !rst_i && valid_i && !ready_i;
    data_q <= data_i;
    if (!rst_i && waits_q) begin
      assert (valid_i);
      assert (data_i == data_q);
    end
  end
endmodule
