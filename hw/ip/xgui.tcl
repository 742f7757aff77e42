# What Vivado shows of the IP: there is nothing to choose.
proc init_gui { IPINST } {
  ipgui::add_param $IPINST -name "Component_Name"
  ipgui::add_page $IPINST -name "Page 0"
}
