// Tells which pixels of a raster a stride keeps: those whose row and column are multiples of Stride. The stream itself is
// combinational.
module nj_skip #(
  parameter int unsigned Height = 8,
  parameter int unsigned Width  = 8,
  parameter int unsigned Stride = 1
) (
  input  logic clk_i,
  input  logic rst_i,
  input  logic step_i,  // a pixel is taken
  output logic keep_o   // of the pixel that is next
);
  if (Stride == 1) begin : gen_every
    /* verilator lint_off UNUSEDSIGNAL */
    logic unused;
    assign unused = ^{clk_i, rst_i, step_i};
    /* verilator lint_on UNUSEDSIGNAL */
    assign keep_o = 1'b1;
  end else begin : gen_some
    localparam int unsigned XBits = unsigned'($clog2(Width + 1));
    localparam int unsigned YBits = unsigned'($clog2(Height + 1));
    localparam int unsigned PhaseBits = unsigned'($clog2(Stride));
    logic [XBits-1:0] x_q;
    logic [YBits-1:0] y_q;
    logic [PhaseBits-1:0] x_phase_q, y_phase_q;
    logic row_end, frame_end;
    assign row_end   = x_q == XBits'(Width - 1);
    assign frame_end = y_q == YBits'(Height - 1);
    assign keep_o    = x_phase_q == '0 && y_phase_q == '0;
    always_ff @(posedge clk_i) begin
      if (rst_i) begin
        {x_q, y_q, x_phase_q, y_phase_q} <= '0;
      end else if (step_i) begin
        x_q       <= row_end ? '0 : x_q + 1'b1;
        x_phase_q <= row_end || x_phase_q == PhaseBits'(Stride - 1) ? '0 : x_phase_q + 1'b1;
        if (row_end) begin
          y_q       <= frame_end ? '0 : y_q + 1'b1;
          y_phase_q <= frame_end || y_phase_q == PhaseBits'(Stride - 1) ? '0 : y_phase_q + 1'b1;
        end
      end
    end
  end
endmodule
