// Adds three words and a constant of up to two, with one LUT and carry place per bit, for N lanes side by side.
//
//   lane n: sum = (a ^ InvertA) + (b ^ InvertB) + (c ^ InvertC) + Add, modulo 2^Width
//
// Bit w of word k of lane n is x_i[(k*Width+w)*N+n], bit w of its sum is sum_o[w*N+n]. The LUT's other output is
// what its three bits carry into the next place, so three words need no second adder. With Add, -x is ~x + 1.
module nj_add3 #(
  parameter int unsigned N      = 1,
  parameter int unsigned Width  = 8,
  parameter logic [2:0]  Invert = 3'b000,  // of c, b, a
  parameter int unsigned Add    = 0,       // at most 2
  parameter bit Plain = nj_pkg::Plain
) (
  input  logic [3*Width*N-1:0] x_i,
  output logic [Width*N-1:0]   sum_o
);
  if (Add > 2) begin : gen_bad_add
    $error("nj_add3: Add = %0d, at most 2", Add);
  end
  function automatic logic [63:0] init();
    logic [2:0] x;
    for (int i = 0; i < 64; i++) begin
      x = 3'(i) ^ Invert;
      init[i] = i < 32 ? $countones(x) > 1 : (^x) ^ i[3];
    end
  endfunction

  if (Plain && N == 1) begin : gen_word
    assign sum_o = (x_i[0+:Width] ^ {Width{Invert[0]}}) + (x_i[Width+:Width] ^ {Width{Invert[1]}})
                 + (x_i[2*Width+:Width] ^ {Width{Invert[2]}}) + Width'(Add);
  end else if (Plain) begin : gen_plain
    logic [N-1:0] save [Width+1];
    logic [N-1:0] carry [Width+1];
    assign save[0]  = {N{Add > 0}};
    assign carry[0] = {N{Add > 1}};
    for (genvar w = 0; w < int'(Width); w++) begin : gen_place
      logic [N-1:0] a, b, c, sum;
      assign a            = x_i[w*N+:N] ^ {N{Invert[0]}};
      assign b            = x_i[(Width+w)*N+:N] ^ {N{Invert[1]}};
      assign c            = x_i[(2*Width+w)*N+:N] ^ {N{Invert[2]}};
      assign sum          = a ^ b ^ c;
      assign save[w+1]    = (a & b) | (c & (a | b));
      assign carry[w+1]   = (sum & save[w]) | (carry[w] & (sum | save[w]));
      assign sum_o[w*N+:N] = sum ^ save[w] ^ carry[w];
    end
  end else begin : gen_cells
    for (genvar n = 0; n < int'(N); n++) begin : gen_lane
      /* verilator lint_off UNUSEDSIGNAL */
      logic [Width-1:0] propagate, sum, unused;
      logic [Width:0]   save;  // the last one is beyond the sum
      /* verilator lint_on UNUSEDSIGNAL */
      assign save[0] = Add > 0;
      for (genvar w = 0; w < int'(Width); w++) begin : gen_place
        nj_lut2 #(.Init(init())) u_lut (
          .x_i({2'b10, save[w], x_i[(2*Width+w)*N+n], x_i[(Width+w)*N+n], x_i[w*N+n]}),
          .o5_o(save[w+1]), .o6_o(propagate[w])
        );
        assign sum_o[w*N+n] = sum[w];
      end
      nj_carry #(.Width(Width)) u_carry (
        .carry_i(Add > 1), .propagate_i(propagate), .generate_i(save[Width-1:0]), .sum_o(sum), .carry_o(unused)
      );
    end
  end
endmodule
