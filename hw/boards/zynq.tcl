# vivado -mode batch -source build.tcl: from the IP in ip/ to accelerator.bit and accelerator.hwh beside this script.
#
# The design has Zynq's processing system, an AXI DMA that feeds the accelerator and takes its results, registers by
# AXI4-Lite, and one clock for all from a clocking wizard. The driver looks for the cells `dma` and `accelerator`.
# settings.tcl sets board_part, ps, part, clock_mhz, in_bits, out_bits, vlnv and jobs. timing.rpt says whether timing is
# met. The script ends with an error when a step fails, but not when timing is not met.
set here [file dirname [file normalize [info script]]]
source [file join $here settings.tcl]

create_project accelerator [file join $here work] -part $part -force
set board_parts [lsort -dictionary [get_board_parts -quiet $board_part]]
if {[llength $board_parts] == 0} {
  error "neuraljet: this Vivado lacks the board files of $board_part: install them (Tools, Vivado Store, Boards)"
}
set_property board_part [lindex $board_parts end] [current_project]
set_property ip_repo_paths [list [file join $here ip]] [current_project]
update_ip_catalog -rebuild

create_bd_design top

# Return the newest version of an IP that this Vivado has.
proc cell {name ip} {
  set found [lsort -dictionary [get_ipdefs -all $ip]]
  if {[llength $found] == 0} {
    error "neuraljet: this Vivado has no IP $ip"
  }
  return [create_bd_cell -type ip -vlnv [lindex $found end] $name]
}

proc wire {from args} {
  foreach to $args {
    connect_bd_net [get_bd_pins $from] [get_bd_pins $to]
  }
}

proc bus {from to} {
  connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins $to]
}

if {$ps eq "zynq"} {
  cell ps xilinx.com:ip:processing_system7:*
  apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \
    -config {make_external "FIXED_IO, DDR" apply_board_preset "1" Master "Disable" Slave "Disable"} [get_bd_cells ps]
  set_property -dict {CONFIG.PCW_USE_S_AXI_HP0 1 CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ 100} [get_bd_cells ps]
  set pins {clock FCLK_CLK0 reset FCLK_RESET0_N control M_AXI_GP0 memory S_AXI_HP0 clocked {M_AXI_GP0_ACLK S_AXI_HP0_ACLK}}
} else {
  cell ps xilinx.com:ip:zynq_ultra_ps_e:*
  apply_bd_automation -rule xilinx.com:bd_rule:zynq_ultra_ps_e -config {apply_board_preset "1"} [get_bd_cells ps]
  set_property -dict {CONFIG.PSU__USE__S_AXI_GP2 1 CONFIG.PSU__USE__M_AXI_GP0 1 CONFIG.PSU__USE__M_AXI_GP1 0 CONFIG.PSU__USE__M_AXI_GP2 0
    CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ 100} [get_bd_cells ps]
  set pins {clock pl_clk0 reset pl_resetn0 control M_AXI_HPM0_FPD memory S_AXI_HP0_FPD
    clocked {maxihpm0_fpd_aclk saxihp0_fpd_aclk}}
}

cell clock xilinx.com:ip:clk_wiz:*
set_property -dict [list CONFIG.PRIM_IN_FREQ.VALUE_SRC PROPAGATED CONFIG.PRIM_SOURCE No_buffer \
  CONFIG.CLKOUT1_REQUESTED_OUT_FREQ $clock_mhz CONFIG.USE_LOCKED true CONFIG.USE_RESET true \
  CONFIG.RESET_TYPE ACTIVE_LOW CONFIG.RESET_PORT resetn] [get_bd_cells clock]
cell reset xilinx.com:ip:proc_sys_reset:*
cell control xilinx.com:ip:smartconnect:*
set_property -dict {CONFIG.NUM_SI 1 CONFIG.NUM_MI 2} [get_bd_cells control]
cell memory xilinx.com:ip:smartconnect:*
set_property -dict {CONFIG.NUM_SI 2 CONFIG.NUM_MI 1} [get_bd_cells memory]
cell dma xilinx.com:ip:axi_dma:*
set_property -dict [list CONFIG.c_include_sg 0 CONFIG.c_sg_include_stscntrl_strm 0 CONFIG.c_sg_length_width 26 \
  CONFIG.c_m_axi_mm2s_data_width [expr {max(32, $in_bits)}] CONFIG.c_m_axis_mm2s_tdata_width $in_bits \
  CONFIG.c_m_axi_s2mm_data_width [expr {max(32, $out_bits)}]] [get_bd_cells dma]
cell accelerator $vlnv

wire ps/[dict get $pins clock] clock/clk_in1
wire ps/[dict get $pins reset] clock/resetn reset/ext_reset_in
wire clock/locked reset/dcm_locked
wire clock/clk_out1 reset/slowest_sync_clk control/aclk memory/aclk accelerator/aclk \
  dma/s_axi_lite_aclk dma/m_axi_mm2s_aclk dma/m_axi_s2mm_aclk
foreach pin [dict get $pins clocked] {
  wire clock/clk_out1 ps/$pin
}
wire reset/interconnect_aresetn control/aresetn memory/aresetn
wire reset/peripheral_aresetn accelerator/aresetn dma/axi_resetn

bus ps/[dict get $pins control] control/S00_AXI
bus control/M00_AXI dma/S_AXI_LITE
bus control/M01_AXI accelerator/s_axi
bus dma/M_AXI_MM2S memory/S00_AXI
bus dma/M_AXI_S2MM memory/S01_AXI
bus memory/M00_AXI ps/[dict get $pins memory]
bus dma/M_AXIS_MM2S accelerator/s_axis
bus accelerator/m_axis dma/S_AXIS_S2MM

assign_bd_address
validate_bd_design
save_bd_design
set clock_hz [get_property CONFIG.FREQ_HZ [get_bd_pins clock/clk_out1]]
set design [get_files top.bd]
make_wrapper -files $design -import -fileset sources_1 -top
set_property top top_wrapper [get_filesets sources_1]
update_compile_order -fileset sources_1

# Run one run to its end. The error names the step that failed and its log.
proc finish {run step} {
  global here
  if {$step eq ""} {
    launch_runs -jobs $::jobs $run
  } else {
    launch_runs -jobs $::jobs -to_step $step $run
  }
  wait_on_run $run
  if {[get_property PROGRESS [get_runs $run]] ne "100%"} {
    set status [get_property STATUS [get_runs $run]]
    error "neuraljet: $run failed ($status): see [file join $here work accelerator.runs $run runme.log]"
  }
}
finish synth_1 ""
finish impl_1 write_bitstream

open_run impl_1
report_utilization -file [file join $here utilisation_design.rpt]
report_utilization -cells [get_cells top_i/accelerator] -file [file join $here utilisation.rpt]
report_timing_summary -file [file join $here timing.rpt]
file copy -force [file join $here work accelerator.runs impl_1 top_wrapper.bit] [file join $here accelerator.bit]
foreach folder {gen srcs} {
  set handoff [file join $here work accelerator.$folder sources_1 bd top hw_handoff top.hwh]
  if {[file exists $handoff]} {
    file copy -force $handoff [file join $here accelerator.hwh]
  }
}
set outcome [open [file join $here outcome.json] w]
puts $outcome "{\"clock_hz\": $clock_hz, \"vivado\": \"[version -short]\"}"
close $outcome
close_project
