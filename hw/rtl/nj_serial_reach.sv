// Compares a word that comes in digits, the lowest first, with a constant: with its last digit, reach_o = x >= Limit.
//
// Both are two's complement. It takes one LUT where round_i, a digit and the result so far are at most six bits. Round 0
// ignores the result so far, so that no reset stands between this LUT and its register.
module nj_serial_reach #(
  parameter int unsigned Digit     = 2,
  parameter int unsigned Digits    = 3,
  parameter int unsigned RoundBits = 2,
  parameter logic [Digit*Digits-1:0] Limit = '0,
  parameter bit          Invert    = 1'b0  // of reach_o with the last digit
) (
  input  logic                 clk_i,
  input  logic                 ce_i,
  input  logic [RoundBits-1:0] round_i,  // which digit it is
  input  logic [Digit-1:0]     x_i,
  output logic                 reach_o
);
  localparam int unsigned Inputs = RoundBits + 1 + Digit;
  function automatic logic [(1<<Inputs)-1:0] init();
    int unsigned place;
    logic [Digit-1:0] limit, x, top;
    for (int unsigned i = 0; i < (1 << Inputs); i++) begin
      place = i >> (Digit + 1);
      if (place >= Digits) place = Digits - 1;
      top   = place == Digits - 1 ? Digit'(1 << (Digit - 1)) : '0;  // the sign counts the other way
      limit = Digit'(Limit >> (place * Digit)) ^ top;
      x     = Digit'(i) ^ top;
      init[i] = (x > limit || (x == limit && (place == 0 || 1'(i >> Digit)))) ^ (Invert && place == Digits - 1);
    end
  endfunction
  localparam logic [(1<<Inputs)-1:0] Init = init();

  logic so_far_q;
  if (Inputs <= 6) begin : gen_lut
    /* verilator lint_off UNUSEDSIGNAL */
    logic unused;
    /* verilator lint_on UNUSEDSIGNAL */
    nj_lut2 #(.Init({(1 << (6 - Inputs)) {Init}})) u_lut (
      .x_i(6'({round_i, so_far_q, x_i})), .o5_o(unused), .o6_o(reach_o)
    );
  end else begin : gen_table
    assign reach_o = Init[{round_i, so_far_q, x_i}];
  end
  always_ff @(posedge clk_i) begin
    if (ce_i) so_far_q <= reach_o;
  end
endmodule
