"""Every check of the project with a fault that it has to find: `python -m tests.benchmarks.planted`."""
