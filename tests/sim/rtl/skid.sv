// A one-entry register stage, y = x + Add, with a planted fault to choose: what the shared bench must catch.
module skid #(
  parameter int unsigned Width = 8,
  parameter logic [255:0] Add = '0,
  parameter int unsigned Fault = 0  // 1 valid falls, 2 data changes under stall, 3 one beat too many, 4 swallows beats, 5 hangs
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             s_valid_i,
  output logic             s_ready_o,
  input  logic [Width-1:0] s_data_i,
  input  logic             s_last_i,
  output logic             m_valid_o,
  input  logic             m_ready_i,
  output logic [Width-1:0] m_data_o,
  output logic             m_last_o
);
  logic [Width-1:0] data_q;
  logic valid_q, last_q;
  logic [7:0] count_q;

  assign s_ready_o = !valid_q || m_ready_i;
  assign m_valid_o = (valid_q && !(Fault == 1 && count_q[2:0] == 3'd5)) || (Fault == 3 && count_q == 8'd100);
  assign m_data_o = (Fault == 2 && count_q[3:0] == 4'd9) ? ~data_q : data_q;
  assign m_last_o = last_q;

  always_ff @(posedge clk_i) begin
    count_q <= count_q + 8'd1;
    if (s_ready_o) begin
      valid_q <= s_valid_i && !(Fault == 4 && count_q == 8'd3);
      data_q <= s_data_i + Add[Width-1:0];
      last_q <= s_last_i;
    end
    if (rst_i) begin
      valid_q <= 1'b0;
      count_q <= 8'd0;
    end
  end

  if (Fault == 5) begin : gen_hang
    initial while (!$test$plusargs("end")) $write("");
  end
  if (Fault == 6) begin : gen_refuse
    $error("Width = %0d is refused", Width);
  end
endmodule
