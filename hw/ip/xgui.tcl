# The dialog of the IP in Vivado, which has no options.
proc init_gui { IPINST } {
  ipgui::add_param $IPINST -name "Component_Name"
  ipgui::add_page $IPINST -name "Page 0"
}
