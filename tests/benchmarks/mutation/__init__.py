"""Plant single faults in the RTL, and count how many a module's tests find: `python -m tests.benchmarks.mutation`."""
