"""One file per way to make the workloads in hardware."""
