"""Run Tcl scripts for Vivado in Python's own Tcl, with stand-ins for the vendor's commands.

A command that is not in the table, an option that is not that command's, or a wrong number of arguments is an error,
as in Vivado. The table holds the commands that our scripts use, from AMD's Tcl reference (UG835). It cannot tell
whether the arguments make sense to Vivado.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

try:
    import tkinter
except ImportError:  # on some systems Python has no Tcl
    HAS_TCL = False
else:
    HAS_TCL = True

QUIET = ("-quiet", "-verbose")
# command: options ("=" takes a value), fewest and most other arguments
COMMANDS: dict[str, tuple[str, int, int]] = {
    "create_project": ("-part= -force -in_memory -ip -rtl_kernel", 0, 2),
    "current_project": ("", 0, 1),
    "close_project": ("-delete", 0, 0),
    "set_property": ("-dict= -name= -value= -objects=", 1, 3),
    "get_property": ("-min -max", 2, 2),
    "update_ip_catalog": ("-rebuild -add_ip= -delete_ip= -delete_mult_ip= -disable_ip= -enable_ip= -add_interface= "
                          "-create_index -add_mult_ip= -repo_path= -scan_changes", 0, 0),
    "get_ipdefs": ("-name -vlnv -regexp -nocase -filter= -all -of_objects=", 0, 1),
    "create_ip": ("-vlnv= -module_name= -dir= -force -vendor= -library= -name= -version= -revision=", 0, 0),
    "get_ips": ("-regexp -nocase -all -filter= -exclude_bd_ips -of_objects=", 0, 1),
    "generate_target": ("-force", 2, 2),
    "ipx::open_core": ("-set_current=", 1, 1),
    "ipx::check_integrity": ("-xrt -kernel", 0, 1),
    "ipx::unload_core": ("", 0, 1),
    "create_clock": ("-period= -name= -waveform= -add", 0, 1),
    "get_ports": ("-regexp -nocase -filter= -of_objects= -match_style= -scoped_to_current_instance= -no_traverse "
                  "-prop_thru_buffers", 0, 1),
    "create_bd_design": ("-dir= -cell= -bdsource=", 1, 1),
    "create_bd_cell": ("-type= -vlnv= -reference= -revision=", 1, 1),
    "get_bd_cells": ("-regexp -hierarchical -filter= -of_objects=", 0, 1),
    "get_bd_pins": ("-regexp -hierarchical -filter= -of_objects=", 0, 1),
    "get_bd_intf_pins": ("-regexp -hierarchical -filter= -of_objects=", 0, 1),
    "get_bd_addr_segs": ("-regexp -hierarchical -filter= -of_objects= -excluded -addressed -unaddressed", 0, 1),
    "get_bd_addr_spaces": ("-regexp -hierarchical -filter= -of_objects=", 0, 1),
    "connect_bd_net": ("-net=", 1, 99),
    "connect_bd_intf_net": ("-intf_net= -boundary_type= -auto_lock", 1, 2),
    "apply_bd_automation": ("-rule= -config= -opt=", 1, 1),
    "assign_bd_address": ("-target_address_space= -boundary -master_boundary -external -import_from_file= "
                          "-export_to_file= -offset= -range= -force -dict= -combine_segments=", 0, 1),
    "validate_bd_design": ("-force -design= -include_pfm", 0, 0),
    "save_bd_design": ("-no_layout", 0, 1),
    "make_wrapper": ("-files= -top -testbench -inst_template -fileset= -import -force -language=", 0, 1),
    "get_files": ("-regexp -nocase -filter= -compile_order= -used_in= -all -of_objects= -references", 0, 1),
    "get_filesets": ("-regexp -nocase -filter= -of_objects=", 0, 1),
    "add_files": ("-fileset= -of_objects= -norecurse -copy_to= -force_overwrite -scan_for_includes", 0, 99),
    "update_compile_order": ("-force_gui -fileset=", 0, 0),
    "get_runs": ("-regexp -nocase -filter= -of_objects=", 0, 1),
    "launch_runs": ("-jobs= -scripts_only -lsf= -sge= -dir= -to_step= -next_step -host= -remote_cmd= -email_to= "
                    "-email_all -pre_launch_script= -post_launch_script= -force -custom_script=", 1, 1),
    "wait_on_runs": ("-timeout= -exit_condition=", 0, 1),
    "wait_on_run": ("-timeout= -exit_condition=", 0, 1),
    "open_run": ("-name= -pr_config=", 0, 1),
    "report_utilization": ("-file= -append -pblocks= -evaluate_pblock -exclude_child_pblocks -cells= -return_string "
                           "-slr -packthru -name= -no_primitives -omit_locs -hierarchical -spreadsheet_file= "
                           "-spreadsheet_table= -spreadsheet_depth= -hierarchical_depth= "
                           "-hierarchical_percentages -hierarchical_min_primitive_count=", 0, 0),
    "report_timing_summary": ("-check_timing_verbose -delay_type= -no_detailed_paths -setup -hold -max_paths= -nworst= "
                              "-unique_pins -path_type= -no_reused_label -input_pins -no_pblock -slack_lesser_than= "
                              "-report_unconstrained -significant_digits= -no_header -file= -append -name= "
                              "-return_string -warn_on_violation -datasheet -cells= -rpx=", 0, 0),
    "get_timing_paths": ("-from= -rise_from= -fall_from= -to= -rise_to= -fall_to= -through= -rise_through= "
                         "-fall_through= -delay_type= -setup -hold -max_paths= -nworst= -unique_pins "
                         "-slack_lesser_than= -slack_greater_than= -group= -no_report_unconstrained -user_ignored "
                         "-routable_nets -sort_by= -filter= -regexp -nocase -cell= -pblock=", 0, 0),
    "get_board_parts": ("-regexp -nocase -latest_file_version -latest_hw_revision -filter= -of_objects=", 0, 1),
    "get_cells": ("-hierarchical -hsc= -regexp -nocase -filter= -of_objects= -match_style= -include_replicated_objects",
                  0, 1),
    "get_param": ("", 1, 1),
    "set_param": ("", 2, 2),
    "version": ("-short", 0, 0),
}  # fmt: skip
VALUES = {"current_project": "project", "get_param": "", "ipx::open_core": "core", "version": "2023.2"}


def run_tcl(
    script: Path,
    *,
    answers: Mapping[str, Callable[..., str]] | None = None,
    arguments: Sequence[str] = (),
) -> list[list[str]]:
    """Run `script`; return each vendor command and each `puts` with its arguments, in order.

    answers: functions of a command's arguments that give its result, in place of the first argument or so.
    RuntimeError with Tcl's message when the script ends with an error.
    """
    tcl = tkinter.Tcl()
    calls: list[list[str]] = []

    def define(name: str, options: str, fewest: int, most: int) -> None:
        known = {option.rstrip("="): option.endswith("=") for option in [*options.split(), *QUIET]}

        def command(*words: str) -> str:
            calls.append([name, *words])
            rest, left = [], list(words)
            while left:
                word = left.pop(0)
                if word.startswith("-") and not _number(word):
                    if word not in known:
                        raise ValueError(f"{name} has no option {word}")
                    if known[word]:
                        if not left:
                            raise ValueError(f"{name} {word} needs a value")
                        left.pop(0)
                else:
                    rest.append(word)
            if not fewest <= len(rest) <= most:
                raise ValueError(f"{name} takes {fewest} to {most} arguments, not {len(rest)}: {rest}")
            if answers and name in answers:
                return answers[name](*words)
            return VALUES.get(name, rest[0] if rest else name)

        def reported(*words: str) -> tuple[int, str]:
            try:
                return 0, command(*words)
            except ValueError as error:
                return 1, str(error)

        inner = f"python_{len(tcl.call('info', 'procs'))}_{name.replace(':', '_')}"
        tcl.createcommand(inner, reported)
        if "::" in name:
            tcl.call("namespace", "eval", name.rpartition("::")[0], "")
        body = f"lassign [{inner} {{*}}$args] bad value; if {{$bad}} {{error $value}}; return $value"
        tcl.call("proc", f"::{name}", "args", body)

    for name, (options, fewest, most) in COMMANDS.items():
        define(name, options, fewest, most)
    tcl.createcommand("note", lambda text: calls.append(["puts", text]))
    tcl.call("rename", "puts", "tcl_puts")
    tcl.call("proc", "puts", "args", "if {[llength $args] == 1} {note {*}$args} else {tcl_puts {*}$args}")
    tcl.call("set", "argc", len(arguments))
    tcl.call("set", "argv", tuple(arguments))
    try:
        tcl.call("source", str(script))
    except tkinter.TclError as error:
        raise RuntimeError(str(error)) from None
    return calls


def _number(word: str) -> bool:
    return word[1:2].isdigit()
