"""What is proved for all inputs: modules by solvers, sums by tracing their adders."""
