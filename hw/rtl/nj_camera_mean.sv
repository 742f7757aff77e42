// A sum over its weights, rounded half up: y = (x + Weight / 2) / Weight in integers, for each of Channels sums.
//
// Where all weights are powers of two this is a shift, combinational. Else long division, a bit of the quotient per clock:
// OutBits clocks, a beat per clock; all of it waits while a result is not taken. x is less than Weight << OutBits, and so
// is x + Weight / 2. Weight of channel c: bits [16c +: 16].
module nj_camera_mean #(
  parameter int unsigned Channels = 1,
  parameter int unsigned Bits     = 14,  // of a sum
  parameter int unsigned OutBits  = 8,
  parameter logic [Channels*16-1:0] Weight = 16'd64
) (
  input  logic                        clk_i,
  input  logic                        rst_i,
  input  logic                        s_valid_i,
  output logic                        s_ready_o,
  input  logic [Channels*Bits-1:0]    s_data_i,
  output logic                        m_valid_o,
  input  logic                        m_ready_i,
  output logic [Channels*OutBits-1:0] m_data_o
);
  function automatic bit powers();
    powers = 1'b1;
    for (int c = 0; c < int'(Channels); c++) begin
      if ((Weight[16*c+:16] & (Weight[16*c+:16] - 16'd1)) != '0) powers = 1'b0;
    end
  endfunction

  if (powers()) begin : gen_shift
    assign m_valid_o = s_valid_i;
    assign s_ready_o = m_ready_i;
    for (genvar c = 0; c < int'(Channels); c++) begin : gen_channel
      localparam int unsigned Shift = unsigned'($clog2(Weight[16*c+:16]));
      /* verilator lint_off UNUSEDSIGNAL */
      logic [Bits:0] rounded;  // below the point, and the bit that rounding never reaches
      /* verilator lint_on UNUSEDSIGNAL */
      assign rounded = {1'b0, s_data_i[c*Bits+:Bits]} + (Bits + 1)'(Weight[16*c+:16] / 2);
      assign m_data_o[c*OutBits+:OutBits] = OutBits'(rounded >> Shift);
    end
    /* verilator lint_off UNUSEDSIGNAL */
    logic unused;
    assign unused = ^{clk_i, rst_i};
    /* verilator lint_on UNUSEDSIGNAL */
  end else begin : gen_divide
    logic [OutBits-1:0] valid_q;
    logic advance;
    assign m_valid_o = valid_q[OutBits-1];
    assign advance = !m_valid_o || m_ready_i;
    assign s_ready_o = advance;
    always_ff @(posedge clk_i) begin
      if (advance) valid_q <= OutBits'({valid_q, s_valid_i});
      if (rst_i) valid_q <= '0;
    end
    for (genvar c = 0; c < int'(Channels); c++) begin : gen_channel
      localparam int unsigned Wide = Bits + 1;
      localparam logic [15:0] By = Weight[16*c+:16];
      logic [Wide-1:0] left [OutBits+1];
      logic [OutBits-1:0] quotient [OutBits+1];
      assign left[0] = {1'b0, s_data_i[c*Bits+:Bits]} + Wide'(By / 2);
      assign quotient[0] = '0;
      for (genvar i = 0; i < int'(OutBits); i++) begin : gen_bit
        localparam logic [Wide+15:0] Part = (Wide + 16)'(By) << (OutBits - 1 - unsigned'(i));
        logic fits;
        logic [Wide-1:0] left_q;
        logic [OutBits-1:0] quotient_q;
        assign fits = (Wide + 16)'(left[i]) >= Part;
        always_ff @(posedge clk_i) begin
          if (advance) begin
            left_q <= fits ? left[i] - Wide'(Part) : left[i];
            quotient_q <= OutBits'({quotient[i], fits});
          end
        end
        assign left[i+1] = left_q;
        assign quotient[i+1] = quotient_q;
      end
      assign m_data_o[c*OutBits+:OutBits] = quotient[OutBits];
    end
  end
endmodule
