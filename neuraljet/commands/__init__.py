"""One file per command: its arguments, its function, what it prints. Heavy imports wait inside the functions."""
