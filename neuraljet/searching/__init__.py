"""The search for a network: the space it looks through, trials that engines run, Optuna that chooses them, the front.

A trial is a network of the space, trained in rungs: short first, longer where it is promising. What does not fit the
budget by estimate is never trained.
"""
