// Keeps Rows lines from line Top on, and of each Columns beats from beat Left on, of frames of Height lines of Beats beats.
//
// The others are taken and dropped. Combinational from input to output, a beat per clock.
module nj_camera_crop #(
  parameter int unsigned Height   = 4,
  parameter int unsigned Beats    = 4,
  parameter int unsigned Top      = 1,
  parameter int unsigned Left     = 1,
  parameter int unsigned Rows     = 2,
  parameter int unsigned Columns  = 2,
  parameter int unsigned DataBits = 8
) (
  input  logic                clk_i,
  input  logic                rst_i,
  input  logic                s_valid_i,
  output logic                s_ready_o,
  input  logic [DataBits-1:0] s_data_i,
  output logic                m_valid_o,
  input  logic                m_ready_i,
  output logic [DataBits-1:0] m_data_o
);
  localparam int unsigned XBits = Beats > 1 ? unsigned'($clog2(Beats)) : 1;
  localparam int unsigned YBits = Height > 1 ? unsigned'($clog2(Height)) : 1;

  if (Rows == 0 || Columns == 0 || Top + Rows > Height || Left + Columns > Beats) begin : gen_check
    $error("nj_camera_crop: %0d lines from %0d of %0d, %0d beats from %0d of %0d", Rows, Top, Height, Columns, Left, Beats);
  end

  logic [XBits-1:0] x_q;
  logic [YBits-1:0] y_q;
  logic across_q, down_q;  // is the next beat, the line of it, inside?
  logic step, line_end;

  assign line_end = x_q == XBits'(Beats - 1);
  assign m_valid_o = s_valid_i && across_q && down_q;
  assign s_ready_o = m_ready_i || !(across_q && down_q);
  assign m_data_o = s_data_i;
  assign step = s_valid_i && s_ready_o;

  always_ff @(posedge clk_i) begin
    if (step) begin
      x_q <= line_end ? '0 : x_q + 1'b1;
      if (x_q == XBits'(Left + Columns - 1)) across_q <= 1'b0;
      if (x_q == XBits'((Left + Beats - 1) % Beats)) across_q <= 1'b1;
      if (line_end) begin
        y_q <= y_q == YBits'(Height - 1) ? '0 : y_q + 1'b1;
        if (y_q == YBits'(Top + Rows - 1)) down_q <= 1'b0;
        if (y_q == YBits'((Top + Height - 1) % Height)) down_q <= 1'b1;
      end
    end
    if (rst_i) begin
      {x_q, y_q} <= '0;
      across_q <= Left == 0;
      down_q <= Top == 0;
    end
  end
endmodule
