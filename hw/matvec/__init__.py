"""A matrix of weights in a memory, times a stream."""
