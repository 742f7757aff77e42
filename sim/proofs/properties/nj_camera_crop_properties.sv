// nj_camera_crop: of each beat of a frame in turn, passed on in the same clock when it lies inside, else taken and dropped.
module nj_camera_crop_properties #(
  parameter int unsigned Height   = 3,
  parameter int unsigned Beats    = 4,
  parameter int unsigned Top      = 1,
  parameter int unsigned Left     = 1,
  parameter int unsigned Rows     = 1,
  parameter int unsigned Columns  = 2,
  parameter int unsigned DataBits = 2
) (
  input logic                clk_i,
  input logic                reset_i,
  input logic                s_valid_i,
  input logic [DataBits-1:0] s_data_i,
  input logic                m_ready_i
);
  localparam int unsigned CountBits = $clog2(Height * Beats + 1);

  logic rst, s_ready, m_valid, take, kept;
  logic [DataBits-1:0] m_data;
  logic [CountBits-1:0] place_q;
  logic started_q = 1'b0;

  assign rst = reset_i || !started_q;
  assign take = s_valid_i && s_ready;
  always_comb begin
    kept = 1'b0;
    for (int unsigned y = Top; y < Top + Rows; y++) begin
      for (int unsigned x = Left; x < Left + Columns; x++) if (place_q == CountBits'(y * Beats + x)) kept = 1'b1;
    end
  end

  nj_camera_crop #(
    .Height(Height), .Beats(Beats), .Top(Top), .Left(Left), .Rows(Rows), .Columns(Columns), .DataBits(DataBits)
  ) u_crop (
    .clk_i, .rst_i(rst), .s_valid_i, .s_ready_o(s_ready), .s_data_i, .m_valid_o(m_valid), .m_ready_i, .m_data_o(m_data)
  );

  always_ff @(posedge clk_i) begin
    started_q <= 1'b1;
    if (take) place_q <= place_q == CountBits'(Height * Beats - 1) ? '0 : place_q + 1'b1;
    if (rst) begin
      place_q <= '0;
    end else begin
      assert (m_valid == (s_valid_i && kept));
      assert (s_ready == (m_ready_i || !kept));
      if (m_valid) assert (m_data == s_data_i);
    end
  end
endmodule
