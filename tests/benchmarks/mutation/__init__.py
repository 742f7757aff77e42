"""Single faults planted in the RTL: do the tests of a module notice? `python -m tests.benchmarks.mutation`."""
