"""A matrix of weights in memories, times a stream."""
