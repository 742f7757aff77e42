// Yosys' model of a dual-output LUT has no delays. Here with those of a LUT6 and a LUT5, from Yosys' models of these.
(* keep_hierarchy *)
module LUT6_2 (output O6, output O5, input I0, I1, I2, I3, I4, I5);
  parameter [63:0] INIT = 0;
  specify
    (I0 => O6) = 642;
    (I1 => O6) = 631;
    (I2 => O6) = 472;
    (I3 => O6) = 407;
    (I4 => O6) = 238;
    (I5 => O6) = 127;
    (I0 => O5) = 631;
    (I1 => O5) = 472;
    (I2 => O5) = 407;
    (I3 => O5) = 238;
    (I4 => O5) = 127;
  endspecify
endmodule
