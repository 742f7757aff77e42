"""Designs of the workloads in hardware, one rival per file."""
